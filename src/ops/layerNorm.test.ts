// Proof of layer norm.

import { expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import { testDevice } from '../gpu/testDevice';
import { scale } from './elementwise';
import { evaluate } from './evaluateGraph';
import { layerNorm } from './layerNorm';
import { testOp } from './testOp';

// Fewer columns than lanes, lanes that are full or not, one row and several per workgroup, the widest.
const EDGES = [
  [1, 4],
  [1, 12],
  [5, 8],
  [3, 16],
  [257, 20],
  [9, 256],
  [3, 260],
  [2, 1000],
  [2, 3072],
  [1030, 16],
];

const WIDTHS = [8, 20, 64, 256];

testOp('layerNorm', {
  hasSubgroupForm: true,
  cases: (draw, i) => {
    const shape = EDGES[i] ?? [draw.integer(1, 3), draw.integer(1, 20), draw.pick(WIDTHS)];
    const width = shape[shape.length - 1];
    const eps = i === 3 ? 1e-2 : 1e-5;
    return {
      label: `eps ${eps}`,
      inputs: [shape, [width], [width]],
      build([x, weight, bias]) {
        const out = layerNorm(x, weight, bias, eps);
        // A later use of x, whose gradient comes first: the kernel adds it.
        return i % 2 ? [out, scale(x, 2)] : out;
      },
    };
  },
  errors: [
    {
      build: (graph) =>
        layerNorm(graph.input('x', [2, 6]), graph.input('w', [6]), graph.input('b', [6])),
      message: /\[layerNorm\] expected a width that is a multiple of 4, got 6/,
    },
    {
      build: (graph) =>
        layerNorm(graph.input('x', [2, 3]), graph.input('w', [2]), graph.input('b', [3])),
      message: /\[layerNorm\] expected weight and bias of shape \[3\], got \[2\] and \[3\]/,
    },
  ],
});

// A mean a thousand times the deviation: rounding of x itself, not of a one-pass variance, limits the result.
const OFFSET_ERROR = 2e-3;

test('keeps its digits on a large common offset', async () => {
  const x = Float32Array.from({ length: 64 }, (_, c) => 1000 + Math.sin(c));
  const ones = new Float32Array(64).fill(1);
  const zeros = new Float32Array(64);
  const inputs = [
    { shape: [1, 64], values: x },
    { shape: [64], values: ones },
    { shape: [64], values: zeros },
  ];
  const build = ([a, weight, bias]: Parameters<typeof layerNorm>[0][]) =>
    layerNorm(a, weight, bias);
  const [[expected], [got]] = [
    await evaluate(CPU, inputs, build),
    await evaluate(await testDevice(), inputs, build),
  ];
  expect(Math.max(...expected)).toBeGreaterThan(1);
  got.forEach((value, c) => {
    expect(Math.abs(value - expected[c])).toBeLessThan(OFFSET_ERROR);
  });
});
