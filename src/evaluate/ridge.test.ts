// Ridge: equal to the textbook formula in both forms, honest on controls, fast, causal.
import { describe, expect, it } from 'vitest';
import type { Features } from '../data/features';
import { type LaggedFrames, laggedFrames, predictRows } from './laggedFrames';
import { fitRidge } from './ridge';
import { ridgeSystem } from './ridgeSystem';
import { withShiftedBehaviour } from './shiftControl';

const FORM_TOLERANCE = 1e-8;
const GRADIENT_TOLERANCE = 1e-8;
// What 400 unrelated frames can reach by luck.
const CHANCE_R2 = 0.02;
// Short of 1 by what a penalty of 1 takes from weights fitted on about 1500 frames.
const NOISELESS_R2 = 0.99999;

/** Uniform noise in -1..1 from a 32-bit counter hash, the same on every run. */
function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    let hash = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
    hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}

interface Mixing {
  frameCount: number;
  channelCount: number;
  bandCount?: number;
  noiseGain?: number;
  seed?: number;
}

/** Behaviour 0 follows channel 0 two frames back; behaviour 1 is channel 1 minus half of channel 2. */
function features({
  frameCount,
  channelCount,
  bandCount = 1,
  noiseGain = 0,
  seed = 1,
}: Mixing): Features {
  const width = channelCount * bandCount;
  const lfp = noise(frameCount * width, seed).map(
    (value, i) => value * (1 + (i % width)) + (i % width),
  );
  const extra = noise(2 * frameCount, seed + 1);
  const behaviour = new Float32Array(2 * frameCount);
  for (let t = 0; t < frameCount; t++) {
    const past = Math.max(0, t - 2);
    behaviour[2 * t] = 3 * lfp[past * width] + 5 + noiseGain * extra[2 * t];
    behaviour[2 * t + 1] =
      lfp[t * width + 1] - 0.5 * lfp[t * width + 2] + noiseGain * extra[2 * t + 1];
  }
  return {
    sessionId: 'test',
    sessionName: 'test',
    synthetic: true,
    frameRateHz: 100,
    frameCount,
    channelCount,
    bandCount,
    lfp,
    channelMask: new Float32Array(channelCount).fill(1),
    behaviour,
    behaviourNames: ['a', 'b'],
    behaviourUnits: ['cm/s', 'cm/s'],
    frontEnd: 'none',
    groupDelayMs: 0,
  };
}

function chronological(frameCount: number) {
  const at = (fraction: number) => Math.round(fraction * frameCount);
  return {
    train: [{ start: 0, end: at(0.7) }],
    validation: [{ start: at(0.7), end: at(0.8) }],
    test: [{ start: at(0.8), end: frameCount }],
  };
}

/** Entry of the design matrix by its definition. */
function designValue(
  { lfp, width, lagCount, frames }: LaggedFrames,
  row: number,
  feature: number,
): number {
  return lfp[frames[row * lagCount + Math.floor(feature / width)] * width + (feature % width)];
}

describe('the linear system', () => {
  const width = 3;
  const lfp = noise(60 * width, 3);
  const oneRun = [{ start: 4, end: 40 }];
  const manyRuns = [
    { start: 0, end: 7 },
    { start: 7, end: 9 },
    { start: 20, end: 21 },
    { start: 30, end: 58 },
  ];
  const cases: [string, typeof oneRun, number, (frame: number) => boolean][] = [
    ['one run', oneRun, 4, () => true],
    ['no lags', manyRuns, 0, () => true],
    ['runs that touch, of 1, 2, 7 and 28 frames', manyRuns, 4, () => true],
    ['frames without behaviour', manyRuns, 3, (frame) => frame % 5 !== 0],
    ['more features than rows', [{ start: 1, end: 9 }], 6, () => true],
  ];
  it.each(cases)('meets the normal equations in both forms: %s', (_, ranges, lagFrames, keep) => {
    const rows = laggedFrames(lfp, width, ranges, lagFrames, keep);
    const outputCount = 2;
    const targets = Float64Array.from(noise(rows.rowCount * outputCount, 9), (value) => value + 4);
    const alpha = 0.7;
    const byForm = (['features', 'rows'] as const).map((form) =>
      ridgeSystem(rows, targets, outputCount, form)(alpha),
    );
    for (let i = 0; i < byForm[0].weights.length; i++)
      expect(Math.abs(byForm[0].weights[i] - byForm[1].weights[i])).toBeLessThan(FORM_TOLERANCE);
    expect(byForm[0].weights.length).toBe(width * (lagFrames + 1) * outputCount);

    // The gradient of |y - b - Z w|² + alpha |w|² vanishes: an oracle that shares no code.
    const { weights, intercept } = byForm[0];
    for (let k = 0; k < outputCount; k++) {
      const residual = Array.from({ length: rows.rowCount }, (_, row) => {
        let sum = targets[row * outputCount + k] - intercept[k];
        for (let f = 0; f < weights.length / outputCount; f++)
          sum -= designValue(rows, row, f) * weights[f * outputCount + k];
        return sum;
      });
      expect(Math.abs(residual.reduce((sum, value) => sum + value, 0))).toBeLessThan(
        GRADIENT_TOLERANCE,
      );
      for (let f = 0; f < weights.length / outputCount; f++) {
        const product = residual.reduce(
          (sum, value, row) => sum + value * designValue(rows, row, f),
          0,
        );
        expect(Math.abs(product - alpha * weights[f * outputCount + k])).toBeLessThan(
          GRADIENT_TOLERANCE,
        );
      }
    }
  });

  it('repeats the first frame of a range where lags reach before it', () => {
    const rows = laggedFrames(lfp, width, [{ start: 5, end: 8 }], 2);
    expect([...rows.frames]).toEqual([5, 5, 5, 6, 5, 5, 7, 6, 5]);
  });

  it('predicts weights times features plus intercept', () => {
    const rows = laggedFrames(lfp, width, [{ start: 5, end: 9 }], 2);
    const weights = Float64Array.from(noise(9, 5));
    const got = predictRows(rows, { weights, intercept: Float64Array.of(2) });
    const expected = weights.reduce((sum, weight, f) => sum + weight * designValue(rows, 3, f), 2);
    expect(got[3]).toBe(Math.fround(expected));
  });
});

describe('fitRidge', () => {
  const frameCount = 2000;
  const split = chronological(frameCount);

  it('finds a linear relation, its lag and its offset', () => {
    const { test, alpha, prediction } = fitRidge({
      features: features({ frameCount, channelCount: 4 }),
      split,
      lagFrames: 3,
    });
    expect(prediction.length).toBe(2 * 400);
    expect(alpha).toBe(1);
    expect(test.frames).toBe(400);
    // The first two frames of the fold follow LFP from before it, which the repeated edge replaces.
    expect(test.outputs[0].r2).toBeGreaterThan(1 - 4 / 400);
    expect(test.outputs[0].r2).toBeLessThan(1 - 0.1 / 400);
    expect(test.outputs[1].r2).toBeGreaterThan(NOISELESS_R2);
  });

  it('cannot find a lag that lies outside its window', () => {
    const { test } = fitRidge({
      features: features({ frameCount, channelCount: 4 }),
      split,
      lagFrames: 1,
    });
    expect(test.outputs[0].r2).toBeLessThan(0.05);
    expect(test.outputs[1].r2).toBeGreaterThan(NOISELESS_R2);
  });

  it('scores at most 0 on behaviour shifted in time, and picks a strong penalty', () => {
    const control = withShiftedBehaviour(features({ frameCount, channelCount: 20, noiseGain: 1 }));
    const { test, alpha } = fitRidge({ features: control, split, lagFrames: 5 });
    expect(test.meanR2).toBeLessThan(CHANCE_R2);
    expect(alpha).toBeGreaterThanOrEqual(1e3);
  });

  it('is causal: a change after frame t leaves predictions up to t as they were', () => {
    const before = features({ frameCount, channelCount: 4, noiseGain: 0.5 });
    const changedFrom = 1800;
    const after = { ...before, lfp: before.lfp.slice() };
    after.lfp.fill(99, changedFrom * 4);
    const predictions = [before, after].map(
      (f) => fitRidge({ features: f, split, lagFrames: 3 }).prediction,
    );
    const kept = 2 * (changedFrom - 1600);
    expect(predictions[1].subarray(0, kept)).toEqual(predictions[0].subarray(0, kept));
    expect(predictions[1][kept]).not.toBe(predictions[0][kept]);
  });

  it('does not let the test fold change the fit', () => {
    const before = features({ frameCount, channelCount: 4, noiseGain: 0.5 });
    const after = { ...before, behaviour: before.behaviour!.slice().fill(7, 2 * 1600) };
    const fits = [before, after].map((f) => fitRidge({ features: f, split, lagFrames: 3 }));
    expect(fits[1].weights).toEqual(fits[0].weights);
    expect(fits[1].validation).toEqual(fits[0].validation);
    expect(fits[1].test.meanR2).toBeUndefined();
  });

  it('leaves out frames with unknown behaviour, and ignores a dead channel', () => {
    const gappy = features({ frameCount, channelCount: 4 });
    for (let t = 0; t < frameCount; t++) {
      if (t % 7 === 0) gappy.behaviour![2 * t] = Number.NaN;
      gappy.lfp[t * 4 + 3] = 0;
    }
    const { test } = fitRidge({ features: gappy, split, lagFrames: 3 });
    expect(test.frames).toBe(400 - 57);
    expect(test.outputs[1].r2).toBeGreaterThan(NOISELESS_R2);
    expect(test.outputs[0].r2).toBeGreaterThan(1 - 4 / test.frames);
  });

  it('takes folds of many short segments', () => {
    const segments = Array.from({ length: 40 }, (_, i) => ({ start: 50 * i, end: 50 * (i + 1) }));
    const fold = (accept: (i: number) => boolean) => segments.filter((_, i) => accept(i));
    const { test } = fitRidge({
      features: features({ frameCount, channelCount: 4 }),
      split: {
        train: fold((i) => i % 5 < 3),
        validation: fold((i) => i % 5 === 3),
        test: fold((i) => i % 5 === 4),
      },
      lagFrames: 3,
    });
    // Not 1: behaviour at the first frames of a segment lies before the edge that is repeated.
    expect(test.meanR2).toBeGreaterThan(0.9);
  });

  it('reports progress to its end', () => {
    const stages: string[] = [];
    fitRidge({
      features: features({ frameCount, channelCount: 4 }),
      split,
      lagFrames: 1,
      alphas: [1, 10],
      onProgress: ({ stage, done, total }) => stages.push(`${stage} ${done}/${total}`),
    });
    expect(stages).toEqual([
      'products 0/4',
      'alpha 1 1/4',
      'alpha 10 2/4',
      'refit 3/4',
      'done 4/4',
    ]);
  });

  it.each([
    ['no behaviour', { behaviour: undefined }, {}, /session with behaviour, got none/],
    ['a negative lag', {}, { lagFrames: -1 }, /lagFrames .* got -1/],
    ['an alpha of 0', {}, { alphas: [0] }, /positive alphas/],
    ['no alphas', {}, { alphas: [] }, /positive alphas/],
    [
      'constant behaviour',
      { behaviour: new Float32Array(2 * frameCount) },
      {},
      /varies over the validation fold/,
    ],
    [
      'unknown behaviour',
      { behaviour: new Float32Array(2 * frameCount).fill(Number.NaN) },
      {},
      /got 0/,
    ],
  ])('refuses %s', (_, changes, options, message) => {
    const broken = { ...features({ frameCount, channelCount: 4 }), ...changes };
    expect(() => fitRidge({ features: broken, split, lagFrames: 1, ...options })).toThrow(message);
  });
});
