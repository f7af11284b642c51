// Proof of the cast to halves: to the bit where a half holds the number, within half a unit where it does not.

import { describe, expect, test } from 'vitest';
import { compileGpu } from '../autograd/gpuPlan';
import { gradients } from '../autograd/gradients';
import { Graph, type Precision } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU } from '../autograd/store';
import { halfToFloat, LARGEST_HALF } from '../base/half';
import { gaussian, PURPOSE } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { add, scale, silu } from './elementwise';
import { keepHalf, toF32, toHalf } from './half';
import { reshape } from './reshape';

/** An adapter may round to either neighbour: one unit in the last of 11 bits. */
const ROUNDING = 2 ** -10;
/** The smallest half with all its bits. */
const SMALLEST_NORMAL = 2 ** -14;

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

describe('toHalf', () => {
  test('keeps every normal half, zero and the infinities to the bit', async () => {
    const all = Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToFloat(bits)).filter(
      (value) => value === 0 || Math.abs(value) >= SMALLEST_NORMAL,
    );
    expect(all).toHaveLength(2 + 2 * (30 * 1024 + 1));
    const padded = new Float32Array(Math.ceil(all.length / 4) * 4);
    padded.set(all);
    expect(await castOnGpu(padded)).toEqual(padded);
  });

  test('rounds what lies between', async () => {
    const values = Float32Array.from({ length: 4096 }, (_, i) => gaussian(1, PURPOSE.test, 0, i));
    const got = await castOnGpu(values);
    values.forEach((value, i) => {
      const error = Math.abs(got[i] - value) / Math.max(Math.abs(value), SMALLEST_NORMAL);
      expect(error).toBeLessThan(ROUNDING);
    });
    // Control: they are rounded.
    expect(got).not.toEqual(values);
  });

  test.each(['cpu', 'gpu'] as const)('is infinite beyond the largest half on %s', async (kind) => {
    const graph = new Graph();
    const x = graph.input('x', [8]);
    const halves = graph.output(toHalf(x));
    const plan = await compile(graph, kind === 'cpu' ? CPU : await testDevice());
    plan.write(
      x,
      Float32Array.of(LARGEST_HALF, -LARGEST_HALF, 65536, -1e30, Infinity, -Infinity, NaN, 0),
    );
    plan.run();
    expect(await plan.read(halves)).toEqual(
      Float32Array.of(65504, -65504, Infinity, -Infinity, Infinity, -Infinity, NaN, 0),
    );
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
