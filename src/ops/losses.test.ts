// Proof of the losses.

import { describe, expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU } from '../autograd/store';
import { PURPOSE, uniform } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { backward } from './backward';
import { cosineDistance, weightedMse } from './losses';
import { testOp } from './testOp';

const WIDTHS = [1, 2, 63, 64, 65, 129];

/** Weights as they occur: mostly 0 and 1, some between. */
const weightOf = (z: number): number => (z < -0.5 ? 0 : z < 1 ? 1 : 0.5);

testOp('weightedMse', {
  hasSubgroupForm: true,
  cases: (draw, i) => {
    const B = draw.integer(1, 4);
    const T = draw.integer(1, 20);
    const C = WIDTHS[i] ?? draw.integer(1, 70);
    const K = C * draw.pick([1, 1, 3]);
    // Case 6 has no weight at all.
    return {
      label: i === 6 ? 'no weight' : '',
      inputs: [
        [B, T, K],
        [B, T, K],
        [B, T],
        [B, C],
      ],
      build: ([p, t, w, c]) => weightedMse(p, t, w, c),
      sample: (input, z) => (input < 2 ? z : i === 6 ? 0 : weightOf(z)),
      differentiable: [true, false, false, false],
    };
  },
  errors: [
    {
      build: (graph) =>
        weightedMse(
          graph.input('p', [2, 3, 4]),
          graph.input('t', [2, 3, 4]),
          graph.input('w', [2, 3]),
          graph.input('c', [3, 4]),
        ),
      message:
        /\[weightedMse\] expected .* column weight \[B, C\] with K a multiple of C, got .*\[2, 3\], \[3, 4\]/,
    },
    {
      build: (graph) =>
        weightedMse(
          graph.input('p', [2, 3, 4]),
          graph.input('t', [2, 3, 4]),
          graph.input('w', [2, 3]),
          graph.input('c', [2, 3]),
        ),
      message: /\[weightedMse\] expected .*, got .*\[2, 3\], \[2, 3\]/,
    },
  ],
});

testOp('cosineDistance', {
  hasSubgroupForm: true,
  cases: (draw, i) => {
    const B = draw.integer(1, 4);
    const T = draw.integer(1, 20);
    // One element has no direction but its sign: its gradient is zero, which has no relative error.
    const D = [2, 3, ...WIDTHS.slice(2)][i] ?? draw.integer(2, 140);
    return {
      label: i === 6 ? 'no weight' : '',
      inputs: [
        [B, T, D],
        [B, T, D],
        [B, T],
      ],
      build: ([s, t, w]) => cosineDistance(s, t, w),
      sample: (input, z) => (input < 2 ? z : i === 6 ? 0 : weightOf(z)),
      differentiable: [true, false, false],
    };
  },
  errors: [
    {
      build: (graph) =>
        cosineDistance(
          graph.input('s', [2, 3, 4]),
          graph.input('t', [2, 3, 5]),
          graph.input('w', [2, 3]),
        ),
      message: /\[cosineDistance\] expected two tensors \[B, T, D\].*got \[2, 3, 4\], \[2, 3, 5\]/,
    },
  ],
});

test('with all weights 1 weightedMse is the mean', () => {
  const graph = new Graph();
  const p = graph.input('p', [2, 3, 4]);
  const ones = (shape: number[]) =>
    graph.constant('ones', shape, new Float32Array(shape[0] * shape[1]).fill(1));
  const t = graph.constant('t', [2, 3, 4], new Float32Array(24));
  const loss = graph.output(weightedMse(p, t, ones([2, 3]), ones([2, 4])));
  const plan = compileCpu(graph);
  plan.write(
    p,
    Float64Array.from({ length: 24 }, (_, i) => i),
  );
  plan.run();
  expect(plan.values(loss)[0]).toBe((23 * 24 * 47) / 6 / 24);
});

describe.each(['cpu', 'gpu'] as const)('cosineDistance on %s', (kind) => {
  test('equal, opposite, orthogonal and zero vectors', async () => {
    const graph = new Graph();
    const s = graph.input('s', [1, 5, 2], true);
    const t = graph.input('t', [1, 5, 2]);
    const w = graph.input('w', [1, 5]);
    const loss = graph.output(cosineDistance(s, t, w));
    const gradient = graph.output(backward(loss, [s])[0]!);
    const plan = await compile(graph, kind === 'cpu' ? CPU : await testDevice());
    plan.write(s, Float32Array.of(3, 4, 1, 0, 2, 0, 0, 0, 1, 1));
    plan.write(t, Float32Array.of(6, 8, -5, 0, 0, 7, 1, 0, 0, 0));
    const cases = [0, 2, 1, 1, 1];
    for (const [row, expected] of cases.entries()) {
      const weights = new Float32Array(5);
      weights[row] = 1;
      plan.write(w, weights);
      plan.run();
      expect((await plan.read(loss))[0]).toBeCloseTo(expected, 6);
      const found = await plan.read(gradient);
      expect(found.every(Number.isFinite)).toBe(true);
      expect(found.every((g, i) => Math.floor(i / 2) === row || g === 0)).toBe(true);
    }
  });
});

test('more rows and elements than workgroups give the same loss and gradient as the cpu', async () => {
  const graph = new Graph();
  const [B, T, D] = [2, 40000, 2];
  const s = graph.input('s', [B, T, D], true);
  const t = graph.input('t', [B, T, D]);
  const w = graph.constant('w', [B, T], new Float32Array(B * T).fill(1));
  const c = graph.constant('c', [B, D], new Float32Array(B * D).fill(1));
  const losses = [cosineDistance(s, t, w), weightedMse(s, t, w, c)];
  const gradients = losses.map((loss) => backward(loss, [s])[0]!);
  for (const tensor of [...losses, ...gradients]) graph.output(tensor);
  const values = [s, t].map((_, k) =>
    Float32Array.from(
      { length: B * T * D },
      (_, i) => uniform(1, PURPOSE.test, k, i) + (i % D === k ? 1 : 0),
    ),
  );
  const plans = [await compile(graph, CPU), await compile(graph, await testDevice())];
  for (const plan of plans) {
    plan.write(s, values[0]);
    plan.write(t, values[1]);
    plan.run();
  }
  for (const tensor of [...losses, ...gradients]) {
    const [reference, got] = await Promise.all(plans.map((plan) => plan.read(tensor)));
    const largest = reference.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    // f32 rounding of sums of 80,000 positive terms in a tree, and of the cosine near 1.
    const error = got.reduce((max, x, i) => Math.max(max, Math.abs(x - reference[i])), 0);
    expect(error / largest, tensor.name).toBeLessThan(1e-5);
  }
});
