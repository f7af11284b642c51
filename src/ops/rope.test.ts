// Proof of the rotary position embedding and of its table.

import { expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { evaluate } from './evaluateGraph';
import { rope, ropeTable } from './rope';
import { testOp } from './testOp';

const WIDTHS = [2, 4, 6, 64];

testOp('rope', {
  cases: (draw, i) => {
    const N = WIDTHS[i] ?? draw.pick(WIDTHS);
    const B = draw.integer(1, 3);
    const T = draw.pick([1, 2, 5, 17]);
    const start = draw.integer(0, 1000);
    const reverse = draw.pick([true, false]);
    return {
      label: `start ${start} reverse ${reverse}`,
      inputs: [[B, T, 2 * N]],
      build: ([bc]) => {
        const table = ropeTable(T, N, { start, reverse });
        return rope(bc, bc.graph.constant('table', [T, N], table));
      },
    };
  },
  errors: [
    {
      build: (graph) => rope(graph.input('bc', [1, 3, 6]), graph.input('table', [3, 3])),
      message: /\[rope\] expected bc of shape \[B, T, 2N\] with N even, got \[1, 3, 6\]/,
    },
    {
      build: (graph) => rope(graph.input('bc', [1, 3, 8]), graph.input('table', [2, 4])),
      message: /\[rope\] expected a table of shape \[3, 4\], got \[2, 4\]/,
    },
    { build: () => ropeTable(3, 5), message: /\[ropeTable\] expected an even state size, got 5/ },
  ],
});

// Products of three f32 factors below 3 in size.
const F32_ERROR = 2e-6;

test('B_i · C_j depends on the distance i - j alone, and turns B and C alike', async () => {
  const [T, N] = [9, 8];
  const row = Float32Array.from({ length: 2 * N }, (_, c) => Math.sin(1 + c));
  const values = Float32Array.from({ length: T * 2 * N }, (_, k) => row[k % (2 * N)]);
  const inputs = [
    { shape: [1, T, 2 * N], values },
    { shape: [T, N], values: ropeTable(T, N, { start: 3 }) },
  ];
  for (const device of [CPU, await testDevice()]) {
    const [out] = await evaluate(device, inputs, ([bc, table]: Tensor[]) => rope(bc, table));
    const product = (i: number, j: number): number => {
      let sum = 0;
      for (let c = 0; c < N; c++) sum += out[i * 2 * N + c] * out[j * 2 * N + N + c];
      return sum;
    };
    for (let i = 2; i < T; i++) {
      expect(Math.abs(product(i, i - 2) - product(2, 0))).toBeLessThan(N * F32_ERROR);
    }
    expect(Math.abs(product(5, 0) - product(2, 0))).toBeGreaterThan(0.01);
  }
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
