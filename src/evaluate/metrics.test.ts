// Scores: control cases with known answers, exclusions, and inputs that must be refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scorePredictions } from './metrics';

const NAMES = ['vx', 'vy'];
const UNITS = ['cm/s', 'cm/s'];
const FLOAT64_DIGITS = 12;

/** Two outputs [frame, 2] with unequal variance, as values that float32 holds exactly. */
function target(frameCount: number): Float32Array {
  return Float32Array.from({ length: 2 * frameCount }, (_, i) =>
    i % 2 === 0 ? (i * 7) % 32 : ((i * 11) % 16) * 4 + 1000,
  );
}

function meanPrediction(values: Float32Array): Float32Array {
  const means = [0, 0];
  values.forEach((value, i) => {
    means[i % 2] += (2 * value) / values.length;
  });
  return values.map((_, i) => means[i % 2]);
}

describe('control cases', () => {
  const y = target(64);

  it('perfect prediction scores 1', () => {
    const score = scorePredictions(y.slice(), y, NAMES, UNITS);
    expect(score.frames).toBe(64);
    expect([score.meanR2, score.combinedR2]).toEqual([1, 1]);
    expect(score.meanR).toBeCloseTo(1, FLOAT64_DIGITS);
    expect(score.outputs.map(({ name, unit, r2 }) => [name, unit, r2])).toEqual([
      ['vx', 'cm/s', 1],
      ['vy', 'cm/s', 1],
    ]);
  });

  it('the mean scores R2 0 and has no correlation', () => {
    const score = scorePredictions(meanPrediction(y), y, NAMES, UNITS);
    expect(score.meanR2).toBeCloseTo(0, FLOAT64_DIGITS);
    expect(score.combinedR2).toBeCloseTo(0, FLOAT64_DIGITS);
    expect(score.meanR).toBeUndefined();
  });

  it('a shuffled prediction scores at most 0', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...Array(64).keys()], { minLength: 64 }), (order) => {
        fc.pre(order.filter((from, to) => from === to).length < 8);
        const shuffled = y.map((_, i) => y[2 * order[i >> 1] + (i % 2)]);
        expect(scorePredictions(shuffled, y, NAMES, UNITS).meanR2).toBeLessThanOrEqual(0);
      }),
      // A chance correlation above one half over 64 frames would be needed to pass 0.
      { seed: 1, numRuns: 200 },
    );
  });

  it('an inverted prediction has r -1 and negative R2', () => {
    const score = scorePredictions(
      y.map((value) => -value),
      y,
      NAMES,
      UNITS,
    );
    expect(score.meanR).toBeCloseTo(-1, FLOAT64_DIGITS);
    expect(score.meanR2).toBeLessThan(0);
  });
});

describe('formulas', () => {
  it('per-axis and combined R2 differ as the paper defines them', () => {
    // vx: SSres 2, SStot 8; vy: SSres 8, SStot 800.
    const y = Float32Array.of(-2, -20, 2, 20);
    const p = Float32Array.of(-1, -18, 1, 18);
    const score = scorePredictions(p, y, NAMES, UNITS);
    expect(score.outputs[0].r2).toBeCloseTo(1 - 2 / 8, FLOAT64_DIGITS);
    expect(score.outputs[1].r2).toBeCloseTo(1 - 8 / 800, FLOAT64_DIGITS);
    expect(score.meanR2).toBeCloseTo((0.75 + 0.99) / 2, FLOAT64_DIGITS);
    expect(score.combinedR2).toBeCloseTo(1 - 10 / 808, FLOAT64_DIGITS);
  });

  it('r ignores scale and offset, R2 does not', () => {
    const y = target(32);
    const score = scorePredictions(
      y.map((value) => 0.5 * value + 8),
      y,
      NAMES,
      UNITS,
    );
    expect(score.meanR).toBeCloseTo(1, FLOAT64_DIGITS);
    expect(score.meanR2).toBeLessThan(1);
  });
});

describe('frames left out', () => {
  it('a masked frame changes nothing', () => {
    const y = target(16);
    const p = y.map((value, i) => value + Math.sin(i));
    const mask = Uint8Array.from({ length: 16 }, (_, frame) => (frame === 5 ? 0 : 1));
    const without = (values: Float32Array) => values.filter((_, i) => i >> 1 !== 5);
    const expected = scorePredictions(without(p), without(y), NAMES, UNITS);
    p[10] = 1e9;
    expect(scorePredictions(p, y, NAMES, UNITS, mask)).toEqual(expected);
    y[11] = Number.NaN;
    expect(scorePredictions(p, y, NAMES, UNITS)).toEqual(expected);
  });

  it('no frame left gives no number', () => {
    const score = scorePredictions(target(4), target(4), NAMES, UNITS, [0, 0, 0, 0]);
    expect(score.frames).toBe(0);
    expect([score.meanR2, score.combinedR2, score.meanR]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('a constant target has no R2 and stays out of the mean', () => {
    const y = Float32Array.of(1, 0.1, 2, 0.1, 3, 0.1);
    const p = Float32Array.of(1, 0.3, 2, 0.2, 3, 0.1);
    const score = scorePredictions(p, y, NAMES, UNITS);
    expect(score.outputs[1]).toEqual({ name: 'vy', unit: 'cm/s', r2: undefined, r: undefined });
    expect(score.meanR2).toBe(1);
    expect(score.combinedR2).toBeLessThan(1);
  });
});

it.each([
  [
    'prediction length',
    () => scorePredictions(target(3), target(4), NAMES, UNITS),
    /8 predictions, got 6/,
  ],
  ['units', () => scorePredictions(target(4), target(4), NAMES, ['m']), /2 units, got 1/],
  [
    'ragged target',
    () => scorePredictions(new Float32Array(3), new Float32Array(3), NAMES, UNITS),
    /multiple of 2/,
  ],
  [
    'no outputs',
    () => scorePredictions(new Float32Array(0), new Float32Array(0), [], []),
    /multiple of 0/,
  ],
  [
    'mask length',
    () => scorePredictions(target(4), target(4), NAMES, UNITS, [1]),
    /4 frames, got 1/,
  ],
  [
    'a diverged prediction',
    () => scorePredictions(target(4).fill(Number.NaN), target(4), NAMES, UNITS),
    /finite prediction, got NaN/,
  ],
])('refuses %s', (_, score, message) => {
  expect(score).toThrow(message);
});
