// Counter-based random numbers: the same value for the same (seed, purpose, step, index) on CPU and GPU.
// The WGSL twin is shaders/common/random.wgsl; the test compares both bit for bit.

/** What a stream of random numbers is for, so that no two uses share numbers. */
export const PURPOSE = {
  initialise: 1,
  shuffle: 2,
  mask: 3,
  channelDropout: 4,
  channelGain: 5,
  noise: 6,
  reconstructionFrames: 7,
  split: 8,
  synthetic: 9,
  test: 10,
  /** Dropout and drop-path sites count up from here, one number per site. */
  dropout: 1000,
} as const;

/**
 * Four times 32 random bits by the pcg4d hash (Jarzynski and Olano, "Hash Functions for GPU Rendering", 2020).
 * All arguments are taken modulo 2^32.
 */
export function randomFour(
  seed: number,
  purpose: number,
  step: number,
  index: number,
): [number, number, number, number] {
  let x = (Math.imul(seed, 1664525) + 1013904223) | 0;
  let y = (Math.imul(purpose, 1664525) + 1013904223) | 0;
  let z = (Math.imul(step, 1664525) + 1013904223) | 0;
  let w = (Math.imul(index, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** The first of the counter's four numbers. */
export function randomU32(seed: number, purpose: number, step: number, index: number): number {
  return randomFour(seed, purpose, step, index)[0];
}

/** Uniform in [0, 1) with 24 bits, exactly representable in f32. */
export function uniform(seed: number, purpose: number, step: number, index: number): number {
  return (randomU32(seed, purpose, step, index) >>> 8) / 16777216;
}

/** Standard normal by Box-Muller from the counters 2*index and 2*index+1. */
export function gaussian(seed: number, purpose: number, step: number, index: number): number {
  const u = 1 - uniform(seed, purpose, step, 2 * index);
  const v = uniform(seed, purpose, step, 2 * index + 1);
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}

/** Integer in [low, high], both ends included. */
export function integer(
  seed: number,
  purpose: number,
  step: number,
  index: number,
  low: number,
  high: number,
): number {
  return low + Math.floor(uniform(seed, purpose, step, index) * (high - low + 1));
}

/** Fisher-Yates order of 0..count-1. */
export function permutation(seed: number, purpose: number, step: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = integer(seed, purpose, step, i, 0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
