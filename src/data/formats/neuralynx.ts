/** Neuralynx continuous channels (.ncs): records of 512 samples with their own times, so that gaps show. */
import { type FileSource, latin1, type OpenFile, readExact, stem } from './fileFormat';
import { gapsBetween, gridOfRuns, interleaved } from './fileRuns';
import { type Packet, placeRuns } from './placeRuns';
import { openRecording } from './recording';

const HEADER_BYTES = 16384;
const RECORD_BYTES = 1044;
const RECORD_HEADER_BYTES = 20;
const RECORD_SAMPLES = 512;
const RECORDS_AT_ONCE = 8192;

/** @throws one sentence when the header lacks its scale or rate, or a record is damaged */
export async function openNeuralynx(source: FileSource): Promise<OpenFile> {
  const header = await readHeader(source);
  const packets = await readPackets(source);
  if (packets.length === 0) {
    throw new Error(
      `[neuralynx] expected recorded samples after the header of "${source.name}", got none: choose another file`,
    );
  }
  const placed = placeRuns(packets, header.rateHz, source.name);
  const last = placed.runs[placed.runs.length - 1];
  const layout = interleaved([{ byteOffset: 0, gain: header.gainUv, offset: 0 }], 2, 'i16');
  return openRecording({
    format: 'neuralynx',
    fileName: source.name,
    name: stem(source.name),
    sources: [
      {
        info: {
          path: header.name,
          name: header.name,
          kind: 'lfp',
          shape: [last.startSample + last.sampleCount, 1],
          rateHz: placed.rateHz,
          unit: 'uV',
          columns: [header.name],
          startS: placed.startS,
          gaps: gapsBetween(placed.runs),
        },
        open: async () => gridOfRuns({ source, ...placed, layout, units: ['uV'] }),
      },
    ],
    warnings: [
      ...placed.warnings,
      ...(header.isInverted
        ? ['The input was inverted by the amplifier; signs are turned back.']
        : []),
    ],
  });
}

async function readHeader(source: FileSource) {
  const view = await readExact(source, 0, HEADER_BYTES, 'a Neuralynx header');
  const text = latin1(view, 0, HEADER_BYTES);
  const field = (name: string) =>
    new RegExp(`^-${name}[ \\t]+"?([^\\r\\n"]*)`, 'm').exec(text)?.[1].trim();
  const rateHz = Number(field('SamplingFrequency'));
  const voltsPerBit = Number(field('ADBitVolts')?.split(/\s+/)[0]);
  if (!(rateHz > 0) || !Number.isFinite(rateHz) || !(voltsPerBit > 0)) {
    throw new Error(
      `[neuralynx] expected SamplingFrequency and ADBitVolts in the header of "${source.name}", got ` +
        `${field('SamplingFrequency') ?? 'none'} and ${field('ADBitVolts') ?? 'none'}: choose a continuous (.ncs) file`,
    );
  }
  const isInverted = /^true$/i.test(field('InputInverted') ?? '');
  return {
    rateHz,
    isInverted,
    gainUv: voltsPerBit * 1e6 * (isInverted ? -1 : 1),
    name: field('AcqEntName') || stem(source.name),
  };
}

async function readPackets(source: FileSource): Promise<Packet[]> {
  const packets: Packet[] = [];
  const count = Math.floor((source.byteLength - HEADER_BYTES) / RECORD_BYTES);
  for (let first = 0; first < count; first += RECORDS_AT_ONCE) {
    const start = HEADER_BYTES + first * RECORD_BYTES;
    const records = Math.min(RECORDS_AT_ONCE, count - first);
    const view = await readExact(source, start, start + records * RECORD_BYTES, 'records');
    for (let r = 0; r < records; r++) {
      const at = r * RECORD_BYTES;
      const sampleCount = view.getUint32(at + 16, true);
      if (sampleCount > RECORD_SAMPLES) {
        throw new Error(
          `[neuralynx] expected at most ${RECORD_SAMPLES} samples in record ${first + r} of "${source.name}", ` +
            `got ${sampleCount}: the file is damaged, copy it again`,
        );
      }
      if (sampleCount === 0) continue;
      packets.push({
        timeS: Number(view.getBigUint64(at, true)) / 1e6,
        sampleCount,
        byteOffset: start + at + RECORD_HEADER_BYTES,
      });
    }
  }
  return packets;
}
