// Proof of the reverse walk: sums over uses, absent gradients, refusals, and recompute regions.

import { describe, expect, test } from 'vitest';
import { gaussian, PURPOSE } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { add, gelu, multiply, scale } from '../ops/elementwise';
import { compileCpu } from './cpuPlan';
import { gradients } from './gradients';
import { Graph } from './graph';
import type { Op } from './op';
import { compile } from './plan';
import { CPU } from './store';
import type { Tensor } from './tensor';

function gradientsOf(y: Tensor, wrt: readonly Tensor[]): (Tensor | undefined)[] {
  const seed = y.graph.constant('seed', y.shape, new Float32Array(y.size).fill(1));
  return gradients([{ tensor: y, seed }], wrt, add);
}

/** Values of the gradient of Σ y by x on the cpu, with x = 1, 2, 3. */
function slopeAt123(build: (x: Tensor) => Tensor): number[] {
  const graph = new Graph();
  const x = graph.input('x', [3], true);
  const gradient = graph.output(gradientsOf(build(x), [x])[0]!);
  const plan = compileCpu(graph);
  plan.write(x, Float64Array.of(1, 2, 3));
  plan.run();
  return [...plan.values(gradient)];
}

test.each([
  ['one use', (x: Tensor) => scale(x, 4), [4, 4, 4]],
  ['the same tensor twice in one op', (x: Tensor) => multiply(x, x), [2, 4, 6]],
  ['two ops', (x: Tensor) => add(multiply(x, x), scale(x, 10)), [12, 14, 16]],
  [
    'a shared intermediate',
    (x: Tensor) => {
      const square = multiply(x, x);
      return add(multiply(square, x), add(square, square));
    },
    [7, 20, 39],
  ],
  ['the tensor itself', (x: Tensor) => x, [1, 1, 1]],
])('gradients of %s', (_, build, expected) => {
  expect(slopeAt123(build)).toEqual(expected);
});

/** x times 3; adds what has flowed to x so far to its gradient itself. */
const accumulatingOp: Op<null> = {
  name: 'triple',
  infer: (inputs) => [inputs[0]],
  cpu({ inputs: [x], outputs: [out] }) {
    out.set(x.map((value) => 3 * value));
  },
  gpu: () => [],
  accumulates: true,
  gradient({ outputGradients: [gradient], previous }) {
    const own = scale(gradient!, 3);
    return [previous ? add(previous, own) : own, scale(gradient!, 100)];
  },
};

test.each([
  ['alone', (x: Tensor) => x.graph.apply(accumulatingOp, [x], null)[0], [3, 3, 3]],
  [
    'after another use',
    (x: Tensor) => {
      const [own] = x.graph.apply(accumulatingOp, [x], null);
      return add(own, scale(x, 10));
    },
    [13, 13, 13],
  ],
  [
    'of one tensor twice',
    (x: Tensor) => {
      const [own] = x.graph.apply(accumulatingOp, [x, x], null);
      return add(own, scale(x, 10));
    },
    [113, 113, 113],
  ],
])('an op that accumulates by itself, %s, has the whole gradient', (_, build, expected) => {
  expect(slopeAt123(build)).toEqual(expected);
});

test('several outputs add their gradients', () => {
  const graph = new Graph();
  const x = graph.input('x', [2], true);
  const seeds = [3, 5].map((s) => graph.constant('seed', [2], new Float32Array(2).fill(s)));
  const outputs = [scale(x, 2), multiply(x, x)].map((tensor, k) => ({ tensor, seed: seeds[k] }));
  const gradient = graph.output(gradients(outputs, [x], add)[0]!);
  const plan = compileCpu(graph);
  plan.write(x, Float64Array.of(1, 10));
  plan.run();
  expect([...plan.values(gradient)]).toEqual([3 * 2 + 5 * 2, 3 * 2 + 5 * 20]);
});

test('a tensor without a way to the loss has no gradient, and costs no node', () => {
  const graph = new Graph();
  const x = graph.input('x', [3], true);
  const unread = graph.input('unread', [3], true);
  const fixed = graph.input('fixed', [3], false);
  const dead = scale(unread, 2);
  const found = gradientsOf(multiply(x, fixed), [x, unread, fixed, dead]);
  expect(found.map((gradient) => gradient !== undefined)).toEqual([true, false, false, false]);
  // multiply, scale, and the one product that is the gradient of x.
  expect(graph.nodes.map((node) => node.op.name)).toEqual(['scale', 'multiply', 'multiply']);
});

const roundOp: Op<null> = {
  name: 'round',
  infer: (inputs) => [inputs[0]],
  cpu({ inputs: [x], outputs: [out] }) {
    out.set(x.map(Math.round));
  },
  gpu: () => [],
  gradient: undefined,
};

test('a gradient that reaches an op without a rule is refused, by name', () => {
  const graph = new Graph();
  const x = graph.input('x', [3], true);
  const [rounded] = graph.apply(roundOp, [x], null);
  expect(() => gradientsOf(multiply(rounded, x), [x])).toThrow(
    '[round] expected a differentiable op',
  );
});

test('an op without a rule is no hindrance where nothing upstream is trained', () => {
  const graph = new Graph();
  const x = graph.input('x', [3], true);
  const [rounded] = graph.apply(roundOp, [graph.input('fixed', [3])], null);
  expect(gradientsOf(multiply(rounded, x), [x])[0]).toBeDefined();
});

const LAYERS = 6;
const SIZE = 64 * 256;

/** Six layers of w * gelu(gelu(x) * x) on 64 KiB each, with the gradients of x and of every w. */
function buildChain(recompute: boolean) {
  const graph = new Graph();
  const x = graph.input('x', [SIZE], true);
  const weights = Array.from({ length: LAYERS }, (_, k) => graph.input(`w${k}`, [SIZE], true));
  const y = weights.reduce((h, w) => {
    const layer = (): Tensor => multiply(gelu(multiply(gelu(h), h)), w);
    return recompute ? graph.recompute(layer) : layer();
  }, x);
  const wanted = [x, ...weights];
  const found = gradientsOf(y, wanted).map((gradient) => graph.output(gradient!));
  return { graph, inputs: wanted, outputs: [graph.output(y), ...found] };
}

describe.each(['cpu', 'gpu'] as const)('recompute on %s', (kind) => {
  test('gives the same bits from less memory', async () => {
    const results: Float32Array[][] = [];
    const bytes: number[] = [];
    for (const recompute of [false, true]) {
      const { graph, inputs, outputs } = buildChain(recompute);
      const plan = await compile(graph, kind === 'cpu' ? CPU : await testDevice());
      inputs.forEach((input, k) => {
        const values = Float32Array.from({ length: SIZE }, (_, i) =>
          gaussian(8, PURPOSE.test, k, i),
        );
        plan.write(input, values);
      });
      plan.run();
      results.push(await Promise.all(outputs.map((output) => plan.read(output))));
      bytes.push(plan.counts.bytes);
      plan.destroy();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0].every((values) => values.some((value) => value !== 0))).toBe(true);
    // Only the gpu device shares memory over time; the oracle keeps everything.
    if (kind === 'gpu') expect(bytes[1]).toBeLessThan(bytes[0] - (LAYERS - 2) * SIZE * 4);
  });
});

test('recompute regions do not nest', () => {
  const graph = new Graph();
  const x = graph.input('x', [3], true);
  expect(() => graph.recompute(() => graph.recompute(() => gelu(x)))).toThrow(
    '[recompute] expected no nesting',
  );
});

test('outside a gradient a region runs once', async () => {
  const graph = new Graph();
  const y = graph.recompute(() => gelu(graph.input('x', [3], true)));
  graph.output(y);
  expect(compileCpu(graph).counts.dispatches).toBe(1);
});
