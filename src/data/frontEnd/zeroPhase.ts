/** Forward-backward filtering with one second-order section, as SciPy's `filtfilt` does it. */
import { type Biquad, filterInPlace } from './biquad';

const PAD = 9;

/** Zero-phase filter in place; oddly extended by 9 samples at each end. */
export function filterZeroPhase(section: Biquad, x: Float64Array): void {
  const pad = Math.min(PAD, x.length - 1);
  const last = x.length - 1;
  const before = Float64Array.from({ length: pad }, (_, i) => 2 * x[0] - x[pad - i]);
  const after = Float64Array.from({ length: pad }, (_, i) => 2 * x[last] - x[last - 1 - i]);
  const forward = steadyState(section, pad > 0 ? before[0] : x[0]);
  for (const part of [before, x, after]) filterInPlace(section, part, part.length, forward, 0);
  const backward = steadyState(section, pad > 0 ? after[pad - 1] : x[0]);
  for (const part of [after, x]) filterBackwards(section, part, backward);
}

/** State of a filter whose input has been `value` for ever. */
function steadyState({ b0, b1, b2, a1, a2 }: Biquad, value: number): Float64Array {
  const gain = (b0 + b1 + b2) / (1 + a1 + a2);
  return Float64Array.of((gain - b0) * value, (b2 - a2 * gain) * value);
}

function filterBackwards({ b0, b1, b2, a1, a2 }: Biquad, x: Float64Array, state: Float64Array) {
  let s0 = state[0];
  let s1 = state[1];
  for (let i = x.length - 1; i >= 0; i--) {
    const input = x[i];
    const output = b0 * input + s0;
    s0 = b1 * input - a1 * output + s1;
    s1 = b2 * input - a2 * output;
    x[i] = output;
  }
  state[0] = s0;
  state[1] = s1;
}
