// Half floats (IEEE 754 binary16) on the processor.

/** The largest finite half. */
export const LARGEST_HALF = 65504;

/** What stays of a number that is not rounded: an infinity beyond the largest half. */
export function withinHalf(value: number): number {
  return Math.abs(value) > LARGEST_HALF ? Math.sign(value) / 0 : value;
}

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

const BITS = {
  largest: 0x477fe000,
  smallestNormal: 0x38800000,
  infinity: 0x7f800000,
} as const;

/**
 * Numbers as halves, the nearest, ties to even; infinite beyond the largest. Twin of shaders/common/half.wgsl, so that
 * what the processor casts equals what the GPU casts.
 */
export function packHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const sum = new Float32Array(1);
  const sumBits = new Uint32Array(sum.buffer);
  return Uint16Array.from(bits, (all, i) => {
    const magnitude = all & 0x7fffffff;
    const sign = (all >>> 16) & 0x8000;
    if (magnitude > BITS.infinity) return sign | 0x7e00;
    if (magnitude > BITS.largest) return sign | 0x7c00;
    if (magnitude >= BITS.smallestNormal) {
      return sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13);
    }
    // The last bit of 0.5 is that of the smallest half: the sum rounds to it.
    sum[0] = Math.abs(values[i]) + 0.5;
    return sign | (sumBits[0] - 0x3f000000);
  });
}
