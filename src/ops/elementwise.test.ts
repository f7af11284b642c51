// Proof of the elementwise family.

import { expect, test } from 'vitest';
import type { Tensor } from '../autograd/tensor';
import { add, addRow, gelu, multiply, scale, sigmoid, silu, softplus } from './elementwise';
import { erf } from './erf';
import { type Draw, testOp } from './testOp';

const SIZES = [1, 2, 255, 256, 257, 1021];
const sizeOfCase = (draw: Draw, i: number): number => SIZES[i] ?? draw.integer(1, 3000);

// Spread over the range where softplus and the sigmoid change their nature.
const wide = (_: number, z: number): number => 6 * z;

for (const [name, op] of Object.entries({ sigmoid, softplus, silu, gelu })) {
  testOp(name, {
    cases: (draw, i) => ({ inputs: [[sizeOfCase(draw, i)]], build: ([x]) => op(x), sample: wide }),
  });
}

for (const [name, op] of Object.entries({ add, multiply })) {
  testOp(name, {
    cases: (draw, i) => {
      const shape = [draw.integer(1, 4), sizeOfCase(draw, i)];
      return { inputs: [shape, shape], build: ([a, b]) => op(a, b) };
    },
    errors: [
      {
        build: (graph) => op(graph.input('a', [2, 3]), graph.input('b', [3, 2])),
        message: new RegExp(
          `\\[${name}\\] expected inputs of one shape, got \\[2, 3\\] and \\[3, 2\\]`,
        ),
      },
    ],
  });
}

testOp('addRow', {
  cases: (draw, i) => {
    const width = draw.integer(1, 9);
    return { inputs: [[2, sizeOfCase(draw, i), width], [width]], build: ([a, b]) => addRow(a, b) };
  },
  errors: [
    {
      build: (graph) => addRow(graph.input('a', [2, 3]), graph.input('b', [2])),
      message: /\[addRow\] expected a row of shape \[3\], got \[2\]/,
    },
  ],
});

testOp('scale', {
  cases: (draw, i) => {
    const factor = draw.pick([1, -0.5, 3.25]);
    return { inputs: [[sizeOfCase(draw, i)]], build: ([a]: readonly Tensor[]) => scale(a, factor) };
  },
});

// Cancellation in the alternating series near 3.
const ERF_ERROR = 1e-13;

test.each([
  [0, 0],
  [0.5, 0.5204998778130465],
  [-1, -0.8427007929497149],
  [2.9, 0.9999589021219005],
  [3.5, 0.9999992569016276],
])('erf(%d) = %d', (x, expected) => {
  expect(Math.abs(erf(x) - expected)).toBeLessThan(ERF_ERROR);
});
