// Proof of dropout and drop-path: the op proof under a fixed mask, and that the mask is what its name says.

import { expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { gradients } from '../autograd/gradients';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { dropout, dropPathAdd } from './dropout';
import { add } from './elementwise';
import { testOp } from './testOp';

const SIZES = [4, 8, 1020, 1024, 1028];

testOp('dropout', {
  cases: (draw, i) => {
    const probability = draw.pick([0, 0.1, 0.5, 0.9]);
    const shape = [draw.integer(1, 3), SIZES[i] ?? 4 * draw.integer(1, 175)];
    return { label: `p ${probability}`, inputs: [shape], build: ([x]) => dropout(x, probability) };
  },
  errors: [
    ...[1, -0.1, Number.NaN].map((p) => ({
      build: (graph: Graph) => dropout(graph.input('x', [2]), p),
      message: new RegExp(
        `\\[dropout\\] expected a probability of at least 0 and below 1, got ${p}`,
      ),
    })),
    {
      build: (graph) => dropout(graph.input('x', [4, 6]), 0.1),
      message: /\[dropout\] expected rows of a multiple of 4 numbers, got \[4, 6\]/,
    },
  ],
});

testOp('dropPathAdd', {
  cases: (draw, i) => {
    const probabilities = { dropout: draw.pick([0, 0.1, 0.5]), dropPath: draw.pick([0, 0.1, 0.6]) };
    const shape = [draw.integer(1, 5), draw.integer(1, 4), SIZES[i] ?? 4 * draw.integer(1, 50)];
    return {
      label: JSON.stringify(probabilities),
      inputs: [shape, shape],
      build: ([residual, branch]) => dropPathAdd(residual, branch, probabilities),
    };
  },
  errors: [
    {
      build: (graph) =>
        dropPathAdd(graph.input('a', [2, 3]), graph.input('b', [3, 2]), {
          dropout: 0.1,
          dropPath: 0,
        }),
      message: /\[dropPathAdd\] expected inputs of one shape, got \[2, 3\] and \[3, 2\]/,
    },
  ],
});

/** Outputs of two dropouts of ones, [40, 500] each, at one step. */
async function masks(seed: number, step: number, probability: number) {
  const graph = new Graph();
  const x = graph.input('x', [40, 500]);
  const outputs = [dropout(x, probability), dropout(x, probability)].map((y) => graph.output(y));
  const plan = await compile(graph, await testDevice());
  plan.write(x, new Float32Array(x.size).fill(1));
  plan.run({ seed, step });
  const found = await Promise.all(outputs.map((y) => plan.read(y)));
  plan.destroy();
  return found;
}

// Four standard deviations of the share of 20,000 draws.
const SHARE_ERROR = (p: number): number => 4 * Math.sqrt((p * (1 - p)) / 20000);

test.each([0.1, 0.5, 0.9])('dropout %d drops that share and scales the rest', async (p) => {
  const [mask] = await masks(7, 3, p);
  const dropped = mask.filter((value) => value === 0).length / mask.length;
  expect(Math.abs(dropped - p)).toBeLessThan(SHARE_ERROR(p));
  expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - p))]));
});

test('a mask repeats for the same seed and step, and differs between steps, seeds and places', async () => {
  const [first, otherPlace] = await masks(7, 3, 0.5);
  expect((await masks(7, 3, 0.5))[0]).toEqual(first);
  for (const other of [otherPlace, (await masks(7, 4, 0.5))[0], (await masks(8, 3, 0.5))[0]]) {
    const agreeing = first.filter((value, i) => value === other[i]).length / first.length;
    expect(Math.abs(agreeing - 0.5)).toBeLessThan(SHARE_ERROR(0.5));
  }
});

test('drop-path drops whole samples, at its rate', () => {
  const graph = new Graph();
  const shape = [4000, 4];
  const [residual, branch] = ['residual', 'branch'].map((name) => graph.input(name, shape));
  const sum = graph.output(dropPathAdd(residual, branch, { dropout: 0, dropPath: 0.25 }));
  const plan = compileCpu(graph);
  plan.write(residual, new Float64Array(residual.size).fill(10));
  plan.write(branch, new Float64Array(branch.size).fill(3));
  plan.run({ seed: 1 });
  const values = plan.values(sum);
  const samples = Array.from({ length: 4000 }, (_, b) => values.slice(4 * b, 4 * b + 4));
  for (const sample of samples) expect(new Set(sample).size).toBe(1);
  expect(new Set(values)).toEqual(new Set([10, 10 + 3 * Math.fround(1 / 0.75)]));
  const dropped = samples.filter((sample) => sample[0] === 10).length / 4000;
  // Four standard deviations of the share of 4,000 draws.
  expect(Math.abs(dropped - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 4000));
});

test('a recomputed dropout draws the same mask', async () => {
  const build = (recompute: boolean): [Graph, Tensor, Tensor] => {
    const graph = new Graph();
    const x = graph.input('x', [1000], true);
    const layer = (): Tensor => dropout(dropout(x, 0.5), 0.3);
    const y = recompute ? graph.recompute(layer) : layer();
    const seed = graph.constant('seed', [1000], new Float32Array(1000).fill(1));
    const [gradient] = gradients([{ tensor: y, seed }], [x], add);
    return [graph, x, graph.output(gradient!)];
  };
  const found: Float32Array[] = [];
  for (const recompute of [false, true]) {
    const [graph, x, gradient] = build(recompute);
    const plan = await compile(graph, await testDevice());
    plan.write(x, new Float32Array(1000).fill(1));
    plan.run({ seed: 5, step: 6 });
    found.push(await plan.read(gradient));
    plan.destroy();
  }
  expect(found[1]).toEqual(found[0]);
  expect(new Set(found[0]).size).toBe(2);
});

test('with probability 0 dropout is no node', () => {
  const graph = new Graph();
  const x = graph.input('x', [4]);
  expect(dropout(x, 0)).toBe(x);
  dropPathAdd(x, x, { dropout: 0, dropPath: 0 });
  expect(graph.nodes.map((node) => node.op.name)).toEqual(['add']);
});
