/** Reduces broadband while it is read: a causal low-pass, then every factor-th sample. */
import { type Biquad, butterworth, filterInPlace } from '../frontEnd/biquad';

/**
 * 8th-order low-pass at 0.4 of the new rate. Blocks must come in order; non-finite samples repeat the
 * column's last finite one, so that a gap does not silence the filter for ever.
 * @param out `[sample / factor, width]`, filled as blocks `[count, width]` come
 */
export function createDecimator(
  rateHz: number,
  factor: number,
  width: number,
  out: Float32Array,
): (block: Float32Array, firstSample: number, count: number) => void {
  const sections: Biquad[] = butterworth('lowpass', 8, (0.4 * rateHz) / factor, rateHz);
  const state = new Float64Array(width * sections.length * 2);
  const held = new Float64Array(width);
  return (block, firstSample, count) => {
    const column = new Float64Array(count);
    const firstKept = Math.ceil(firstSample / factor) * factor - firstSample;
    for (let c = 0; c < width; c++) {
      let last = held[c];
      for (let i = 0; i < count; i++) {
        const value = block[i * width + c];
        if (Number.isFinite(value)) last = value;
        column[i] = last;
      }
      held[c] = last;
      sections.forEach((section, s) => {
        filterInPlace(section, column, count, state, (c * sections.length + s) * 2);
      });
      for (let i = firstKept; i < count; i += factor) {
        out[((firstSample + i) / factor) * width + c] = column[i];
      }
    }
  };
}
