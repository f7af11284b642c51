/** Samples that lie in runs across a file (packets, records, blocks), as one grid with gaps between the runs. */
import type { SampleRange } from '../session';
import { type FileSource, readExact } from './fileFormat';
import type { SampleGrid } from './sampleGrid';

/** Consecutive samples and where they lie. */
export interface FileRun {
  readonly startSample: number;
  readonly sampleCount: number;
  readonly byteOffset: number;
}

/** How samples lie within a run. */
export interface RunLayout {
  readonly width: number;
  /** Bytes that hold samples `[from, to)` of a run, relative to its start. */
  span(from: number, to: number): readonly [start: number, end: number];
  /** Decodes samples `[from, to)` of a run that begins at `runStart` in `view`, into `out` from `at`. */
  decode(
    view: DataView,
    runStart: number,
    from: number,
    to: number,
    out: Float32Array,
    at: number,
  ): void;
}

/** Runs are read together until their bytes reach this. */
const MAX_READ_BYTES = 2 ** 24;

export interface RunGridParts {
  readonly source: FileSource;
  readonly rateHz: number;
  readonly startS: number;
  /** In order of time, without overlap. */
  readonly runs: readonly FileRun[];
  readonly layout: RunLayout;
  readonly units: readonly string[];
}

export function gridOfRuns(parts: RunGridParts): SampleGrid {
  const { source, runs, layout, units } = parts;
  const last = runs[runs.length - 1];
  return {
    rateHz: parts.rateHz,
    startS: parts.startS,
    sampleCount: last ? last.startSample + last.sampleCount : 0,
    gaps: gapsBetween(runs),
    units,
    async read(startSample, endSample) {
      const out = new Float32Array((endSample - startSample) * layout.width).fill(Number.NaN);
      const pieces = piecesWithin(parts, startSample, endSample);
      for (let i = 0; i < pieces.length; ) {
        const first = pieces[i];
        let end = i + 1;
        let stop = first.end;
        while (
          end < pieces.length &&
          pieces[end].start >= first.start &&
          pieces[end].end - first.start <= MAX_READ_BYTES
        ) {
          stop = Math.max(stop, pieces[end].end);
          end += 1;
        }
        const view = await readExact(source, first.start, stop, 'samples');
        for (; i < end; i++) {
          const { run, from, to } = pieces[i];
          const at = (run.startSample + from - startSample) * layout.width;
          layout.decode(view, run.byteOffset - first.start, from, to, out, at);
        }
      }
      return out;
    },
  };
}

interface Piece {
  run: FileRun;
  from: number;
  to: number;
  start: number;
  end: number;
}

function piecesWithin({ runs, layout }: RunGridParts, startSample: number, endSample: number) {
  const pieces: Piece[] = [];
  for (let r = firstRunAfter(runs, startSample); r < runs.length; r++) {
    const run = runs[r];
    if (run.startSample >= endSample) break;
    const runFrom = Math.max(0, startSample - run.startSample);
    const runTo = Math.min(run.sampleCount, endSample - run.startSample);
    const bytesPerSample = Math.max(1, layout.span(0, 1)[1] - layout.span(0, 1)[0]);
    const step = Math.max(1, Math.floor(MAX_READ_BYTES / bytesPerSample));
    for (let from = runFrom; from < runTo; from += step) {
      const to = Math.min(runTo, from + step);
      const [start, end] = layout.span(from, to);
      pieces.push({ run, from, to, start: run.byteOffset + start, end: run.byteOffset + end });
    }
  }
  return pieces;
}

/** The first run that ends after this sample. */
function firstRunAfter(runs: readonly FileRun[], sample: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle].startSample + runs[middle].sampleCount <= sample) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Samples that no run holds. */
export function gapsBetween(runs: readonly FileRun[]): SampleRange[] {
  const gaps: SampleRange[] = [];
  let next = 0;
  for (const { startSample, sampleCount } of runs) {
    if (startSample > next) gaps.push({ startSample: next, endSample: startSample });
    next = startSample + sampleCount;
  }
  return gaps;
}

/** Number types as they lie in a file. */
export type ItemType = 'i16' | 'u16' | 'i24' | 'i32' | 'f32' | 'f64';

export const ITEM_BYTES: Readonly<Record<ItemType, number>> = {
  i16: 2,
  u16: 2,
  i24: 3,
  i32: 4,
  f32: 4,
  f64: 8,
};

/** Little-endian item at a byte. */
export function itemReader(type: ItemType): (view: DataView, at: number) => number {
  switch (type) {
    case 'i16':
      return (view, at) => view.getInt16(at, true);
    case 'u16':
      return (view, at) => view.getUint16(at, true);
    case 'i24':
      return (view, at) => view.getUint16(at, true) + 65536 * view.getInt8(at + 2);
    case 'i32':
      return (view, at) => view.getInt32(at, true);
    case 'f32':
      return (view, at) => view.getFloat32(at, true);
    case 'f64':
      return (view, at) => view.getFloat64(at, true);
  }
}

/** Where one column lies and how its stored numbers become physical. */
export interface StoredColumn {
  /** Byte within a sample (interleaved) or within a record (blocked). */
  readonly byteOffset: number;
  readonly gain: number;
  readonly offset: number;
}

/** Sample after sample, every column beside the other. */
export function interleaved(
  columns: readonly StoredColumn[],
  bytesPerSample: number,
  type: ItemType,
): RunLayout {
  const read = itemReader(type);
  const width = columns.length;
  // The last sample may end the file, without the bytes that lie between samples.
  const usedBytes = Math.max(...columns.map(({ byteOffset }) => byteOffset)) + ITEM_BYTES[type];
  return {
    width,
    span: (from, to) => [from * bytesPerSample, (to - 1) * bytesPerSample + usedBytes],
    decode(view, runStart, from, to, out, at) {
      for (let i = from, o = at; i < to; i++) {
        const sample = runStart + i * bytesPerSample;
        for (let c = 0; c < width; c++, o++) {
          const { byteOffset, gain, offset } = columns[c];
          out[o] = read(view, sample + byteOffset) * gain + offset;
        }
      }
    },
  };
}

/** Column after column within each record of the file. */
export function blocked(
  columns: readonly StoredColumn[],
  recordBytes: number,
  type: ItemType,
): RunLayout {
  const read = itemReader(type);
  const itemBytes = ITEM_BYTES[type];
  const width = columns.length;
  return {
    width,
    span: () => [0, recordBytes],
    decode(view, runStart, from, to, out, at) {
      columns.forEach(({ byteOffset, gain, offset }, c) => {
        for (let i = from; i < to; i++) {
          const stored = read(view, runStart + byteOffset + i * itemBytes);
          out[at + (i - from) * width + c] = stored * gain + offset;
        }
      });
    },
  };
}
