// Proof of the readout of one live frame.

import { packedShape } from './framePath';
import { packedSample } from './framePath.test-support';
import { frameReadout } from './frameReadout';
import { testOp } from './testOp';

// One output, several columns per invocation, more outputs than invocations, the paper's sizes.
const EDGES = [
  { B: 1, S: 1, D: 2, K: 1 },
  { B: 2, S: 3, D: 130, K: 3 },
  { B: 1, S: 1, D: 9, K: 129 },
  { B: 1, S: 8, D: 256, K: 2 },
];

testOp('frameReadout', {
  count: 20,
  cases(draw, i) {
    const { B, S, D, K } = EDGES[i] ?? {
      B: draw.integer(1, 3),
      S: draw.integer(1, 4),
      D: draw.integer(3, 200),
      K: draw.integer(1, 6),
    };
    const inputs = [[B, S, D], [D], [D], packedShape(K, D), [K], [B, 1, K]];
    return {
      inputs,
      sample: (input, z, k) => (input === 3 ? packedSample(K, D, z, k) : z),
      build([parts, normWeight, normBias, weight, bias, raw]) {
        const norm = { weight: normWeight, bias: normBias };
        const { behaviour, hidden } = frameReadout(parts, norm, weight, bias, raw);
        return [behaviour, hidden];
      },
      differentiable: inputs.map(() => false),
    };
  },
  errors: [
    {
      build(graph) {
        const of = (...shape: number[]) => graph.input('x', shape);
        const norm = { weight: of(5), bias: of(5) };
        return frameReadout(of(1, 2, 5), norm, of(2, 3, 4), of(3), of(1, 1, 2));
      },
      message: /\[frameReadout\] expected parts .* got .*\[1, 1, 2\]/,
    },
  ],
});
