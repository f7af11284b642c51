/** A series as a regular grid of samples that is read in slices, and a whole one read block by block. */
import type { SampleRange, Signal } from '../session';
import { createDecimator } from './decimator';
import type { SeriesInfo } from './fileFormat';

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

const BLOCK_VALUES = 2 ** 22;
/** Broadband above this rate is reduced to about 1 kHz while reading, so it never has to fit in memory. */
const BROADBAND_HZ = 5000;
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
  const factor = grid.rateHz > BROADBAND_HZ ? Math.floor(grid.rateHz / 1000) : 1;
  const sampleCount = Math.ceil(grid.sampleCount / factor);
  if (sampleCount * width > MAX_VALUES) {
    throw new Error(
      `[series] expected at most ${MAX_VALUES} values, got ${sampleCount} x ${width} in ${path}: ` +
        'cut the recording into parts',
    );
  }
  const data = new Float32Array(sampleCount * width);
  const decimate = factor > 1 ? createDecimator(grid.rateHz, factor, width, data) : undefined;
  const chunk = grid.chunkSamples ?? 1;
  // Whole chunks per block: a chunk cut in two would be decompressed twice.
  const blockSamples = Math.max(1, Math.floor(BLOCK_VALUES / width / chunk)) * chunk;
  for (let start = 0; start < grid.sampleCount; start += blockSamples) {
    const end = Math.min(grid.sampleCount, start + blockSamples);
    const block = await grid.read(start, end);
    if (decimate) decimate(block, start, end - start);
    else data.set(block, start * width);
  }
  const gaps = factor > 1 ? shrinkGaps(grid.gaps, factor, sampleCount) : grid.gaps;
  if (factor > 1) {
    for (const { startSample, endSample } of gaps)
      data.fill(Number.NaN, startSample * width, endSample * width);
  }
  const rateHz = grid.rateHz / factor;
  const signal: Signal = {
    rateHz,
    startS: grid.startS,
    sampleCount,
    names: columns,
    units: grid.units,
    data,
    ...(gaps.length > 0 && { gaps }),
  };
  const warnings: string[] = [];
  if (factor > 1) {
    warnings.push(
      `${name}: broadband of ${grid.rateHz.toFixed(0)} Hz is reduced to ${rateHz.toFixed(1)} Hz ` +
        'by a causal low-pass on reading.',
    );
  }
  return { signal, warnings };
}

function shrinkGaps(gaps: readonly SampleRange[], factor: number, count: number): SampleRange[] {
  const shrunk: { startSample: number; endSample: number }[] = [];
  for (const gap of gaps) {
    const startSample = Math.floor(gap.startSample / factor);
    const endSample = Math.min(count, Math.ceil(gap.endSample / factor));
    const last = shrunk[shrunk.length - 1];
    if (last && startSample <= last.endSample) last.endSample = endSample;
    else if (endSample > startSample) shrunk.push({ startSample, endSample });
  }
  return shrunk;
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
