// Proof of the product of a packed matrix with one live frame's vector.

import { expect, test } from 'vitest';
import { packedShape, packRows } from './framePath';
import { frameProduct } from './frameProduct';
import { testOp } from './testOp';

// One of everything, one part and a quad more, a workgroup's rows and one more, the paper's sizes.
const EDGES = [
  { B: 1, R: 1, columns: 1, behind: 0 },
  { B: 2, R: 65, columns: 129, behind: 4 },
  { B: 1, R: 3, columns: 300, behind: 0 },
  { B: 1, R: 136, columns: 512, behind: 512 },
];

testOp('frameProduct', {
  count: 20,
  cases(draw, i) {
    const { B, R, columns, behind } = EDGES[i] ?? {
      B: draw.integer(1, 3),
      R: draw.integer(1, 80),
      columns: draw.integer(1, 200),
      behind: 4 * draw.integer(0, 5),
    };
    const packed = packedShape(R, columns);
    return {
      inputs: [[B, 4 * packed[0] + behind], packed],
      build: ([x, weight]) => frameProduct(x, weight),
      differentiable: [false, false],
    };
  },
  errors: [
    {
      build: (graph) => frameProduct(graph.input('x', [1, 6]), graph.input('w', [1, 3, 4])),
      message:
        /\[frameProduct\] expected x \[B, W\] of whole quads .* got \[1, 6\] and \[1, 3, 4\]/,
    },
    {
      build: (graph) => frameProduct(graph.input('x', [1, 4]), graph.input('w', [2, 3, 4])),
      message: /\[frameProduct\] expected .* got \[1, 4\] and \[2, 3, 4\]/,
    },
  ],
});

test('packs quads of all rows beside each other', () => {
  const matrix = Float32Array.of(1, 2, 3, 4, 5, 11, 12, 13, 14, 15);
  expect(packedShape(2, 5)).toEqual([2, 2, 4]);
  expect([...packRows(matrix, 2, 5)]).toEqual([
    ...[1, 2, 3, 4, 11, 12, 13, 14],
    ...[5, 0, 0, 0, 15, 0, 0, 0],
  ]);
});
