// Every filter's response and both front ends on a real recording, against SciPy (.ci/reference-front-ends.py).
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: SciPy's numbers, digit by digit
import { existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFile } from '../readers';
import { type Biquad, bandPass, butterworth, notch } from './biquad';
import { createOfflinePaper, offlinePaper } from './offlinePaper';
import { createRealtimeFrontEnd } from './realtime';

const FREQUENCIES_HZ = [0.05, 1, 10, 45, 49, 61, 120, 400];
/** SciPy's values are printed with nine digits. */
const MAGNITUDE_TOLERANCE = 2e-9;
/** A phase near a turn, and that of a tiny magnitude, lose digits. */
const PHASE_TOLERANCE = 1e-7;

/** `[magnitude, phase in radians]` */
function responseAt(sections: readonly Biquad[], hz: number, rateHz: number): [number, number] {
  const w = (2 * Math.PI * hz) / rateHz;
  let magnitude = 1;
  let phase = 0;
  const times = (c0: number, c1: number, c2: number, power: 1 | -1) => {
    const re = c0 + c1 * Math.cos(w) + c2 * Math.cos(2 * w);
    const im = -c1 * Math.sin(w) - c2 * Math.sin(2 * w);
    magnitude *= Math.hypot(re, im) ** power;
    phase += power * Math.atan2(im, re);
  };
  for (const { b0, b1, b2, a1, a2 } of sections) {
    times(b0, b1, b2, 1);
    times(1, a1, a2, -1);
  }
  return [magnitude, phase];
}

const turnBetween = (a: number, b: number) =>
  Math.abs(Math.atan2(Math.sin(a - b), Math.cos(a - b)));

test.each<[string, Biquad[], number, [number, number][]]>([
  [
    'highpass 0.05',
    butterworth('highpass', 2, 0.05, 1000),
    1000,
    [
      [0.707106781, 1.57079633],
      [0.999996875, 0.0707692825],
      [1.0, 0.0070688003],
      [1.0, 0.00156086678],
      [1.0, 0.0014316587],
      [1.0, 0.00114496648],
      [1.0, 0.000561072103],
      [1.0, 7.21790094e-5],
    ],
  ],
  [
    'notch 50',
    [notch(50, 30, 1000)],
    1000,
    [
      [0.999999999, -3.36091877e-5],
      [0.999999774, -0.000672449766],
      [0.999975504, -0.00699950057],
      [0.987724934, -0.156845538],
      [0.771299894, -0.689915351],
      [0.996579036, 0.0827395473],
      [0.999869789, 0.0161377637],
      [0.999998471, 0.0017485982],
    ],
  ],
  [
    'notch 60',
    [notch(60, 30, 1000)],
    1000,
    [
      [1.0, -2.81095049e-5],
      [0.999999842, -0.000562344022],
      [0.999983293, -0.00578056945],
      [0.998354267, -0.0573791718],
      [0.996649898, -0.0818776382],
      [0.704328941, 0.789318947],
      [0.999770683, 0.0214161704],
      [0.999997744, 0.00212400538],
    ],
  ],
  [
    'lowpass 45',
    butterworth('lowpass', 4, 45, 1000),
    1000,
    [
      [1.0, -0.00288410505],
      [1.0, -0.0576861625],
      [0.999997174, -0.581018068],
      [0.707106781, 3.14159265],
      [0.57771342, 2.82588445],
      [0.278116555, 2.12469394],
      [0.0166936554, 0.957635653],
      [4.57278755e-6, 0.120874299],
    ],
  ],
  [
    'lowpass 50',
    butterworth('lowpass', 2, 50, 1000),
    1000,
    [
      [1.0, -0.00140256342],
      [0.999999923, -0.0280550291],
      [0.999225919, -0.284197986],
      [0.778034902, -1.42041633],
      [0.721471126, -1.54176564],
      [0.554551546, -1.85208908],
      [0.158016253, -2.54886541],
      [0.00264835124, -3.06874993],
    ],
  ],
  [
    'bandpass 8-13',
    bandPass(8, 13, 1000),
    1000,
    [
      [5.78270995e-6, 3.13819185],
      [0.0023580771, 3.07286439],
      [0.999979353, 0.11361019],
      [0.0135466065, -2.97624768],
      [0.0112061664, -2.99132498],
      [0.0069428874, -3.02348174],
      [0.00159838163, -3.0850226],
      [2.61125482e-5, -3.1343659],
    ],
  ],
  [
    'bandpass 70-150',
    bandPass(70, 150, 1000),
    1000,
    [
      [1.55589092e-7, 3.14103482],
      [6.2246806e-5, 3.13043475],
      [0.00633695753, 3.02877614],
      [0.185674726, 2.49300301],
      [0.237160112, 2.39544665],
      [0.468011165, 1.99952117],
      [0.989886669, -0.558546618],
      [0.00884649367, -3.0081849],
    ],
  ],
  [
    'broadband lowpass',
    butterworth('lowpass', 8, 400, 24000),
    24000,
    [
      [1.0, -0.000640143225],
      [1.0, -0.0128028739],
      [1.0, -0.128038069],
      [1.0, -0.576991877],
      [1.0, -0.628455582],
      [1.0, -0.783133561],
      [0.999999998, -1.55324547],
      [0.707106781, -1.62951457e-15],
    ],
  ],
])('%s: magnitude and phase', (_, sections, rateHz, wanted) => {
  FREQUENCIES_HZ.forEach((hz, i) => {
    const [magnitude, phase] = responseAt(sections, hz, rateHz);
    expect(Math.abs(magnitude - wanted[i][0])).toBeLessThan(MAGNITUDE_TOLERANCE);
    expect(turnBetween(phase, wanted[i][1])).toBeLessThan(PHASE_TOLERANCE);
  });
});

const ECOG = join(__dirname, '../../../../shared/data/monkey-ecog/monkey_ecog_64ch_1kHz.nwb');
const SAMPLES = 30_000;
const CHANNELS = [0, 7, 63];
const FRAMES = [0, 1, 500, 1234, 2999];
/** Of the recording's root mean square, about 160 uV; stated by the product for real data. */
const REAL_TOLERANCE = 1e-3;

const REALTIME = [
  [0.0, 0.0, 0.0],
  [-15.78395, -15.7381, 21.13744],
  [70.15282, -47.47875, 1976.8],
  [-36.74111, 74.14398, -468.8997],
  [-109.1434, -40.93644, -219.4015],
];
const OFFLINE_PAPER = [
  [-40.72012, -31.67575, 13.96483],
  [-143.3928, -110.1746, 123.8105],
  [60.2737, -22.7026, 1721.952],
  [-78.04383, 9.045217, -160.5139],
  [29.18874, 23.28185, -27.36112],
];
/** Neighbours' differences: of each channel the LFP and the log powers at 8-13 and 70-150 Hz; the last has no pair. */
const POWERS = [
  [0, -69.07755, -69.07755, 0, -69.07755, -69.07755, 0, 0, 0],
  [-1.431059, -7.047435, -1.618617, -2.095638, -6.543415, 0.9872979, 0, 0, 0],
  [-33.96496, 4.180462, 5.252743, 14.46693, 6.641858, 5.062139, 0, 0, 0],
  [-50.38872, 4.415388, 2.856631, 31.78732, 5.171787, 3.730185, 0, 0, 0],
  [-43.35275, 1.552651, 2.099582, 39.07645, 2.446784, 2.908749, 0, 0, 0],
];
const POWER_DELAYS_MS = [139.854159, 85.001412];

/** Of 150 s, long enough for blocks to settle one after the other. */
const LONG_SAMPLES = 150_000;
const LONG_FRAMES = [0, 1, 500, 7777, 14999];
const LONG_OFFLINE_PAPER = [
  [-51.28781, -23.15109, -5.18496],
  [-142.2922, -111.4116, 127.7728],
  [59.66924, -22.83865, 1722.2],
  [29.54119, 19.27219, 257.3989],
  [-19.20577, 73.95145, -77.42868],
];
const LONG_ROOT_MEAN_SQUARE = 115.7729;

async function ecog(sampleCount = SAMPLES): Promise<Float32Array> {
  const descriptor = openSync(ECOG, 'r');
  const file = await openFile({
    name: 'ecog.nwb',
    path: ECOG,
    byteLength: statSync(ECOG).size,
    async slice(start, end) {
      const bytes = new Uint8Array(end - start);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start));
    },
  });
  const samples = await file.readSlice('/acquisition/ElectricalSeries', 0, sampleCount);
  file.close();
  return samples;
}

describe.skipIf(!existsSync(ECOG))('monkey-ecog (skipped without shared/data)', () => {
  const options = {
    inputRateHz: 1000,
    frameRateHz: 100,
    channelCount: 64,
    notchHz: 50,
    reference: 'average',
  } as const;
  const withPowers = {
    ...options,
    reference: 'bipolar',
    powerBandsHz: [
      [8, 13],
      [70, 150],
    ],
  } as const;

  test.each([
    [
      'realtime',
      (x: Float32Array) => createRealtimeFrontEnd(options).push(x),
      REALTIME,
      159.2028,
    ] as const,
    [
      'offline-paper',
      (x: Float32Array) => offlinePaper(x, options),
      OFFLINE_PAPER,
      155.7062,
    ] as const,
    [
      'bipolar with powers',
      (x: Float32Array) => createRealtimeFrontEnd(withPowers).push(x),
      POWERS,
      106.1046,
    ] as const,
  ])('%s', async (_, run, wanted, rootMeanSquare) => {
    const frames = run(await ecog());
    const width = frames.length / 3000;
    const bands = width / 64;
    expect(wanted[0].length).toBe(CHANNELS.length * bands);
    const squares = frames.reduce((sum, value) => sum + value * value, 0);
    const got = Math.sqrt(squares / frames.length);
    expect(Math.abs(got - rootMeanSquare) / rootMeanSquare).toBeLessThan(REAL_TOLERANCE);
    const worst = new Array<number>(bands).fill(0);
    FRAMES.forEach((frame, m) => {
      wanted[m].forEach((value, k) => {
        const column = CHANNELS[Math.floor(k / bands)] * bands + (k % bands);
        // A logarithm has a scale of its own.
        const scale = k % bands === 0 ? rootMeanSquare : 1;
        const error = Math.abs(frames[frame * width + column] - value) / scale;
        worst[k % bands] = Math.max(worst[k % bands], error);
      });
    });
    console.log(
      `${_}: at most ${worst.map((one) => one.toExponential(1)).join(', ')} of the root mean square; in logarithms absolute`,
    );
    expect(Math.max(...worst)).toBeLessThan(REAL_TOLERANCE);
  });

  test('offline-paper in blocks', async () => {
    const samples = await ecog(LONG_SAMPLES);
    const chain = createOfflinePaper(options, LONG_SAMPLES);
    const blockValues = 16_384 * 64;
    for (let start = 0; start < samples.length; start += blockValues) {
      chain.push(samples.subarray(start, start + blockValues));
    }
    const frames = chain.finish();
    let worst = 0;
    LONG_FRAMES.forEach((frame, m) => {
      CHANNELS.forEach((channel, c) => {
        const error = Math.abs(frames[frame * 64 + channel] - LONG_OFFLINE_PAPER[m][c]);
        worst = Math.max(worst, error / LONG_ROOT_MEAN_SQUARE);
      });
    });
    console.log(
      `offline-paper in blocks: at most ${worst.toExponential(1)} of the root mean square`,
    );
    expect(worst).toBeLessThan(REAL_TOLERANCE);
  });

  test("a power's delay is that of its filters", () => {
    createRealtimeFrontEnd(withPowers).bandDelaysMs.forEach((delayMs, b) => {
      expect(delayMs).toBeCloseTo(POWER_DELAYS_MS[b], 4);
    });
  });
});
