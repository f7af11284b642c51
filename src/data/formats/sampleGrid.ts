/** A series as a regular grid of samples that is read in slices, and a whole one read block by block. */
import type { SampleRange, Signal } from '../session';
import type { MakeDecimator } from './decimator';
import type { SeriesInfo } from './fileFormat';
import { decimatorFor, reducedBlocks, reducedClock } from './reducedBlocks';

/** Regular samples of one series; what lies in a gap was never recorded. */
export interface SampleGrid {
  /** NaN where neither the file nor the caller states one. */
  readonly rateHz: number;
  readonly startS: number;
  readonly sampleCount: number;
  /** In order, without overlap. */
  readonly gaps: readonly SampleRange[];
  readonly units: readonly string[];
  /** Samples that are cheapest to read at once. */
  readonly chunkSamples?: number;
  /** How broadband is reduced; absent: on the processor. */
  readonly makeDecimator?: MakeDecimator;
  /** `[sample, column]` in physical units, NaN in gaps. */
  read(startSample: number, endSample: number): Promise<Float32Array>;
}

/** A series of a file: its description, and its data when asked for. */
export interface SeriesSource {
  readonly info: SeriesInfo;
  /** @param statedRateHz for series without a rate of their own */
  open(statedRateHz?: number): Promise<SampleGrid>;
  /** `[column]`, 0 where the file itself rejects the channel. */
  readonly columnMask?: Float32Array;
  /** Bands per channel when the series holds frames; absent: raw samples. */
  readonly bands?: readonly string[];
}

/** The same series, whose broadband is reduced in another way. */
export function reducedBy(source: SeriesSource, makeDecimator: MakeDecimator): SeriesSource {
  return {
    ...source,
    open: async (statedRateHz) => ({ ...(await source.open(statedRateHz)), makeDecimator }),
  };
}

/** 2 GiB of float32, the largest array that browsers give. */
export const MAX_VALUES = 2 ** 29;

/**
 * A whole series as a signal; broadband is low-passed and reduced on the way, and every grid sample that
 * touches a gap is NaN.
 * @throws when it is too large
 */
export async function readWhole(
  { path, name, columns }: SeriesInfo,
  grid: SampleGrid,
): Promise<{ signal: Signal; warnings: string[] }> {
  const width = columns.length;
  const { factor, rateHz, sampleCount, gaps, delayMs } = reducedClock(grid);
  if (sampleCount * width > MAX_VALUES) {
    throw new Error(
      `[series] expected at most ${MAX_VALUES} values, got ${sampleCount} x ${width} in ${path}: ` +
        'cut the recording into parts',
    );
  }
  const data = new Float32Array(sampleCount * width);
  const decimator = await decimatorFor(grid, width);
  try {
    for await (const block of reducedBlocks(grid, width, decimator)) {
      data.set(block.data, block.firstSample * width);
    }
  } finally {
    decimator?.close();
  }
  const signal: Signal = {
    rateHz,
    startS: grid.startS,
    sampleCount,
    names: columns,
    units: grid.units,
    data,
    ...(delayMs !== undefined && { delayMs }),
    ...(gaps.length > 0 && { gaps }),
  };
  const warnings = factor > 1 ? [reducedNote(name, grid.rateHz, rateHz, decimator?.adapter)] : [];
  return { signal, warnings };
}

/** What a person is told when broadband was reduced. */
export function reducedNote(
  name: string,
  fromHz: number,
  toHz: number,
  adapter: string | undefined,
): string {
  return (
    `${name}: broadband of ${fromHz.toFixed(0)} Hz is reduced to ${toHz.toFixed(1)} Hz ` +
    `by a causal low-pass on reading${adapter ? `, in float32 on ${adapter}` : ''}.`
  );
}

/** A grid whose values are already in memory, `[sample, column]`. */
export function gridInMemory(signal: Signal): SampleGrid {
  const width = signal.names.length;
  return {
    rateHz: signal.rateHz,
    startS: signal.startS,
    sampleCount: signal.sampleCount,
    gaps: signal.gaps ?? [],
    units: signal.units,
    read: async (start, end) => signal.data.slice(start * width, end * width),
  };
}
