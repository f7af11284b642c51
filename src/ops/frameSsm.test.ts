// Proof of the state-space layer of one live frame.

import type { Graph } from '../autograd/graph';
import { scale } from './elementwise';
import { packedShape, padded } from './framePath';
import { packedSample } from './framePath.test-support';
import { frameSsm, frameStateShape } from './frameSsm';
import { testOp } from './testOp';

interface Sizes {
  B: number;
  H: number;
  P: number;
  N: number;
  /** Parts of the inputs, and of the stream before. */
  S: number;
  R: number;
  D: number;
}

// One of everything, more than a workgroup's rows and columns, the widest, the paper's sizes.
const EDGES: Sizes[] = [
  { B: 1, H: 1, P: 1, N: 2, S: 1, R: 1, D: 1 },
  { B: 2, H: 2, P: 258, N: 6, S: 2, R: 1, D: 300 },
  { B: 1, H: 1, P: 1024, N: 512, S: 1, R: 1, D: 3 },
  { B: 1, H: 8, P: 64, N: 64, S: 4, R: 8, D: 256 },
];

const shapesOf = ({ B, H, P, N, S, R, D }: Sizes) => [
  [B, 2 * padded(H * P)],
  [B, S, 2 * N + H],
  [1, N],
  [3, H],
  [H, ...packedShape(D, P)],
  [B, R, D],
  frameStateShape(B, H, P, N),
];

const build = (graph: Graph, sizes: Sizes): unknown => {
  const [a, b, c, d, e, f, g] = shapesOf(sizes).map((shape) => graph.input('x', shape));
  return frameSsm(a, b, c, d, e, f, g);
};

testOp('frameSsm', {
  count: 20,
  cases(draw, i) {
    const H = draw.integer(1, 4);
    const sizes = EDGES[i] ?? {
      B: draw.integer(1, 3),
      H,
      P: draw.integer(1, 20),
      N: 2 * draw.integer(1, 12),
      S: draw.integer(1, 3),
      R: draw.integer(1, H),
      D: draw.integer(1, 40),
    };
    const { P, N, D } = sizes;
    const inputs = shapesOf(sizes);
    return {
      inputs,
      sample(input, z, k) {
        if (input === 4) return packedSample(D, P, z, k);
        return input === 6 ? packedSample(P, N, z, k) : z;
      },
      build([projected, of, angles, perHead, weight, parts, state]) {
        const out = frameSsm(projected, of, angles, perHead, weight, parts, state);
        return [out, scale(state, 1)];
      },
      differentiable: inputs.map(() => false),
    };
  },
  errors: [
    {
      build: (graph) => build(graph, { B: 1, H: 2, P: 4, N: 4, S: 1, R: 3, D: 5 }),
      message: /\[frameSsm\] expected .*R at most H.* got .*\[1, 3, 5\]/,
    },
    {
      build: (graph) => build(graph, { B: 1, H: 1, P: 1025, N: 4, S: 1, R: 1, D: 5 }),
      message: /\[frameSsm\] expected a head of at most 1024 .* got 1025 and 4/,
    },
  ],
});
