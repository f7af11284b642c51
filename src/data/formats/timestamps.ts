/** Time stamps turned into a regular clock, with gaps left open. */
import type { SampleRange } from '../session';

/** A regular grid; `slots[i]` is the grid sample of recorded sample i, or undefined when they coincide. */
export interface RegularClock {
  readonly rateHz: number;
  readonly startS: number;
  readonly sampleCount: number;
  readonly slots?: Int32Array;
}

/** A grid may be this many times as long as the recorded samples before gaps are called absurd. */
const MAX_STRETCH = 20;

/**
 * Fits a clock to increasing time stamps. Jitter below half a period is ignored; longer pauses become
 * unfilled grid samples.
 * @param path named in messages
 * @param stride given when `timestamps` are every stride-th of a very long series, which must then have
 * no pauses
 */
export function fitClock(timestamps: Float64Array, path: string, stride = 1): RegularClock {
  const count = timestamps.length;
  const startS = timestamps[0];
  const lastS = timestamps[count - 1];
  const periods = new Float64Array(Math.max(0, count - 1));
  for (let i = 1; i < count; i++) periods[i - 1] = timestamps[i] - timestamps[i - 1];
  const median = periods.slice().sort()[periods.length >> 1];
  if (!(median > 0) || !periods.every((period) => period > 0)) {
    const bad = periods.findIndex((period) => !(period > 0));
    throw new Error(
      `[timestamps] expected increasing time stamps in ${path}, got ${timestamps[bad]} then ${timestamps[bad + 1]} s ` +
        `at sample ${bad + 1}: repair the time stamps or choose another series`,
    );
  }
  const evenRateHz = (stride * (count - 1)) / (lastS - startS);
  if (isEven(timestamps, evenRateHz, stride)) {
    return { rateHz: evenRateHz, startS, sampleCount: stride * (count - 1) + 1 };
  }
  if (stride > 1) {
    throw new Error(
      `[timestamps] expected a recording without pauses in ${path}, got uneven time stamps: ` +
        'cut a recording of this length at its pauses',
    );
  }

  const short = periods.filter((period) => period < 1.5 * median);
  const rateHz = short.length / short.reduce((sum, period) => sum + period, 0);
  const sampleCount = Math.round((lastS - startS) * rateHz) + 1;
  if (sampleCount > MAX_STRETCH * count) {
    throw new Error(
      `[timestamps] expected a mostly continuous recording in ${path}, got ${count} samples spread over ` +
        `${(lastS - startS).toFixed(1)} s at ${rateHz.toFixed(1)} Hz: cut the recording at its pauses`,
    );
  }
  const slots = Int32Array.from(timestamps, (t) => Math.round((t - startS) * rateHz));
  return { rateHz, startS, sampleCount, slots };
}

/** Grid samples that no recorded sample fills. */
export function gapsBetweenSlots({ slots, sampleCount }: RegularClock): SampleRange[] {
  if (!slots) return [];
  const gaps: SampleRange[] = [];
  let next = 0;
  for (const slot of slots) {
    if (slot > next) gaps.push({ startSample: next, endSample: slot });
    next = slot + 1;
  }
  if (next < sampleCount) gaps.push({ startSample: next, endSample: sampleCount });
  return gaps;
}

/** Recorded samples `[first, last)` that fill the grid samples `[startSample, endSample)`. */
export function recordedWithin(
  { slots }: RegularClock,
  startSample: number,
  endSample: number,
): { first: number; last: number } {
  if (!slots) return { first: startSample, last: endSample };
  return { first: lowerBound(slots, startSample), last: lowerBound(slots, endSample) };
}

function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isEven(timestamps: Float64Array, rateHz: number, stride: number): boolean {
  return timestamps.every((t, i) => Math.abs((t - timestamps[0]) * rateHz - i * stride) < 0.5);
}
