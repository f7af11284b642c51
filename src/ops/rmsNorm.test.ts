// Proof of the gated RMS norm.

import { rmsNormGated } from './rmsNorm';
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

testOp('rmsNormGated', {
  hasSubgroupForm: true,
  cases: (draw, i) => {
    const shape = EDGES[i] ?? [draw.integer(1, 3), draw.integer(1, 20), draw.pick(WIDTHS)];
    const width = shape[shape.length - 1];
    const eps = i === 3 ? 1e-2 : 1e-5;
    return {
      label: `eps ${eps}`,
      inputs: [shape, shape, [width]],
      build: ([y, z, weight]) => rmsNormGated(y, z, weight, eps),
    };
  },
  errors: [
    {
      build: (graph) =>
        rmsNormGated(graph.input('y', [2, 6]), graph.input('z', [2, 6]), graph.input('w', [6])),
      message: /\[rmsNormGated\] expected a width that is a multiple of 4, got 6/,
    },
    {
      build: (graph) =>
        rmsNormGated(graph.input('y', [2, 3]), graph.input('z', [3, 2]), graph.input('w', [3])),
      message: /\[rmsNormGated\] expected y and z of one shape, got \[2, 3\] and \[3, 2\]/,
    },
    {
      build: (graph) =>
        rmsNormGated(graph.input('y', [2, 3]), graph.input('z', [2, 3]), graph.input('w', [2])),
      message: /\[rmsNormGated\] expected a weight of shape \[3\], got \[2\]/,
    },
  ],
});
