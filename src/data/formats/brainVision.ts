/** BrainVision recordings: a header (.vhdr) chosen together with its data (.eeg) and markers (.vmrk). */
import { counted } from '../../base/counted';
import { type BrainVisionHeader, parseBrainVisionHeader, segmentStarts } from './brainVisionHeader';
import { columnGroups } from './columnGroups';
import { type FileSource, type OpenFile, readExact, stem } from './fileFormat';
import { type FileRun, gapsBetween, gridOfRuns, ITEM_BYTES, interleaved } from './fileRuns';
import { openRecording } from './recording';
import type { SampleGrid, SeriesSource } from './sampleGrid';

const MAX_HEADER_BYTES = 2 ** 24;
/** The marker file says where a recording was resumed but not after how long; this much is left open. */
const PAUSE_S = 1;
/** Beyond this no amplifier records: the header's unit or resolution is wrong. */
const PLAUSIBLE_UV = 1e5;

/**
 * @param others files chosen together with the header
 * @throws naming the data file when it is not among them
 */
export async function openBrainVision(
  source: FileSource,
  others: readonly FileSource[],
): Promise<OpenFile> {
  const header = parseBrainVisionHeader(await readText(source), source.name);
  const data = companion(others, header.dataFile, source.name);
  if (!data) {
    throw new Error(
      `[brainvision] expected the data file "${header.dataFile}" together with "${source.name}", got ` +
        `${others.map(({ name }) => name).join(', ') || 'the header alone'}: choose both files (and the .vmrk) at once`,
    );
  }
  const markers = header.markerFile && companion(others, header.markerFile, source.name);
  const sampleBytes = ITEM_BYTES[header.itemType] * header.channels.length;
  const sampleCount = Math.floor(data.byteLength / sampleBytes);
  if (sampleCount === 0) {
    throw new Error(
      `[brainvision] expected samples in "${data.name}", got ${data.byteLength} bytes: copy it again`,
    );
  }
  const pauses = markers ? segmentStarts(await readText(markers)) : [];
  const runs = runsOf(header, sampleCount, sampleBytes, pauses);
  const last = runs[runs.length - 1];
  const warnings = pauses.length
    ? [
        `The recording was resumed ${counted(pauses.length, 'time')}; ${PAUSE_S} s is left open at each, its length is unknown.`,
      ]
    : [];
  const sources = columnGroups(header.channels, true).map((group): SeriesSource => {
    const grid = header.isInterleaved
      ? interleavedGrid(data, header, group.columns, group.gainOf, runs, sampleBytes)
      : vectorisedGrid(data, header, group.columns, group.gainOf, runs, sampleCount);
    return {
      info: {
        path: group.path,
        name: group.path,
        kind: group.kind,
        shape: [last.startSample + last.sampleCount, group.columns.length],
        rateHz: header.rateHz,
        unit: group.unit,
        columns: group.columns.map((c) => header.channels[c].name),
        startS: 0,
        gaps: gapsBetween(runs),
      },
      open: async () => ({ ...grid, units: group.columns.map(() => group.unit) }),
    };
  });
  const first = sources.find(({ info }) => info.unit === 'uV');
  const beginning = await (await first?.open())?.read(0, Math.min(1000, runs[0].sampleCount));
  const largest = beginning?.reduce((most, x) => Math.max(most, Math.abs(x) || 0), 0) ?? 0;
  if (largest > PLAUSIBLE_UV) {
    warnings.push(
      `Values reach ${largest.toExponential(1)} uV, which no electrode gives: the header's unit or resolution is ` +
        'wrong; correct it by a gain when choosing the series.',
    );
  }
  return openRecording({
    format: 'brainvision',
    fileName: source.name,
    name: stem(source.name),
    sources,
    warnings,
  });
}

/** By the name in the header, or by its extension where the files were renamed together. */
function companion(
  others: readonly FileSource[],
  wanted: string,
  headerName: string,
): FileSource | undefined {
  const extension = /\.[^.]+$/.exec(wanted)?.[0] ?? '';
  const name = wanted.replace('$b', stem(headerName));
  return (
    others.find((other) => other.name === name) ??
    others.find((other) => other.name === stem(headerName) + extension)
  );
}

async function readText(source: FileSource): Promise<string> {
  const view = await readExact(source, 0, Math.min(source.byteLength, MAX_HEADER_BYTES), 'text');
  const text = new TextDecoder('utf-8').decode(view);
  return /codepage\s*=\s*utf-8/i.test(text) ? text : new TextDecoder('windows-1252').decode(view);
}

function runsOf(
  { rateHz }: BrainVisionHeader,
  sampleCount: number,
  sampleBytes: number,
  pauses: readonly number[],
): FileRun[] {
  const inside = [...new Set(pauses)].filter((sample) => sample < sampleCount);
  const starts = [0, ...inside];
  const pauseSamples = Math.max(1, Math.round(PAUSE_S * rateHz));
  return starts.map((start, i) => ({
    startSample: start + i * pauseSamples,
    sampleCount: (starts[i + 1] ?? sampleCount) - start,
    byteOffset: start * sampleBytes,
  }));
}

function interleavedGrid(
  source: FileSource,
  header: BrainVisionHeader,
  columns: readonly number[],
  gainOf: (c: number) => number,
  runs: readonly FileRun[],
  sampleBytes: number,
): SampleGrid {
  const itemBytes = ITEM_BYTES[header.itemType];
  const stored = columns.map((c) => ({
    byteOffset: c * itemBytes,
    gain: header.channels[c].gain * gainOf(c),
    offset: 0,
  }));
  const layout = interleaved(stored, sampleBytes, header.itemType);
  return gridOfRuns({ source, rateHz: header.rateHz, startS: 0, runs, layout, units: [] });
}

/** Channel after channel: each column is read from its own part of the file. */
function vectorisedGrid(
  source: FileSource,
  header: BrainVisionHeader,
  columns: readonly number[],
  gainOf: (c: number) => number,
  runs: readonly FileRun[],
  sampleCount: number,
): SampleGrid {
  const itemBytes = ITEM_BYTES[header.itemType];
  const grids = columns.map((c) => {
    const stored = { byteOffset: 0, gain: header.channels[c].gain * gainOf(c), offset: 0 };
    const layout = interleaved([stored], itemBytes, header.itemType);
    const ownRuns = runs.map((run) => ({
      ...run,
      byteOffset: c * sampleCount * itemBytes + run.byteOffset / header.channels.length,
    }));
    return gridOfRuns({
      source,
      rateHz: header.rateHz,
      startS: 0,
      runs: ownRuns,
      layout,
      units: [],
    });
  });
  return {
    ...grids[0],
    async read(start, end) {
      const out = new Float32Array((end - start) * grids.length);
      for (const [k, grid] of grids.entries()) {
        const column = await grid.read(start, end);
        for (let i = 0; i < column.length; i++) out[i * grids.length + k] = column[i];
      }
      return out;
    },
  };
}
