// Proof of the table of rotary angles.

import { expect, test } from 'vitest';
import { ropeTable } from './rope';

test('an odd state size has no pairs', () => {
  expect(() => ropeTable(3, 5)).toThrow('[ropeTable] expected an even state size, got 5');
});

test('the table counts from start, or backwards when reversed', () => {
  const full = ropeTable(10, 6);
  expect(ropeTable(4, 6, { start: 6 })).toEqual(full.subarray(36));
  const reversed = ropeTable(10, 6, { reverse: true });
  for (let t = 0; t < 10; t++) {
    expect(reversed.subarray(6 * t, 6 * t + 6)).toEqual(full.subarray(6 * (9 - t), 6 * (10 - t)));
  }
});

// Angles taken in f32 would be wrong by up to 0.004 here.
test('the table keeps f32 accuracy at frame 100,000', () => {
  const table = ropeTable(1, 64, { start: 100_000 });
  expect(table[0]).toBe(Math.fround(Math.cos(100_000)));
  expect(table[32]).toBe(Math.fround(Math.sin(100_000)));
  const slowest = 100_000 * 10_000 ** (-62 / 64);
  expect(Math.abs(table[63] - Math.sin(slowest))).toBeLessThan(1e-7);
});
