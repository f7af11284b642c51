/** Arrays found in a file without a schema (MATLAB, NumPy, tables), offered as series with a clock if there is one. */
import type { SeriesInfo } from './fileFormat';
import { numbered } from './frameArrays';
import type { SampleGrid, SeriesSource } from './sampleGrid';
import { kindOfName } from './seriesKinds';
import { fitClock, gapsBetweenSlots, type RegularClock, recordedWithin } from './timestamps';

/** A vector or matrix that is read in slices. */
export interface NumericArray {
  /** One or two sizes. */
  readonly dims: readonly number[];
  readonly chunk?: readonly number[];
  readonly compression?: string;
  /** Samples `[start, end)` along `timeAxis`, as `[sample, column]`. */
  read(timeAxis: 0 | 1, start: number, end: number): Promise<ArrayLike<number>>;
}

export interface ArrayClue {
  readonly path: string;
  readonly array: NumericArray;
  /** Time stamps in seconds beside it, if their number fits. */
  readonly time?: NumericArray;
  readonly rateHz?: number;
  /** Absent: found by the time stamps or the longer side. */
  readonly timeAxis?: 0 | 1;
  readonly kind?: SeriesInfo['kind'];
  readonly unit?: string;
  readonly columns?: readonly string[];
  readonly note?: string;
}

/** Shorter arrays are settings or tables, not recordings. */
export const MIN_SERIES_SAMPLES = 16;
/** Longer series than this have their clock taken from every n-th time stamp. */
const MAX_TIMESTAMPS = 4e6;

/** The longer side is time, unless time stamps fit only the other one. */
export function timeAxisOf(dims: readonly number[], stampCount?: number): 0 | 1 {
  if (dims.length === 1) return 0;
  if (stampCount !== undefined && dims[0] !== dims[1]) {
    if (dims[0] === stampCount) return 0;
    if (dims[1] === stampCount) return 1;
  }
  return dims[1] > dims[0] ? 1 : 0;
}

/** @returns a series; the rate is read from its time stamps if it has any */
export async function seriesOfArray(clue: ArrayClue): Promise<SeriesSource> {
  const { path, array, unit = '' } = clue;
  const stampCount = clue.time && longest(clue.time.dims);
  const timeAxis = clue.timeAxis ?? timeAxisOf(array.dims, stampCount);
  const sampleCount = array.dims[timeAxis];
  const columnCount = array.dims.length === 1 ? 1 : array.dims[1 - timeAxis];
  const name = path.split(/[./]/).pop() ?? path;
  const columns =
    clue.columns?.length === columnCount ? [...clue.columns] : columnsOf(name, columnCount);
  const time = stampCount === sampleCount ? clue.time : undefined;
  const chunk = array.chunk && (timeAxis === 0 ? [...array.chunk] : [...array.chunk].reverse());
  const info: SeriesInfo = {
    path,
    name,
    kind: clue.kind ?? kindOfName(path, unit),
    shape: [sampleCount, columnCount],
    rateHz: clue.rateHz ?? (time ? await meanRateHz(time, sampleCount) : undefined),
    unit,
    columns,
    note:
      clue.note ??
      (timeAxis === 1 ? 'Stored channel by time; read the other way round.' : undefined),
    ...(chunk && { chunk }),
    ...(array.compression && { compression: array.compression }),
  };
  return {
    info,
    async open(statedRateHz) {
      const rateHz = statedRateHz ?? clue.rateHz;
      const clock: RegularClock =
        time && statedRateHz === undefined
          ? await clockOf(time, sampleCount, path)
          : { rateHz: rateHz ?? Number.NaN, startS: 0, sampleCount };
      return gridOf(array, timeAxis, clock, columnCount, unit);
    },
  };
}

function gridOf(
  array: NumericArray,
  timeAxis: 0 | 1,
  clock: RegularClock,
  width: number,
  unit: string,
): SampleGrid {
  return {
    rateHz: clock.rateHz,
    startS: clock.startS,
    sampleCount: clock.sampleCount,
    gaps: gapsBetweenSlots(clock),
    units: new Array<string>(width).fill(unit),
    chunkSamples: array.chunk?.[timeAxis],
    async read(startSample, endSample) {
      const { first, last } = recordedWithin(clock, startSample, endSample);
      const values = await array.read(timeAxis, first, last);
      if (!clock.slots) return Float32Array.from(values);
      const out = new Float32Array((endSample - startSample) * width).fill(Number.NaN);
      for (let i = 0; i < last - first; i++) {
        const slot = clock.slots[first + i] - startSample;
        for (let c = 0; c < width; c++) out[slot * width + c] = values[i * width + c];
      }
      return out;
    },
  };
}

async function clockOf(time: NumericArray, count: number, path: string): Promise<RegularClock> {
  const stride = Math.ceil(count / MAX_TIMESTAMPS);
  const axis = timeAxisOf(time.dims);
  const stamps = new Float64Array(Math.ceil(count / stride));
  const block = stride * 65536;
  for (let start = 0; start < count; start += block) {
    const values = await time.read(axis, start, Math.min(count, start + block));
    for (let i = 0; i < values.length; i += stride) stamps[(start + i) / stride] = values[i];
  }
  const clock = fitClock(stamps, path, stride);
  return clock.slots ? clock : { ...clock, sampleCount: count };
}

async function meanRateHz(time: NumericArray, count: number): Promise<number | undefined> {
  if (count < 2) return undefined;
  const axis = timeAxisOf(time.dims);
  const [first] = Array.from(await time.read(axis, 0, 1));
  const [last] = Array.from(await time.read(axis, count - 1, count));
  const rateHz = (count - 1) / (last - first);
  return rateHz > 0 && Number.isFinite(rateHz) ? rateHz : undefined;
}

export function longest(dims: readonly number[]): number {
  return dims.reduce((most, size) => Math.max(most, size), 0);
}

function columnsOf(name: string, count: number): string[] {
  return count === 1 ? [name] : numbered(name, count);
}

/** An array in memory, row-major or column-major. */
export function arrayInMemory(
  dims: readonly number[],
  values: ArrayLike<number>,
  isColumnMajor: boolean,
): NumericArray {
  const rows = dims[0];
  const columns = dims[1] ?? 1;
  return {
    dims,
    async read(timeAxis, start, end) {
      const width = timeAxis === 0 ? columns : rows;
      const out = new Float64Array((end - start) * width);
      for (let i = start; i < end; i++) {
        for (let c = 0; c < width; c++) {
          const row = timeAxis === 0 ? i : c;
          const column = timeAxis === 0 ? c : i;
          out[(i - start) * width + c] =
            values[isColumnMajor ? column * rows + row : row * columns + column];
        }
      }
      return out;
    },
  };
}
