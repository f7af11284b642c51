/** Second-order filter sections: design by the bilinear transform, and filtering with float64 state. */

/** `y = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2) x` */
export interface Biquad {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

type FilterKind = 'lowpass' | 'highpass';

/** Butterworth filter of even order as a cascade of order / 2 sections. */
export function butterworth(
  kind: FilterKind,
  order: number,
  cutoffHz: number,
  rateHz: number,
): Biquad[] {
  const k = Math.tan((Math.PI * cutoffHz) / rateHz);
  return Array.from({ length: order / 2 }, (_, i) => {
    const inverseQ = 2 * Math.sin((Math.PI * (2 * i + 1)) / (2 * order));
    const norm = 1 / (1 + k * inverseQ + k * k);
    const gain = kind === 'lowpass' ? k * k * norm : norm;
    return {
      b0: gain,
      b1: kind === 'lowpass' ? 2 * gain : -2 * gain,
      b2: gain,
      a1: 2 * (k * k - 1) * norm,
      a2: (1 - k * inverseQ + k * k) * norm,
    };
  });
}

/** Notch of quality `q` at `centreHz`; the same filter as SciPy's `iirnotch`. */
export function notch(centreHz: number, q: number, rateHz: number): Biquad {
  const w = (2 * Math.PI * centreHz) / rateHz;
  const gain = 1 / (1 + Math.tan(w / q / 2));
  const b1 = -2 * gain * Math.cos(w);
  return { b0: gain, b1, b2: gain, a1: b1, a2: 2 * gain - 1 };
}

/** Notches at the mains frequency and its harmonics up to `highestHz` and below 0.98 Nyquist. */
export function mainsNotches(
  mainsHz: number,
  rateHz: number,
  highestHz = Number.POSITIVE_INFINITY,
): Biquad[] {
  const notches: Biquad[] = [];
  if (mainsHz === 0) return notches;
  const limitHz = Math.min(highestHz, 0.49 * rateHz);
  for (let hz = mainsHz; hz <= limitHz; hz += mainsHz) notches.push(notch(hz, 30, rateHz));
  return notches;
}

/**
 * Filters `x` in place, transposed direct form II.
 * @param state two numbers at `stateOffset`, read and updated, so calls continue one another exactly
 */
export function filterInPlace(
  section: Biquad,
  x: Float64Array,
  count: number,
  state: Float64Array,
  stateOffset: number,
): void {
  const { b0, b1, b2, a1, a2 } = section;
  let s0 = state[stateOffset];
  let s1 = state[stateOffset + 1];
  for (let i = 0; i < count; i++) {
    const input = x[i];
    const output = b0 * input + s0;
    s0 = b1 * input - a1 * output + s1;
    s1 = b2 * input - a2 * output;
    x[i] = output;
  }
  state[stateOffset] = s0;
  state[stateOffset + 1] = s1;
}

/** Phase in radians of a cascade at one frequency. */
function phase(sections: readonly Biquad[], hz: number, rateHz: number): number {
  const w = (2 * Math.PI * hz) / rateHz;
  let sum = 0;
  for (const { b0, b1, b2, a1, a2 } of sections) {
    sum += Math.atan2(
      -b1 * Math.sin(w) - b2 * Math.sin(2 * w),
      b0 + b1 * Math.cos(w) + b2 * Math.cos(2 * w),
    );
    sum -= Math.atan2(
      -a1 * Math.sin(w) - a2 * Math.sin(2 * w),
      1 + a1 * Math.cos(w) + a2 * Math.cos(2 * w),
    );
  }
  return sum;
}

/** Group delay of a cascade in seconds at one frequency, by a central difference of the phase. */
export function groupDelayS(sections: readonly Biquad[], hz: number, rateHz: number): number {
  const stepHz = 1e-3 * hz;
  let change = phase(sections, hz + stepHz, rateHz) - phase(sections, hz - stepHz, rateHz);
  change -= 2 * Math.PI * Math.round(change / (2 * Math.PI));
  return -change / (2 * Math.PI * 2 * stepHz);
}
