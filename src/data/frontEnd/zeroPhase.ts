/** Forward-backward filtering with one second-order section, as SciPy's `filtfilt` does it. */
import { type Biquad, filterInPlace } from './biquad';

const PAD = 9;

/** Zero-phase filter of the first `x.length` values, in place; odd extension by 9 samples at each end. */
export function filterZeroPhase(section: Biquad, x: Float64Array): void {
  const pad = Math.min(PAD, x.length - 1);
  const padded = new Float64Array(x.length + 2 * pad);
  padded.set(x, pad);
  const first = x[0];
  const last = x[x.length - 1];
  for (let i = 1; i <= pad; i++) {
    padded[pad - i] = 2 * first - x[i];
    padded[pad + x.length - 1 + i] = 2 * last - x[x.length - 1 - i];
  }
  filterFromSteadyState(section, padded);
  padded.reverse();
  filterFromSteadyState(section, padded);
  padded.reverse();
  x.set(padded.subarray(pad, pad + x.length));
}

function filterFromSteadyState(section: Biquad, x: Float64Array): void {
  const { b0, b1, b2, a1, a2 } = section;
  const gain = (b0 + b1 + b2) / (1 + a1 + a2);
  const state = Float64Array.of((gain - b0) * x[0], (b2 - a2 * gain) * x[0]);
  filterInPlace(section, x, x.length, state, 0);
}
