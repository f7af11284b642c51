// Proof of the state-space layer's inputs.

import { expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { evaluate, normalValue, type Value } from './evaluateGraph';
import { ropeTable } from './rope';
import { ssmInputs } from './ssmInputs';
import { testOp } from './testOp';

const WIDTHS = [2, 4, 6, 64];

testOp('ssmInputs', {
  cases(draw, i) {
    const N = WIDTHS[i] ?? draw.pick(WIDTHS);
    const H = draw.pick([1, 2, 3, 8]);
    const B = draw.integer(1, 3);
    // More rows than a workgroup has invocations in the last.
    const T = draw.pick([1, 2, 5, 17, 300]);
    const start = draw.integer(0, 1000);
    const directions = draw.pick([1, 2] as const);
    return {
      label: `N ${N} start ${start}, ${directions} directions`,
      inputs: [[directions * B, T, 2 * N + H], [directions * H]],
      build([projected, dtBias]) {
        const tables = [false, true].map((reverse) => ropeTable(T, N, { start, reverse }));
        const angles = Float32Array.from(tables.slice(0, directions).flatMap((t) => [...t]));
        const table = projected.graph.constant('table', [directions * T, N], angles);
        const { bc, dt } = ssmInputs(projected, dtBias, table, directions);
        return [bc, dt];
      },
    };
  },
  errors: [
    {
      build: (graph) =>
        ssmInputs(graph.input('p', [1, 3, 8]), graph.input('b', [2]), graph.input('t', [3, 3])),
      message:
        /\[ssmInputs\] expected projected \[B, T, 2N \+ H\] with N even and dtBias \[H\], got \[1, 3, 8\] and \[2\]/,
    },
    {
      build: (graph) =>
        ssmInputs(graph.input('p', [1, 3, 9]), graph.input('b', [1]), graph.input('t', [2, 4])),
      message: /\[ssmInputs\] expected a table of shape \[3, 4\], got \[2, 4\]/,
    },
    {
      build: (graph) =>
        ssmInputs(graph.input('p', [3, 3, 9]), graph.input('b', [2]), graph.input('t', [6, 4]), 2),
      message:
        /expected projected \[2B, T, 2N \+ H\] with N even and dtBias \[2H\], got \[3, 3, 9\] and \[2\]/,
    },
  ],
});

// Products of three f32 factors below 3 in size.
const F32_ERROR = 2e-6;

test('B_i · C_j depends on the distance i - j alone, and turns B and C alike', async () => {
  const [T, N] = [9, 8];
  const row = Float32Array.from({ length: 2 * N + 1 }, (_, c) => Math.sin(1 + c));
  const values = Float32Array.from({ length: T * row.length }, (_, k) => row[k % row.length]);
  const inputs = [
    { shape: [1, T, 2 * N + 1], values },
    { shape: [1], values: Float32Array.of(0) },
    { shape: [T, N], values: ropeTable(T, N, { start: 3 }) },
  ];
  for (const device of [CPU, await testDevice()]) {
    const [out] = await evaluate(
      device,
      inputs,
      ([x, bias, table]: Tensor[]) => ssmInputs(x, bias, table).bc,
    );
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

test('the second of two directions has its own angles and bias, to the bit', async () => {
  const [T, N, H] = [5, 4, 2];
  const [x, bias] = [normalValue([4, T, 2 * N + H], 1), normalValue([2 * H], 2)];
  const tables = [ropeTable(T, N), ropeTable(T, N, { reverse: true })];
  const table = { shape: [2 * T, N], values: Float32Array.from(tables.flatMap((t) => [...t])) };
  const half = ({ shape: [first, ...others], values }: Value, second: number): Value => ({
    shape: [first / 2, ...others],
    values: values.slice((second * values.length) / 2, ((1 + second) * values.length) / 2),
  });
  for (const device of [CPU, await testDevice()]) {
    const run = (directions: 1 | 2, inputs: Value[]) =>
      evaluate(device, inputs, ([a, b, t]: Tensor[]) => {
        const { bc, dt } = ssmInputs(a, b, t, directions);
        return [bc, dt];
      });
    const both = await run(2, [x, bias, table]);
    for (const second of [0, 1]) {
      const alone = await run(
        1,
        [x, bias, table].map((value) => half(value, second)),
      );
      const own = both.map((values) => half({ shape: [2], values }, second).values);
      expect(own).toEqual(alone);
      const swapped = [half(x, second), half(bias, second), half(table, 1 - second)];
      expect(await run(1, swapped)).not.toEqual(own);
    }
  }
});
