/** EDF and BDF recordings and their "+" forms; the pauses of discontinuous ones become gaps. */
import { columnGroups } from './columnGroups';
import { type EdfHeader, type EdfSignal, readEdfHeader } from './edfHeader';
import { type FileSource, latin1, type OpenFile, readExact, stem } from './fileFormat';
import { blocked, gapsBetween, gridOfRuns } from './fileRuns';
import { type Packet, placeRuns } from './placeRuns';
import { openRecording } from './recording';
import type { SeriesSource } from './sampleGrid';

/** @throws one sentence when the header is damaged or holds no signals */
export async function openEdf(source: FileSource): Promise<OpenFile> {
  const header = await readEdfHeader(source);
  const signals = header.signals.filter(({ isAnnotation }) => !isAnnotation);
  if (header.recordCount === 0 || signals.length === 0 || header.recordS === 0) {
    throw new Error(
      `[edf] expected records with signals in "${source.name}", got ${header.recordCount} records of ` +
        `${header.recordS} s with ${signals.length} signals: choose the file that holds the recording`,
    );
  }
  const startsS = await recordStarts(source, header);
  const sizes = [...new Set(signals.map(({ samplesPerRecord }) => samplesPerRecord))];
  const warnings = [...header.warnings];
  const sources = sizes.flatMap((samplesPerRecord) => {
    const packets: Packet[] = Array.from(startsS, (timeS, r) => ({
      timeS,
      sampleCount: samplesPerRecord,
      byteOffset: header.dataStart + r * header.recordBytes,
    }));
    const placed = placeRuns(packets, samplesPerRecord / header.recordS, source.name);
    if (samplesPerRecord === sizes[0]) warnings.push(...placed.warnings);
    const last = placed.runs[placed.runs.length - 1];
    const same = signals.filter((signal) => signal.samplesPerRecord === samplesPerRecord);
    return columnGroups(same, true).map(({ path, kind, unit, columns, gainOf }): SeriesSource => {
      const stored = columns.map((c) => scaled(same[c], gainOf(c)));
      const layout = blocked(stored, header.recordBytes, header.itemBytes === 3 ? 'i24' : 'i16');
      const units = columns.map(() => unit);
      return {
        info: {
          path: sizes.length === 1 ? path : `${path} at ${placed.rateHz} Hz`,
          name: path,
          kind: columns.every((c) => same[c].name === 'Status') ? 'unknown' : kind,
          shape: [last.startSample + last.sampleCount, columns.length],
          rateHz: placed.rateHz,
          unit,
          columns: columns.map((c) => same[c].name),
          startS: placed.startS,
          gaps: gapsBetween(placed.runs),
          chunk: [samplesPerRecord, columns.length],
        },
        open: async () => ({
          ...gridOfRuns({ source, ...placed, layout, units }),
          chunkSamples: samplesPerRecord,
        }),
      };
    });
  });
  return openRecording({
    format: 'edf',
    fileName: source.name,
    name: stem(source.name),
    subject: header.subject || undefined,
    recordingStart: header.recordingStart,
    sources,
    warnings,
  });
}

function scaled({ byteOffset, gain, offset }: EdfSignal, unitGain: number) {
  return { byteOffset, gain: gain * unitGain, offset: offset * unitGain };
}

/** Every record's time: even in continuous files, stated by its first annotation in discontinuous ones. */
async function recordStarts(source: FileSource, header: EdfHeader): Promise<Float64Array> {
  const { recordCount, recordS, recordBytes, dataStart, itemBytes } = header;
  const starts = Float64Array.from({ length: recordCount }, (_, r) => r * recordS);
  if (!header.isDiscontinuous) return starts;
  const annotation = header.signals.find(({ isAnnotation }) => isAnnotation);
  for (let r = 0; r < recordCount; r++) {
    const at = dataStart + r * recordBytes + (annotation?.byteOffset ?? 0);
    const bytes = Math.min(64, (annotation?.samplesPerRecord ?? 0) * itemBytes);
    const view = await readExact(source, at, at + bytes, 'a record time');
    const onset = /^[+-]\d+(\.\d*)?/.exec(latin1(view, 0, bytes))?.[0];
    if (onset === undefined) {
      throw new Error(
        `[edf] expected a time in record ${r} of the discontinuous recording "${source.name}", got none: ` +
          'export it again, or as a continuous EDF',
      );
    }
    starts[r] = Number(onset);
  }
  return starts;
}
