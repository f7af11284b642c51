/**
 * Forward-backward filtering with one second-order section, as SciPy's `filtfilt` does it, block by block:
 * the backward pass of a block starts so far behind it that where it started no longer matters.
 */
import { type Biquad, filterInPlace } from './biquad';

/** One step of a channel's chain: blocks in, blocks out, any sizes. */
export interface SampleStream {
  /** @returns the values, in order, that no later sample changes by more than 1e-6 of its size; maybe none yet */
  push(x: Float64Array): Float64Array;
  /** @returns the rest, exactly as if all had come at once */
  finish(): Float64Array;
}

const PAD = 9;
/** What is left of a wrong start of the backward pass; below the 1e-6 promised for states and gains above 1. */
const TAIL = 1e-7;
/** The tail is run through again for every block: at least this share of it, or this many samples, at once. */
const LEAST_TAIL_SHARE = 0.25;
const LEAST_SAMPLES = 1024;

/** Oddly extended by 9 samples at each end. */
export function createZeroPhase(section: Biquad): SampleStream {
  const tail = tailSamples(section);
  const least = Math.max(LEAST_SAMPLES, Math.ceil(LEAST_TAIL_SHARE * tail));
  let state: Float64Array | undefined;
  /** Until it begins, the input; then what the forward pass made of it. Grows, and is used again. */
  let pending = new Float64Array(0);
  let length = 0;
  let last = new Float64Array(0);

  const append = (x: Float64Array) => {
    const needed = length + x.length;
    if (pending.length < needed) {
      // As much as it will ever need, but no more than twice what it needs now.
      const enough = Math.min(tail + least + 2 * x.length, 2 * needed);
      const larger = new Float64Array(Math.max(needed, enough));
      larger.set(pending.subarray(0, length));
      pending = larger;
    }
    pending.set(x, length);
    length = needed;
  };

  const begin = () => {
    const pad = Math.min(PAD, length - 1);
    const before = Float64Array.from({ length: pad }, (_, i) => 2 * pending[0] - pending[pad - i]);
    state = steadyState(section, pad > 0 ? before[0] : pending[0]);
    filterInPlace(section, before, pad, state, 0);
    filterInPlace(section, pending, length, state, 0);
  };

  return {
    push(x) {
      last = Float64Array.of(...last, ...x.subarray(-PAD - 1)).slice(-PAD - 1);
      const first = length;
      append(x);
      const added = pending.subarray(first, length);
      if (state) filterInPlace(section, added, added.length, state, 0);
      else if (length > PAD) begin();
      if (length < tail + least) return new Float64Array(0);
      const filtered = pending.slice(0, length);
      filterBackwards(section, filtered, steadyState(section, pending[length - 1]));
      const settled = length - tail;
      pending.copyWithin(0, settled, length);
      length = tail;
      return filtered.subarray(0, settled);
    },
    finish() {
      if (length === 0) return new Float64Array(0);
      if (!state) begin();
      const end = last.length - 1;
      const after = Float64Array.from({ length: end }, (_, i) => 2 * last[end] - last[end - 1 - i]);
      filterInPlace(section, after, end, state as Float64Array, 0);
      const backward = steadyState(section, end > 0 ? after[end - 1] : last[0]);
      const rest = pending.subarray(0, length);
      for (const part of [after, rest]) filterBackwards(section, part, backward);
      return rest;
    },
  };
}

/** Samples after which the slower pole has forgotten all but the tail. */
function tailSamples({ a1, a2 }: Biquad): number {
  const discriminant = a1 * a1 - 4 * a2;
  const radius = discriminant < 0 ? Math.sqrt(a2) : (Math.abs(a1) + Math.sqrt(discriminant)) / 2;
  return Math.ceil(Math.log(TAIL) / Math.log(radius));
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
