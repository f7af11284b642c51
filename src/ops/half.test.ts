// Proof of the cast to halves: to the bit, the nearest half, on the GPU and on the processor.

import { describe, expect, test } from 'vitest';
import { compileGpu } from '../autograd/gpuPlan';
import { gradients } from '../autograd/gradients';
import { Graph, type Precision } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU } from '../autograd/store';
import { halfToFloat, packHalves, unpackHalves } from '../base/half';
import { gaussian, PURPOSE } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { add, scale, silu } from './elementwise';
import { keepHalf, toF32, toHalf } from './half';
import { reshape } from './reshape';

/** All that are not negative, from zero to the largest. */
const HALVES = Float64Array.from({ length: 0x7c00 }, (_, bits) => halfToFloat(bits));

/** By search, of two that are as near the one whose bits are even. */
function nearestHalf(value: number): number {
  const magnitude = Math.abs(value);
  let [low, high] = [0, HALVES.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (HALVES[middle] <= magnitude) low = middle;
    else high = middle;
  }
  const toLow = magnitude - HALVES[low];
  const toHigh = HALVES[high] - magnitude;
  const isLow = toLow === toHigh ? low % 2 === 0 : toLow < toHigh;
  return Math.sign(value) * HALVES[isLow ? low : high];
}

async function castOnGpu(values: Float32Array): Promise<Float32Array> {
  const graph = new Graph();
  const x = graph.input('x', [values.length]);
  const halves = graph.output(toHalf(x));
  const plan = await compileGpu(graph, await testDevice());
  plan.write(x, values);
  plan.run();
  const got = await plan.read(halves);
  plan.destroy();
  return got;
}

/** There and back on the processor. */
const castHere = (values: Float32Array): Float32Array =>
  unpackHalves(new Float32Array(packHalves(values).buffer));

describe('toHalf', () => {
  test('keeps every half to the bit', async () => {
    const all = Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToFloat(bits));
    expect(all.filter(Number.isFinite)).toHaveLength(2 * HALVES.length);
    expect(await castOnGpu(all)).toEqual(all);
    expect(castHere(all)).toEqual(all);
  });

  test.each([
    ['normal draws', 1],
    ['draws below the smallest normal half', 2 ** -16],
    ['draws below the smallest half', 2 ** -25],
    ['draws near the largest', 2 ** 14],
  ])('rounds %s to the nearest, alike on GPU and processor', async (_, size) => {
    const values = Float32Array.from(
      { length: 8192 },
      (_, i) => size * gaussian(1, PURPOSE.test, 0, i),
    );
    const nearest = values.map(nearestHalf);
    expect(await castOnGpu(values)).toEqual(nearest);
    expect(castHere(values)).toEqual(nearest);
    // Control: they are rounded.
    expect(nearest).not.toEqual(values);
  });

  test('takes the even one of two that are as near', async () => {
    const middles = Float32Array.from(
      { length: HALVES.length - 1 },
      (_, i) => (HALVES[i] + HALVES[i + 1]) / 2,
    ).subarray(0, HALVES.length - 4);
    const even = middles.map((_, i) => HALVES[i + (i % 2)]);
    expect(await castOnGpu(middles)).toEqual(even);
    expect(castHere(middles)).toEqual(even);
  });

  test.each(['cpu', 'gpu'] as const)('is infinite beyond the largest half on %s', async (kind) => {
    const graph = new Graph();
    const x = graph.input('x', [8]);
    const halves = graph.output(toHalf(x));
    const plan = await compile(graph, kind === 'cpu' ? CPU : await testDevice());
    const values = Float32Array.of(65504, -65504, 65505, -1e30, Infinity, -Infinity, NaN, 0);
    const expected = Float32Array.of(65504, -65504, Infinity, -Infinity, ...values.subarray(4));
    plan.write(x, values);
    plan.run();
    expect(await plan.read(halves)).toEqual(expected);
    expect(castHere(values)).toEqual(expected);
    plan.destroy();
  });

  test('takes half the memory, and a second cast none', async () => {
    const bytesOf = async (count: 'f32' | 'once' | 'twice'): Promise<number> => {
      const graph = new Graph();
      const x = graph.input('x', [16_384]);
      graph.output(count === 'f32' ? scale(x, 2) : toHalf(x));
      if (count === 'twice') graph.output(toHalf(x));
      const plan = await compileGpu(graph, await testDevice());
      plan.destroy();
      return plan.counts.bytes;
    };
    expect(await bytesOf('f32')).toBe(2 * 65_536);
    expect(await bytesOf('once')).toBe(65_536 + 32_768);
    expect(await bytesOf('twice')).toBe(65_536 + 32_768);
  });

  test('refuses rows that do not fill words, and no other op takes the halves', () => {
    const graph = new Graph();
    expect(() => toHalf(graph.input('x', [8, 6]))).toThrow(
      '[toHalf] expected rows of a multiple of 4 numbers, got [8, 6]',
    );
    const halves = toHalf(graph.input('x', [8]));
    expect(() => scale(halves, 2)).toThrow(
      '[scale] expected inputs in f32, got halves from toHalf',
    );
    expect(() => toF32(graph.input('x', [8]))).toThrow('[toF32] expected halves, got x in f32');
  });
});

describe.each([
  ['itself', false],
  ['under another shape', true],
])('keepHalf of a tensor that is read %s', (_, isReshaped) => {
  /** silu(x) and its gradient by x, whose rule reads x again. */
  async function onGpu(precision: Precision, values: Float32Array) {
    const graph = new Graph(precision);
    const x = graph.input('x', [64], true);
    const kept = keepHalf(scale(x, 1));
    const out = graph.output(silu(isReshaped ? reshape(kept, [8, 8]) : kept));
    const seed = graph.constant('seed', out.shape, new Float32Array(64).fill(1));
    const [gradient] = gradients([{ tensor: out, seed }], [x], add);
    graph.output(gradient!);
    const plan = await compileGpu(graph, await testDevice());
    plan.write(x, values);
    plan.run();
    const [forward, backward] = [await plan.read(out), await plan.read(gradient!)];
    plan.destroy();
    return { forward, backward, dispatches: plan.counts.dispatches };
  }

  test('the forward pass reads it, the backward pass its halves', async () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => gaussian(2, PURPOSE.test, 0, i));
    const rounded = await castOnGpu(values);
    const mixed = await onGpu('mixed', values);
    const f32 = await onGpu('f32', values);
    expect(mixed.forward).toEqual(f32.forward);
    expect(mixed.backward).toEqual((await onGpu('f32', rounded)).backward);
    // Control: rounding shows.
    expect(mixed.backward).not.toEqual(f32.backward);
    // A cast and one back.
    expect(mixed.dispatches).toBe(f32.dispatches + 2);
  });
});

test('a recompute region keeps no halves', () => {
  const graph = new Graph('mixed');
  const x = graph.input('x', [8]);
  graph.recompute(() => keepHalf(scale(x, 1)));
  expect(graph.kept.size).toBe(0);
  keepHalf(scale(x, 1));
  expect(graph.kept.size).toBe(1);
});
