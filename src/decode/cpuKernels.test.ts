// The WebAssembly kernels against plain loops, over sizes with and without a rest.

import { describe, expect, test } from 'vitest';
import { uniform } from '../base/rng';
import { compileCpuKernels } from './cpuKernels';
import { CpuMemory } from './cpuMemory';

/** Another order of f32 sums over at most 100 terms of order one. */
const SUM_TOLERANCE = 2e-5;

const draws = (count: number, salt: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 2 * uniform(7, 1, salt, i) - 1);

function largestDifference(got: Float32Array, expected: readonly number[]): number {
  return Math.max(...expected.map((value, i) => Math.abs(value - got[i])));
}

describe.each([
  [1, 1],
  [2, 100],
  [16, 7],
  [17, 64],
  [40, 33],
])('product of %i rows and %i columns', (rows, columns) => {
  test('adds W x to y', async () => {
    const memory = new CpuMemory();
    const weights = draws(rows * columns, 1);
    const matrix = memory.matrix(weights, columns);
    const [x, y] = [memory.vector(columns), memory.rows(rows)];
    memory.open();
    x.values.set(draws(columns, 2));
    y.values.set(draws(rows, 3));
    const expected = Array.from(y.values.subarray(0, rows), (start, r) =>
      x.values.reduce((sum, value, j) => sum + weights[r * columns + j] * value, start),
    );
    const kernels = await compileCpuKernels(memory);
    kernels.product(matrix, x, y);
    expect(largestDifference(y.values, expected)).toBeLessThan(SUM_TOLERANCE);
    // The rest of the last block stays zero.
    expect(y.values.subarray(rows).every((value) => value === 0)).toBe(true);
  });
});

describe.each([
  [1, 1, 1],
  [3, 5, 2],
  [2, 8, 16],
])('recurrence of %i heads, %i rows, %i quads', (heads, rows, quads) => {
  test('updates the state and reads it out', async () => {
    const columns = 4 * quads;
    const memory = new CpuMemory();
    const state = memory.vector(heads * rows * columns);
    const [x, y] = [memory.vector(heads * rows), memory.vector(heads * rows)];
    const [bc, decay] = [memory.vector(2 * columns), memory.vector(heads)];
    memory.open();
    [state, x, bc, decay].forEach(({ values }, i) => {
      values.set(draws(values.length, 10 + i));
    });
    const nextState = Array.from(state.values, (value, i) => {
      const row = Math.floor(i / columns);
      const head = Math.floor(row / rows);
      return decay.values[head] * value + x.values[row] * bc.values[i % columns];
    });
    const expected = Array.from({ length: heads * rows }, (_, row) =>
      Array.from({ length: columns }, (_, n) => n).reduce(
        (sum, n) => sum + nextState[row * columns + n] * bc.values[columns + n],
        0,
      ),
    );
    const kernels = await compileCpuKernels(memory);
    kernels.recur(state, { x, bc, decay, y }, { heads, rows });
    expect(largestDifference(state.values, nextState)).toBeLessThan(SUM_TOLERANCE);
    expect(largestDifference(y.values, expected)).toBeLessThan(SUM_TOLERANCE);
  });
});
