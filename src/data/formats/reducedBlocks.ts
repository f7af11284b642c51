/** A series block by block at the rate that front ends take: broadband is low-passed and reduced on the way. */
import { groupDelayS } from '../frontEnd/biquad';
import type { SampleRange } from '../session';
import { cpuDecimator, type Decimator, designDecimator } from './decimator';
import type { SampleGrid } from './sampleGrid';

/** Small enough for the caches of a processor: larger blocks are slower and leave more garbage. */
const BLOCK_VALUES = 2 ** 20;
/** Broadband above this rate is reduced to about 1 kHz while reading, so it never has to fit in memory. */
const BROADBAND_HZ = 5000;

const DELAY_MEASURED_AT_HZ = 10;

/** What a grid becomes. */
export interface ReducedClock {
  /** Samples of the grid per sample; 1 for anything but broadband. */
  readonly factor: number;
  readonly rateHz: number;
  readonly sampleCount: number;
  readonly gaps: readonly SampleRange[];
  /** Of the low-pass at 10 Hz, where there is one. */
  readonly delayMs?: number;
}

export interface ReducedBlock {
  readonly firstSample: number;
  /** `[sample, column]`, as many as are ready, NaN in gaps; a reduced sample that touches a gap is one too. */
  readonly data: Float32Array;
  /** Grid samples read so far. */
  readonly readSamples: number;
}

export function reducedClock({ rateHz, sampleCount, gaps }: SampleGrid): ReducedClock {
  const factor = rateHz > BROADBAND_HZ ? Math.floor(rateHz / 1000) : 1;
  if (factor === 1) return { factor, rateHz, sampleCount, gaps };
  const count = Math.ceil(sampleCount / factor);
  const { sections } = designDecimator(rateHz, factor, 1);
  return {
    factor,
    rateHz: rateHz / factor,
    sampleCount: count,
    gaps: shrinkGaps(gaps, factor, count),
    delayMs: 1000 * groupDelayS(sections, DELAY_MEASURED_AT_HZ, rateHz),
  };
}

/**
 * All blocks in order; any block size gives the same bits.
 * @param decimator that of {@link decimatorFor}
 * @param blockValues values read at once, rounded to whole stored chunks
 */
export async function* reducedBlocks(
  grid: SampleGrid,
  width: number,
  decimator: Decimator | undefined,
  blockValues = BLOCK_VALUES,
): AsyncGenerator<ReducedBlock, void> {
  const { gaps } = reducedClock(grid);
  const chunk = grid.chunkSamples ?? 1;
  // Whole chunks per block: a chunk cut in two would be decompressed twice.
  const blockSamples = Math.max(1, Math.floor(blockValues / width / chunk)) * chunk;
  const readFrom = (start: number) => {
    const end = Math.min(grid.sampleCount, start + blockSamples);
    const block = start < end ? grid.read(start, end) : Promise.resolve(new Float32Array(0));
    // Whoever stops early does not ask for this one.
    block.catch(() => {});
    return block;
  };
  let firstSample = 0;
  let coming = readFrom(0);
  for (let start = 0; start < grid.sampleCount; start += blockSamples) {
    const end = Math.min(grid.sampleCount, start + blockSamples);
    const block = await coming;
    // Another worker may decompress the next one meanwhile, and a device filter the last one.
    coming = readFrom(end);
    let data = decimator ? await decimator.push(block) : block;
    if (decimator && end === grid.sampleCount) data = joined(data, await decimator.finish());
    if (decimator) openGaps(data, firstSample, width, gaps);
    yield { firstSample, data, readSamples: end };
    firstSample += data.length / width;
  }
}

/** For broadband, to be closed by the caller; undefined for anything else. */
export async function decimatorFor(
  grid: SampleGrid,
  width: number,
): Promise<Decimator | undefined> {
  const { factor } = reducedClock(grid);
  const make = grid.makeDecimator ?? cpuDecimator;
  return factor > 1 ? make(designDecimator(grid.rateHz, factor, width)) : undefined;
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  if (b.length === 0) return a;
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function openGaps(
  data: Float32Array,
  firstSample: number,
  width: number,
  gaps: readonly SampleRange[],
): void {
  const end = firstSample + data.length / width;
  for (const { startSample, endSample } of gaps) {
    const from = Math.max(startSample, firstSample);
    const to = Math.min(endSample, end);
    if (from < to) data.fill(Number.NaN, (from - firstSample) * width, (to - firstSample) * width);
  }
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
