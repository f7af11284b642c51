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

/**
 * Butterworth band-pass of order 2, half power at both edges: two sections, the poles of SciPy's
 * `butter(2, [low, high], 'bandpass')`.
 */
export function bandPass(lowHz: number, highHz: number, rateHz: number): Biquad[] {
  const low = Math.tan((Math.PI * lowHz) / rateHz);
  const high = Math.tan((Math.PI * highHz) / rateHz);
  const centre = Math.sqrt(low * high);
  // The low-pass prototype's pole e^(3 pi i / 4), scaled to half the width; each of the two roots below and its
  // conjugate make a section.
  const half = ((high - low) / 2) * Math.SQRT1_2;
  // sqrt(p^2 - centre^2) of p = -half + i half: p^2 is purely imaginary.
  const size = Math.hypot(centre * centre, 2 * half * half);
  const rootIm = -Math.sqrt((size + centre * centre) / 2);
  const rootRe = (half * half) / -rootIm;
  const sections = [1, -1].map((sign) => {
    const re = -half + sign * rootRe;
    const im = half + sign * rootIm;
    const norm = 1 / ((1 - re) ** 2 + im * im);
    const a1 = -2 * (1 - re * re - im * im) * norm;
    return { b0: 1, b1: 0, b2: -1, a1, a2: ((1 + re) ** 2 + im * im) * norm };
  });
  const w = 2 * Math.atan(centre);
  const gain = 1 / Math.sqrt(magnitude(sections[0], w) * magnitude(sections[1], w));
  return sections.map((section) => ({ ...section, b0: gain, b2: -gain }));
}

function magnitude({ b0, b1, b2, a1, a2 }: Biquad, w: number): number {
  const along = (c0: number, c1: number, c2: number) =>
    Math.hypot(
      c0 + c1 * Math.cos(w) + c2 * Math.cos(2 * w),
      c1 * Math.sin(w) + c2 * Math.sin(2 * w),
    );
  return along(b0, b1, b2) / along(1, a1, a2);
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

/** Group delay of a cascade in seconds at one frequency: each polynomial's Re(sum k c_k z^-k / sum c_k z^-k). */
export function groupDelayS(sections: readonly Biquad[], hz: number, rateHz: number): number {
  const w = (2 * Math.PI * hz) / rateHz;
  const samplesOf = (c0: number, c1: number, c2: number) => {
    const re = c0 + c1 * Math.cos(w) + c2 * Math.cos(2 * w);
    const im = -c1 * Math.sin(w) - c2 * Math.sin(2 * w);
    const slopeRe = c1 * Math.cos(w) + 2 * c2 * Math.cos(2 * w);
    const slopeIm = -c1 * Math.sin(w) - 2 * c2 * Math.sin(2 * w);
    return (slopeRe * re + slopeIm * im) / (re * re + im * im);
  };
  let samples = 0;
  for (const { b0, b1, b2, a1, a2 } of sections) {
    samples += samplesOf(b0, b1, b2) - samplesOf(1, a1, a2);
  }
  return samples / rateHz;
}
