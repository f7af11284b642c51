// Synthetic sessions: marked, reproducible, drifting, and as decodable as they say.
import { expect, test } from 'vitest';
import { syntheticSessions } from './synthetic';
import { oracleR2 } from './syntheticOracle';

test('three marked sessions that differ, the same for the same seed', () => {
  const options = { durationS: 10, channelCount: 8 };
  const sessions = syntheticSessions(options);
  expect(sessions.map((s) => s.synthetic)).toEqual([true, true, true]);
  expect(new Set(sessions.map((s) => s.id)).size).toBe(3);
  expect(syntheticSessions(options)).toEqual(sessions);
  expect(syntheticSessions({ ...options, seed: 2 })[0].id).not.toBe(sessions[0].id);
  for (const { lfp, behaviour } of sessions) {
    expect(lfp.data.every(Number.isFinite)).toBe(true);
    expect(behaviour?.sampleCount).toBe(1000);
    expect(lfp.sampleCount).toBe(5000);
  }
});

test('the oracle is good but not perfect on every axis of every session', () => {
  for (const { oracleR2: scores } of syntheticSessions()) {
    for (const r2 of scores ?? []) {
      expect(r2).toBeGreaterThan(0.65);
      expect(r2).toBeLessThan(0.9);
    }
  }
});

test('the oracle follows the signal-to-noise ratio', () => {
  const electrode = { column: 0, row: 0, tuningX: 1, tuningY: 0, leadS: 0.1, mainsUv: 0, gain: 1 };
  const electrodes = [electrode, { ...electrode, tuningX: 0, tuningY: 1 }];
  const sampleCount = 100_000;
  const wave = (i: number, k: number) => Math.SQRT2 * Math.sin(i * (0.1 + 0.07 * k) + k);
  const velocity = {
    rateHz: 100,
    startS: 0,
    sampleCount,
    names: ['x', 'y'],
    units: ['cm/s', 'cm/s'],
    data: Float32Array.from({ length: 2 * sampleCount }, (_, i) => wave(i >> 1, i % 2)),
  };
  // Noise of deviation 0.5 and 2 on unit signals: R2 = 1 / (1 + deviation^2).
  const noise = Float32Array.from(
    { length: 2 * sampleCount },
    (_, i) => (i % 2 ? 2 : 0.5) * wave(i >> 1, 5.3 + (i % 2)),
  );
  const [x, y] = oracleR2(noise, electrodes, velocity, 100);
  expect(x).toBeCloseTo(0.8, 2);
  expect(y).toBeCloseTo(0.2, 2);
});

test('a rate that is no multiple of 100 Hz is refused', () => {
  expect(() => syntheticSessions({ lfpRateHz: 250 })).toThrow(/expected a multiple of 100 Hz/);
});
