// The published chain in blocks against its plain form, which holds the whole recording in float64.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussian } from '../../base/rng';
import { type Biquad, butterworth, filterInPlace, mainsNotches } from './biquad';
import { createOfflinePaper } from './offlinePaper';
import { createPeriodicResampler } from './periodicResampler';
import type { RealtimeFrontEndOptions } from './realtime';
import { createFourierResampler } from './resample';
import { createZeroPhase } from './zeroPhase';

/** Of the largest value: what blocks cut off, and the rounding of float32. */
const TOLERANCE = 1e-6;

/** SciPy's `filtfilt` of one section over the whole of `x`. */
function wholeZeroPhase(section: Biquad, x: Float64Array): Float64Array {
  const { b0, b1, b2, a1, a2 } = section;
  const end = x.length - 1;
  const extended = new Float64Array(x.length + 18);
  for (let i = 0; i < 9; i++) {
    extended[i] = 2 * x[0] - x[9 - i];
    extended[x.length + 9 + i] = 2 * x[end] - x[end - 1 - i];
  }
  extended.set(x, 9);
  for (let pass = 0; pass < 2; pass++) {
    const gain = (b0 + b1 + b2) / (1 + a1 + a2);
    const state = Float64Array.of((gain - b0) * extended[0], (b2 - a2 * gain) * extended[0]);
    filterInPlace(section, extended, extended.length, state, 0);
    extended.reverse();
  }
  return extended.slice(9, 9 + x.length);
}

/** One channel through mean, notches, high-pass, low-pass and Fourier resampling. */
function wholeForm(
  data: Float32Array,
  { inputRateHz, frameRateHz, notchHz = 0 }: RealtimeFrontEndOptions,
): Float64Array {
  let x = Float64Array.from(data);
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  x = x.map((value) => value - mean);
  const low = Math.min(50, frameRateHz / 2);
  const sections = [
    ...mainsNotches(notchHz, inputRateHz),
    ...butterworth('highpass', 2, 0.05, inputRateHz),
    ...(low < 0.49 * inputRateHz ? butterworth('lowpass', 2, low, inputRateHz) : []),
  ];
  for (const section of sections) x = wholeZeroPhase(section, x) as Float64Array<ArrayBuffer>;
  const frameCount = Math.round((x.length * frameRateHz) / inputRateHz);
  const complex = Float64Array.from({ length: 2 * x.length }, (_, i) => (i % 2 ? 0 : x[i >> 1]));
  return createFourierResampler(x.length, frameCount)(complex).filter((_, i) => i % 2 === 0);
}

/** Slow drift, oscillations, noise, and an offset a hundred times as large. */
function recording(seconds: number, rateHz: number, seed: number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * rateHz) }, (_, i) => {
    const turn = (2 * Math.PI * i) / rateHz;
    const slow = 80 * Math.sin(0.011 * turn + seed) + 30 * Math.sin(0.07 * turn);
    return (
      5000 + slow + 20 * Math.sin(9 * turn) + 5 * Math.sin(50 * turn) + 10 * gaussian(seed, 1, 0, i)
    );
  });
}

/** The largest difference, relative to the largest value. */
function worstOf(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(got.length).toBe(wanted.length);
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    worst = Math.max(worst, Math.abs(got[i] - wanted[i]));
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  return worst / largest;
}

function inBlocks(data: Float32Array, options: RealtimeFrontEndOptions, sizes: readonly number[]) {
  const chain = createOfflinePaper(options, data.length);
  let start = 0;
  for (let k = 0; start < data.length; k++) {
    const end = Math.min(data.length, start + sizes[k % sizes.length]);
    chain.push(data.subarray(start, end));
    start = end;
  }
  return chain.finish();
}

describe('in blocks it is the plain form', () => {
  test.each([
    { inputRateHz: 1000, frameRateHz: 100, seconds: 240 },
    { inputRateHz: 762.939453125, frameRateHz: 100, seconds: 200.3 },
    { inputRateHz: 250, frameRateHz: 100, seconds: 300 },
    { inputRateHz: 100, frameRateHz: 100, seconds: 300 },
    { inputRateHz: 500, frameRateHz: 20, seconds: 211.7 },
    { inputRateHz: 1000, frameRateHz: 100, seconds: 1 },
    { inputRateHz: 300, frameRateHz: 100, seconds: 2.5 },
  ])('$inputRateHz Hz to $frameRateHz Hz, $seconds s', ({ seconds, ...rates }) => {
    const options = { ...rates, channelCount: 1, notchHz: 50, reference: 'none' } as const;
    const data = recording(seconds, rates.inputRateHz, 3);
    const wanted = wholeForm(data, options);
    let worst = 0;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 6 }),
        (sizes) => {
          worst = Math.max(worst, worstOf(inBlocks(data, options, [...sizes, 9000]), wanted));
          expect(worst).toBeLessThan(TOLERANCE);
        },
      ),
      { numRuns: 3 },
    );
    console.log(
      `${rates.inputRateHz} Hz, ${seconds} s: at most ${worst.toExponential(1)} of the largest value`,
    );
  });

  test('another notch is seen (control)', () => {
    const options = {
      inputRateHz: 250,
      frameRateHz: 100,
      channelCount: 1,
      reference: 'none',
    } as const;
    const data = recording(100, 250, 3);
    const wanted = wholeForm(data, { ...options, notchHz: 50 });
    expect(worstOf(inBlocks(data, { ...options, notchHz: 60 }, [5000]), wanted)).toBeGreaterThan(
      0.01,
    );
  });
});

test('a zero-phase section holds back its tail, and no more', () => {
  const section = butterworth('highpass', 2, 0.05, 1000)[0];
  const filter = createZeroPhase(section);
  let settled = 0;
  let most = 0;
  for (let pushed = 0; pushed < 400_000; pushed += 10_000) {
    settled += filter.push(new Float64Array(10_000)).length;
    most = Math.max(most, pushed + 10_000 - settled);
  }
  // 73 s until 1e-7 is left of the slowest pole, a quarter more that waits for its turn, and one block.
  expect(most).toBeLessThan(1.25 * 73_000 + 10_000);
  expect(settled + filter.finish().length).toBe(400_000);
});

test.each([
  [10_000, 1280, 1000],
  [9_973, 1250, 999],
  [40_000, 12_500, 10_000],
])('resampling a period of %i to %i keeps %i / 2 cycles', (inputCount, outputCount, passCount) => {
  const cycles = [0, 1, 7, Math.floor(passCount / 4), Math.floor(passCount / 2)];
  const waves = (count: number) =>
    Float64Array.from({ length: count }, (_, i) =>
      cycles.reduce((sum, k) => sum + Math.cos((2 * Math.PI * k * i) / count + k), 0),
    );
  const resampler = createPeriodicResampler(inputCount, outputCount, passCount, 1);
  const data = waves(inputCount);
  for (let start = 0; start < inputCount; start += 777)
    resampler.push([data.slice(start, start + 777)]);
  expect(worstOf(resampler.finish()[0], waves(outputCount))).toBeLessThan(TOLERANCE);
});
