// Proof of the projection of one live frame.

import { scale } from './elementwise';
import { packedShape } from './framePath';
import { packedSample } from './framePath.test-support';
import { frameProjection } from './frameProjection';
import { testOp } from './testOp';

// One of everything, several columns per invocation, rows with a rest, the paper's sizes.
const EDGES = [
  { B: 1, S: 1, D: 2, I: 1, K: 1 },
  { B: 2, S: 3, D: 130, I: 65, K: 3 },
  { B: 1, S: 2, D: 1536, I: 3, K: 2 },
  { B: 1, S: 8, D: 256, I: 512, K: 4 },
];

testOp('frameProjection', {
  count: 20,
  cases(draw, i) {
    const { B, S, D, I, K } = EDGES[i] ?? {
      B: draw.integer(1, 3),
      S: draw.integer(1, 4),
      D: draw.integer(3, 40),
      I: draw.integer(1, 90),
      K: draw.integer(1, 5),
    };
    const inputs = [[B, S, D], [D], [D], packedShape(2 * I, D), [I, 1, K], [I], [B, K, I]];
    return {
      inputs,
      sample: (input, z, k) => (input === 3 ? packedSample(2 * I, D, z, k) : z),
      build([parts, normWeight, normBias, weight, taps, tapsBias, window]) {
        const norm = { weight: normWeight, bias: normBias };
        const convolution = { weight: taps, bias: tapsBias };
        const out = frameProjection(parts, norm, weight, convolution, window);
        return [out, scale(window, 1)];
      },
      differentiable: inputs.map(() => false),
    };
  },
  errors: [
    {
      build(graph) {
        const of = (...shape: number[]) => graph.input('x', shape);
        const norm = { weight: of(5), bias: of(5) };
        const convolution = { weight: of(3, 1, 4), bias: of(3) };
        return frameProjection(of(1, 2, 5), norm, of(2, 5, 4), convolution, of(1, 4, 3));
      },
      message: /\[frameProjection\] expected parts .* got .*\[2, 5, 4\]/,
    },
    {
      build(graph) {
        const of = (...shape: number[]) => graph.input('x', shape);
        const norm = { weight: of(1537), bias: of(1537) };
        const convolution = { weight: of(3, 1, 4), bias: of(3) };
        return frameProjection(of(1, 2, 1537), norm, of(385, 6, 4), convolution, of(1, 4, 3));
      },
      message: /\[frameProjection\] expected at most 1536 columns, got 1537/,
    },
  ],
});
