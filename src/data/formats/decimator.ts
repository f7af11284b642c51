/** Reduces broadband while it is read: a causal low-pass, then every factor-th sample. */
import { type Biquad, butterworth, filterInPlace } from '../frontEnd/biquad';

export interface DecimatorDesign {
  /** Low-pass at 0.4 of the new rate, of order 8. */
  readonly sections: readonly Biquad[];
  /** Every how many samples one is kept, the first one first. */
  readonly factor: number;
  readonly width: number;
  readonly rateHz: number;
}

/**
 * Filters start from each column's first value. A non-finite sample repeats the column's last finite one there, so
 * that a gap does not silence it for ever; a reduced sample that falls on one is NaN, shorter dropouts are bridged.
 */
export interface Decimator {
  /**
   * @param block `[count, width]`, in order
   * @returns the reduced samples that have become ready, `[kept, width]`: of this block, or of earlier ones
   */
  push(block: Float32Array): Promise<Float32Array>;
  /** @returns the rest */
  finish(): Promise<Float32Array>;
  close(): void;
  /** The adapter that computes in float32; absent: the processor, in float64. */
  readonly adapter?: string;
}

/** How the low-pass is run: on the processor, or on a device that the caller has. */
export type MakeDecimator = (design: DecimatorDesign) => Decimator | Promise<Decimator>;

export function designDecimator(rateHz: number, factor: number, width: number): DecimatorDesign {
  const sections = butterworth('lowpass', 8, (0.4 * rateHz) / factor, rateHz);
  return { sections, factor, width, rateHz };
}

/** In float64, on the processor: what any other form is held against. */
export function cpuDecimator({ sections, factor, width }: DecimatorDesign): Decimator {
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

  let firstSample = 0;
  const push = async (block: Float32Array): Promise<Float32Array> => {
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
    firstSample += count;
    return kept;
  };
  return { push, finish: async () => new Float32Array(0), close: () => {} };
}
