// Proof of the gate.

import { expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import { testDevice } from '../gpu/testDevice';
import { evaluate } from './evaluateGraph';
import { gate } from './gate';
import { testOp } from './testOp';

const COLUMNS = [4, 8, 252, 1020, 1024, 1028];

testOp('gate', {
  cases(draw, i) {
    const columns = COLUMNS[i] ?? 4 * draw.integer(1, 75);
    const skipped = draw.pick([0, 0, 4, columns]);
    const directions = draw.pick([1, 2] as const);
    const [first, ...others] = draw.pick([[1], [3], [2, 5]]);
    return {
      label: `${skipped} columns beside, ${directions} directions`,
      inputs: [
        [directions * first, ...others, columns],
        [first, ...others, directions * (skipped + columns)],
      ],
      build: ([a, b]) => gate(a, b, directions),
    };
  },
  errors: [
    {
      build: (graph) => gate(graph.input('a', [2, 3]), graph.input('b', [2, 2])),
      message:
        /\[gate\] expected a \[\.\.\., D\] and b \[\.\.\., W\] with D at most W, got \[2, 3\] and \[2, 2\]/,
    },
    {
      build: (graph) => gate(graph.input('a', [2, 3]), graph.input('b', [3, 3])),
      message: /\[gate\] expected a .* got \[2, 3\] and \[3, 3\]/,
    },
    {
      build: (graph) => gate(graph.input('a', [2, 3]), graph.input('b', [2, 6]), 2),
      message:
        /\[gate\] expected a \[2B, \.\.\., D\] and b \[B, \.\.\., 2W\] .* got \[2, 3\] and \[2, 6\]/,
    },
    {
      build: (graph) => gate(graph.input('a', [2, 6]), graph.input('b', [2, 8])),
      message: /\[gate\] expected columns in multiples of 4, got \[2, 6\] and \[2, 8\]/,
    },
    {
      build: (graph) => gate(graph.input('a', [2, 4]), graph.input('b', [1, 12]), 2),
      message: /\[gate\] expected columns in multiples of 4, got \[2, 4\] and \[1, 12\]/,
    },
  ],
});

test('each of two directions reads its own columns', async () => {
  const four = (values: number[]) => Float32Array.from(values.flatMap((v) => [v, v, v, v]));
  const a = { shape: [4, 4], values: four([1, 10, 100, 1000]) };
  // Rows of the convolution's and the gate's columns of the one direction, then of the other.
  const b = { shape: [2, 16], values: four([7, 1, 7, 3, 7, 2, 7, 4]) };
  const silu = (x: number): number => x / (1 + Math.exp(-x));
  const expected = four([silu(1), 10 * silu(2), 100 * silu(3), 1000 * silu(4)]);
  for (const device of [CPU, await testDevice()]) {
    const [out] = await evaluate(device, [a, b], ([x, y]) => gate(x, y, 2));
    out.forEach((value, i) => {
      expect(value / expected[i]).toBeCloseTo(1, 6);
    });
  }
});
