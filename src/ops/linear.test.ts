// Proof of linear in f32 and in mixed precision, forward and backward, against the twin that rounds nothing.

import { expect, test } from 'vitest';
import { compileGpu } from '../autograd/gpuPlan';
import { gradients } from '../autograd/gradients';
import { Graph, type Precision } from '../autograd/graph';
import { createMirroredStore, type Store } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { gaussian, PURPOSE } from '../base/rng';
import type { GpuDevice } from '../gpu/device';
import { testDevice } from '../gpu/testDevice';
import { add, scale } from './elementwise';
import { toHalf } from './half';
import { linear, linears } from './linear';
import { matmul } from './matmul';
import { reshape } from './reshape';
import { TOLERANCE, testOp } from './testOp';

/** Two factors, each rounded to 11 bits: 2^-11 each, relative to the norm; a sum of many only averages it. */
const HALF_TOLERANCE = { forward: 1e-3, backward: 1e-3 };

/** A product and its sum of four each rounded to 11 bits besides. */
const F16_TOLERANCE = { forward: 2e-3, backward: 2e-3 };

const LENGTHS = [4, 8, 16, 20, 32, 68];

/** The device with its products of halves in f16, as adapters that are not software have it; with and without subgroups. */
function inF16(gpu: GpuDevice): GpuDevice[] {
  if (!gpu.device.features.has('shader-f16')) return [];
  const device = { ...gpu, multipliesHalves: true };
  return [device, { ...device, subgroupSize: undefined }];
}

const FORMS = [
  { name: 'f32', precision: 'f32', tolerance: TOLERANCE, count: 8, hasSubgroupForm: true },
  {
    name: 'mixed',
    precision: 'mixed',
    tolerance: HALF_TOLERANCE,
    count: 24,
    hasSubgroupForm: true,
  },
  { name: 'f16', precision: 'mixed', tolerance: F16_TOLERANCE, count: 24, formsOf: inF16 },
] as const;

for (const { name, ...form } of FORMS) {
  testOp(`linear in ${name}`, {
    ...form,
    cases(draw, i) {
      const rows = i % 8 === 7 ? 3000 : draw.pick(LENGTHS);
      const [n, k] = [draw.pick(LENGTHS), draw.pick(LENGTHS)];
      const lead = draw.pick([[rows], [2, rows / 2], [1, rows]]);
      const withBias = draw.pick([true, false]);
      const withResidual = draw.pick([true, false]);
      const isUsedAgain = draw.pick([true, false]);
      return {
        label: `${rows} ${n} ${k}`,
        inputs: [
          [...lead, k],
          [n, k],
          ...(withBias ? [[n]] : []),
          ...(withResidual ? [[...lead, n]] : []),
        ],
        build([x, weight, ...rest]) {
          const bias = withBias ? rest[0] : undefined;
          const out = linear(x, weight, bias, withResidual ? rest.at(-1) : undefined);
          // A later use of x, whose gradient comes first: the product by x adds it.
          return isUsedAgain ? [out, scale(x, 2)] : out;
        },
      };
    },
  });
}

for (const precision of ['f32', 'mixed'] as const) {
  testOp(`linears in ${precision}`, {
    precision,
    hasSubgroupForm: true,
    tolerance: precision === 'mixed' ? HALF_TOLERANCE : TOLERANCE,
    count: 16,
    cases(draw, i) {
      const rows = i % 8 === 7 ? 3000 : draw.pick(LENGTHS);
      const [n, k] = [draw.pick(LENGTHS), draw.pick(LENGTHS)];
      const count = draw.pick([1, 2, 3]);
      const beside = draw.pick([true, false]);
      const withResidual = draw.pick([true, false]);
      const isUsedAgain = draw.pick([true, false]);
      return {
        label: `${count} of ${rows} ${n} ${k}, beside ${beside}`,
        inputs: [
          [count, rows, k],
          [count, n, k],
          ...(withResidual ? [beside ? [rows, count * n] : [count, rows, n]] : []),
        ],
        build([x, weight, residual]) {
          const out = linears(x, weight, { beside, residual });
          return isUsedAgain ? [out, scale(x, 2)] : out;
        },
      };
    },
  });
}

/** out = x weight^T, and the gradients by x and weight, on the GPU. */
async function onGpu(precision: Precision, k: number, store?: Store, isStacked = false) {
  const graph = new Graph(precision);
  const x = graph.input('x', [32, k], true);
  const weight = store
    ? graph.stored('weight', [16, k], store, 0, true)
    : graph.input('weight', [16, k], true);
  const one = (tensor: Tensor): Tensor => reshape(tensor, [1, ...tensor.shape]);
  const out = graph.output(isStacked ? linears(one(x), one(weight)) : linear(x, weight));
  const seed = graph.input('seed', out.shape);
  const found = gradients([{ tensor: out, seed }], [x, weight], add);
  for (const gradient of found) graph.output(gradient!);
  const plan = await compileGpu(graph, await testDevice());
  for (const [salt, tensor] of [x, weight, seed].entries()) {
    plan.write(
      tensor,
      Float32Array.from({ length: tensor.size }, (_, i) => gaussian(1, PURPOSE.test, salt, i)),
    );
  }
  plan.run();
  const results = await Promise.all([out, ...found].map((tensor) => plan.read(tensor!)));
  plan.destroy();
  return { results, dispatches: plan.counts.dispatches };
}

test('mixed precision rounds, and casts x, the weight and the gradient once each', async () => {
  const [f32, mixed] = [await onGpu('f32', 64), await onGpu('mixed', 64)];
  mixed.results.forEach((numbers, i) => {
    expect(numbers).not.toEqual(f32.results[i]);
  });
  expect([f32.dispatches, mixed.dispatches]).toEqual([3, 6]);
});

test('a weight whose store has a mirror is not cast, and gives the same bits', async () => {
  const store = createMirroredStore(await testDevice(), 16 * 64, 'weight');
  const [cast, mirrored] = [await onGpu('mixed', 64), await onGpu('mixed', 64, store)];
  expect(mirrored.results).toEqual(cast.results);
  expect([cast.dispatches, mirrored.dispatches]).toEqual([6, 5]);
  expect(await onGpu('mixed', 64, store, true)).toEqual(mirrored);
  store.destroy();
});

test('lengths that are no multiples of 4 stay in f32, to the bit', async () => {
  const [f32, mixed] = [await onGpu('f32', 66), await onGpu('mixed', 66)];
  expect(mixed).toEqual(f32);
});

test('a product takes f32 or halves, not one of each', () => {
  const graph = new Graph();
  const [a, b] = [graph.input('a', [8, 8]), graph.input('b', [8, 8])];
  expect(() => matmul(toHalf(a), b)).toThrow(
    '[matmul] expected f32 or halves, got one of each: toHalf, b',
  );
});
