/** Reduces broadband while it is read: a causal low-pass, then every factor-th sample. */
import { type Biquad, butterworth, filterInPlace } from '../frontEnd/biquad';

/**
 * 8th-order low-pass at 0.4 of the new rate, started from each column's first value. Blocks `[count, width]`
 * must come in order. In the filter a non-finite sample repeats the column's last finite one, so that a gap
 * does not silence it for ever; a reduced sample that falls on one is NaN, shorter dropouts are bridged.
 * @returns of each block the samples whose index divides by the factor, `[kept, width]`
 */
export function createDecimator(
  rateHz: number,
  factor: number,
  width: number,
): (block: Float32Array, firstSample: number) => Float32Array {
  const sections: Biquad[] = butterworth('lowpass', 8, (0.4 * rateHz) / factor, rateHz);
  const state = new Float64Array(width * sections.length * 2);
  const held = new Float64Array(width).fill(Number.NaN);
  const origin = new Float64Array(width);
  let column = new Float64Array(0);

  const readColumn = (block: Float32Array, c: number, count: number) => {
    let last = held[c];
    for (let i = 0, at = c; i < count; i++, at += width) {
      const value = block[at];
      if (Number.isFinite(value)) {
        // Started from 0, a constant offset would ring and no flat channel would look flat.
        if (Number.isNaN(last)) origin[c] = value;
        last = value;
      }
      column[i] = Number.isNaN(last) ? 0 : last - origin[c];
    }
    held[c] = last;
  };

  return (block, firstSample) => {
    const count = block.length / width;
    if (column.length < count) column = new Float64Array(count);
    const firstKept = Math.ceil(firstSample / factor) * factor - firstSample;
    const kept = new Float32Array(Math.max(0, Math.ceil((count - firstKept) / factor)) * width);
    for (let c = 0; c < width; c++) {
      readColumn(block, c, count);
      sections.forEach((section, s) => {
        filterInPlace(section, column, count, state, (c * sections.length + s) * 2);
      });
      for (let i = firstKept, at = c; i < count; i += factor, at += width) {
        const isKnown = Number.isFinite(block[i * width + c]);
        kept[at] = isKnown ? column[i] + origin[c] : Number.NaN;
      }
    }
    return kept;
  };
}
