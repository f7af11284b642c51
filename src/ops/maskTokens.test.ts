// Proof of the mask-token substitution.

import { expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { Graph } from '../autograd/graph';
import { maskTokens } from './maskTokens';
import { testOp } from './testOp';

const WIDTHS = [1, 63, 64, 65];

testOp('maskTokens', {
  cases: (draw, i) => {
    const B = draw.integer(1, 3);
    // Above 64 rows the sum over rows takes more than one part.
    const T = i % 10 === 9 ? draw.integer(64, 100) : draw.integer(1, 20);
    const D = WIDTHS[i] ?? draw.integer(1, 80);
    const mask = 1;
    return {
      // The first cases mask nothing and everything.
      label: i === 4 ? 'nothing masked' : i === 5 ? 'all masked' : '',
      inputs: [[B, T, D], [B, T], [D]],
      build: ([tokens, masked, token]) => maskTokens(tokens, masked, token),
      sample: (input, z) => (input === mask ? Number(i === 5 || (i !== 4 && z > 0)) : z),
      differentiable: [true, false, true],
    };
  },
  errors: [
    {
      build: (graph) =>
        maskTokens(
          graph.input('tokens', [2, 3, 4]),
          graph.input('mask', [2, 4]),
          graph.input('token', [4]),
        ),
      message: /\[maskTokens\] expected tokens \[B, T, D\].*got \[2, 3, 4\], \[2, 4\], \[4\]/,
    },
  ],
});

test('the masked frames alone are replaced', () => {
  const graph = new Graph();
  const tokens = graph.input('tokens', [1, 3, 2]);
  const mask = graph.input('mask', [1, 3]);
  const token = graph.input('token', [2]);
  const out = graph.output(maskTokens(tokens, mask, token));
  const plan = compileCpu(graph);
  plan.write(tokens, Float64Array.of(1, 2, 3, 4, 5, 6));
  plan.write(mask, Float64Array.of(0, 1, 0));
  plan.write(token, Float64Array.of(-1, -2));
  plan.run();
  expect([...plan.values(out)]).toEqual([1, 2, -1, -2, 5, 6]);
});
