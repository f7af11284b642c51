// Half floats (IEEE 754 binary16) on the processor.

/** The largest finite half. */
export const LARGEST_HALF = 65504;

/** The number that 16 bits stand for. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Numbers that lie two to a 32-bit word, the first in the lower half. */
export function unpackHalves(words: Float32Array): Float32Array {
  const bits = new Uint16Array(words.buffer, words.byteOffset, 2 * words.length);
  return Float32Array.from(bits, halfToFloat);
}
