// Both front ends against SciPy, and the causal one's promise: no later sample, no chunking, changes a bit.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { offlinePaper } from './offlinePaper';
import { createRealtimeFrontEnd, type RealtimeFrontEndOptions } from './realtime';
import { createFourierResampler } from './resample';

const SCIPY_TOLERANCE = 2e-5;

/** Deterministic three-channel input that SciPy was given too. */
function threeChannels(count: number, rateHz: number): Float32Array {
  const data = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const turn = (2 * Math.PI * i) / rateHz;
    data[3 * i] = 20 * Math.sin(3 * turn) + 5 * Math.sin(60 * turn) + 0.01 * i + 7;
    data[3 * i + 1] = 15 * Math.cos(11 * turn + 0.5) + 3 * Math.sin(120 * turn) - 4;
    data[3 * i + 2] = 8 * Math.sin(37 * turn) + ((i * 7919) % 101) / 10;
  }
  return data;
}

const BASE: RealtimeFrontEndOptions = {
  inputRateHz: 500,
  frameRateHz: 100,
  channelCount: 3,
  notchHz: 60,
  reference: 'none',
};

function rowsOf(frames: Float32Array, indices: number[]): number[][] {
  return indices.map((m) => [...frames.subarray(3 * m, 3 * m + 3)]);
}

function expectClose(got: number[][], wanted: number[][]) {
  got.forEach((row, m) => {
    row.forEach((value, c) => {
      expect(Math.abs(value - wanted[m][c])).toBeLessThan(SCIPY_TOLERANCE);
    });
  });
}

describe('against SciPy', () => {
  test('realtime: butter, iirnotch and sosfilt, every fifth sample', () => {
    const frontEnd = createRealtimeFrontEnd(BASE);
    const frames = frontEnd.push(threeChannels(1501, 500));
    expect(frames.length).toBe(3 * 301);
    expectClose(rowsOf(frames, [1, 50, 151, 300]), [
      [2.023414, -0.506774, 4.129922],
      [4.811851, -25.272138, 8.14833],
      [4.179303, -18.532816, 3.099608],
      [3.964932, 13.725207, -4.157316],
    ]);
    expect(frontEnd.groupDelayMs).toBeCloseTo(9.528668, 4);
  });

  test('offline-paper: filtfilt per filter, average reference, resample', () => {
    const frames = offlinePaper(threeChannels(1501, 500), { ...BASE, reference: 'average' });
    expect(frames.length).toBe(3 * 300);
    expectClose(rowsOf(frames, [0, 1, 50, 151, 299]), [
      [-1.074127, -0.817211, 1.891338],
      [3.239567, -9.229217, 5.989651],
      [8.063428, -18.064379, 10.00095],
      [3.363737, -8.703375, 5.339638],
      [-2.929473, 6.58157, -3.652097],
    ]);
  });

  const RESAMPLED: [number, number, number[]][] = [
    [12, 5, [1.393093, -0.195157, 0.623647, 0.787722, 0.664749]],
    [12, 8, [0.367899, 1.092077, -0.474666, 0.146692, 1.465956, 0.573253, -0.010395, 2.07767]],
    [9, 9, [0, 1.063558, 0.715501, -0.387766, -0.483455, 0.71512, 1.598543, 1.019098, -0.027826]],
    [
      8,
      12,
      [
        0, 0.668127, 1.216175, 0.715501, -0.090667, -0.575479, -0.483455, 0.261891, 1.112593,
        1.598543, 1.425804, 0.511867,
      ],
    ],
  ];
  test.each(RESAMPLED)('resample %i to %i', (from, to, wanted) => {
    const signal = new Float64Array(2 * from);
    for (let i = 0; i < from; i++) signal[2 * i] = Math.sin(1.3 * i) + 0.1 * i;
    const resampled = createFourierResampler(from, to)(signal);
    wanted.forEach((value, i) => {
      expect(resampled[2 * i]).toBeCloseTo(value, 5);
      expect(resampled[2 * i + 1]).toBeCloseTo(0, 9);
    });
  });

  test('broadband is decimated first: the same frames as a recording at the lower rate', () => {
    const wave = (rateHz: number) =>
      offlinePaper(
        Float32Array.from({ length: 4 * rateHz }, (_, i) =>
          Math.sin((2 * Math.PI * 4 * i) / rateHz),
        ),
        { ...BASE, inputRateHz: rateHz, channelCount: 1 },
      );
    const broadband = wave(24000);
    const slow = wave(750);
    expect(broadband.length).toBe(400);
    for (let m = 20; m < 380; m++) expect(Math.abs(broadband[m] - slow[m])).toBeLessThan(0.005);
  });
});

describe('the causal promise', () => {
  const RATES = [
    { inputRateHz: 1000, frameRateHz: 100 },
    { inputRateHz: 250, frameRateHz: 100 },
    { inputRateHz: 1017.2526, frameRateHz: 100 },
    { inputRateHz: 100, frameRateHz: 100 },
    { inputRateHz: 500, frameRateHz: 20 },
  ];

  const POWERS: RealtimeFrontEndOptions['powerBandsHz'] = [
    [4, 8],
    [13, 30],
  ];
  const VARIANTS = RATES.flatMap((rates) => [
    { ...rates, reference: 'average' as const },
    { ...rates, reference: 'bipolar' as const },
    { ...rates, reference: 'average' as const, powerBandsHz: POWERS },
    { ...rates, reference: 'bipolar' as const, powerBandsHz: POWERS },
  ]);
  const NAMED = '$inputRateHz Hz to $frameRateHz Hz, $reference, powers $powerBandsHz';

  test.each(VARIANTS)(`any chunking gives the same bits: ${NAMED}`, (rates) => {
    const data = threeChannels(1200, rates.inputRateHz);
    const options: RealtimeFrontEndOptions = { ...BASE, ...rates };
    const whole = createRealtimeFrontEnd(options).push(data);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 12 }), (sizes) => {
        const frontEnd = createRealtimeFrontEnd(options);
        const streamed: number[] = [];
        let start = 0;
        for (const size of [...sizes, 1, 1, 1, 1200]) {
          const end = Math.min(1200, start + size);
          streamed.push(...frontEnd.push(data.subarray(3 * start, 3 * end)));
          start = end;
        }
        expect(Float32Array.from(streamed)).toEqual(whole);
      }),
      { numRuns: 25 },
    );
  });

  test.each(VARIANTS)(`a changed sample leaves earlier frames alone: ${NAMED}`, (rates) => {
    const options: RealtimeFrontEndOptions = { ...BASE, ...rates };
    const data = threeChannels(1200, rates.inputRateHz);
    const original = createRealtimeFrontEnd(options).push(data);
    const width = 3 * createRealtimeFrontEnd(options).bandCount;
    for (const changed of [0, 1, 499, 500, 501, 1003]) {
      const perturbed = Float32Array.from(data);
      perturbed[3 * changed + 1] += 1e4;
      const frames = createRealtimeFrontEnd(options).push(perturbed);
      // Frame m lies at m / frameRateHz; frames strictly before the sample's time may not know of it.
      const untouched = Math.ceil((changed * rates.frameRateHz) / rates.inputRateHz - 1e-9);
      expect(frames.subarray(0, width * untouched)).toEqual(
        original.subarray(0, width * untouched),
      );
      // Control: the perturbation does reach later frames.
      expect(frames.subarray(width * untouched)).not.toEqual(original.subarray(width * untouched));
    }
  });

  test('the zero-phase chain fails the same test: the check can fail', () => {
    const data = threeChannels(1200, 500);
    const perturbed = Float32Array.from(data);
    perturbed[3 * 600] += 1e4;
    const frames = offlinePaper(data, BASE).subarray(0, 3 * 100);
    expect(offlinePaper(perturbed, BASE).subarray(0, 3 * 100)).not.toEqual(frames);
  });

  test('reset starts over', () => {
    const data = threeChannels(777, 1017.2526);
    const frontEnd = createRealtimeFrontEnd({ ...BASE, inputRateHz: 1017.2526 });
    const first = frontEnd.push(data);
    frontEnd.reset();
    expect(frontEnd.push(data)).toEqual(first);
  });
});

describe('what the causal chain does to a signal', () => {
  /** Peak of the last second of a 4 s sine, after the front end. */
  function gainAt(hz: number, options: Partial<RealtimeFrontEndOptions> = {}): number {
    const rateHz = 1000;
    const data = Float32Array.from({ length: 8000 }, (_, i) =>
      Math.sin((2 * Math.PI * hz * i) / rateHz),
    );
    const frames = createRealtimeFrontEnd({
      ...BASE,
      inputRateHz: rateHz,
      channelCount: 1,
      ...options,
    }).push(data);
    return Math.max(...frames.subarray(700).map(Math.abs));
  }

  test.each([
    { hz: 2, least: 0.98, most: 1.02 },
    { hz: 20, least: 0.95, most: 1.02 },
    { hz: 60, least: 0, most: 0.01 },
    { hz: 99, least: 0, most: 0.05 },
    { hz: 300, least: 0, most: 0.001 },
  ])('$hz Hz', ({ hz, least, most }) => {
    expect(gainAt(hz)).toBeGreaterThanOrEqual(least);
    expect(gainAt(hz)).toBeLessThanOrEqual(most);
  });

  test('without the notch, mains comes through', () => {
    expect(gainAt(60, { notchHz: 0 })).toBeGreaterThan(0.2);
  });

  test('a constant offset leaves nothing behind', () => {
    const data = new Float32Array(3000).fill(2500);
    const frames = createRealtimeFrontEnd({ ...BASE, inputRateHz: 1000, channelCount: 1 }).push(
      data,
    );
    expect(Math.max(...frames.map(Math.abs))).toBeLessThan(1e-6);
  });

  test('a rejected channel stays out of the average reference', () => {
    const data = threeChannels(1000, 500);
    const noisy = Float32Array.from(data, (value, i) => (i % 3 === 2 ? 1000 * value : value));
    const options: RealtimeFrontEndOptions = {
      ...BASE,
      reference: 'average',
      channelMask: Float32Array.of(1, 1, 0),
    };
    const clean = createRealtimeFrontEnd(options).push(data);
    const disturbed = createRealtimeFrontEnd(options).push(noisy);
    expect(disturbed).toEqual(clean);
    expect(clean.every((value, i) => (value === 0) === (i % 3 === 2 || i < 3))).toBe(true);
  });

  test('NaN repeats the last value and never spreads', () => {
    const data = threeChannels(1000, 500);
    const held = Float32Array.from(data);
    for (let i = 400; i < 450; i++) {
      data[3 * i + 1] = Number.NaN;
      held[3 * i + 1] = held[3 * 399 + 1];
    }
    expect(createRealtimeFrontEnd(BASE).push(data)).toEqual(
      createRealtimeFrontEnd(BASE).push(held),
    );
  });

  test('a recording slower than the frame rate is refused', () => {
    expect(() => createRealtimeFrontEnd({ ...BASE, inputRateHz: 50 })).toThrow(
      /expected LFP sampled at no less than the frame rate of 100 Hz, got 50 Hz: choose a lower frame rate/,
    );
  });
});
