// Proof of the loss scale: its schedule and the division by it, exact on both devices.

import { describe, expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU, createStore, type Device } from '../autograd/store';
import { gaussian, PURPOSE } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { adjustLossScale, unscale } from './lossScale';

const SETTINGS = { growthSteps: 3, smallest: 1 };
const ENDLESS = Number.POSITIVE_INFINITY;

describe.each(['cpu', 'gpu'] as const)('on %s', (kind) => {
  const deviceOf = async (): Promise<Device> => (kind === 'cpu' ? CPU : testDevice());

  /** The state after each step. */
  async function schedule(first: number, steps: readonly (readonly number[])[]) {
    const device = await deviceOf();
    const store = createStore(device, 2, 'loss scale');
    store.write(Float32Array.of(first, 0));
    const graph = new Graph();
    const norms = steps[0].map((_, i) => graph.input(`norm${i}`, [1]));
    adjustLossScale(graph.stored('state', [2], store), norms, SETTINGS);
    const plan = await compile(graph, device);
    const states: number[][] = [];
    for (const values of steps) {
      norms.forEach((norm, i) => {
        plan.write(norm, Float32Array.of(values[i]));
      });
      plan.run();
      states.push([...(await store.read())]);
    }
    plan.destroy();
    store.destroy();
    return states;
  }

  test('doubles after enough good steps in a row, however large or small their norms', async () => {
    expect(await schedule(1024, [[1], [0], [3e38], [1e-40], [1], [1], [1]])).toEqual([
      [1024, 1],
      [1024, 2],
      [2048, 0],
      [2048, 1],
      [2048, 2],
      [4096, 0],
      [4096, 1],
    ]);
  });

  test('halves when the norm is NaN or infinite, counts again, and stops at the smallest', async () => {
    expect(
      await schedule(4, [[1], [1], [ENDLESS], [1], [Number.NaN], [Number.NaN], [1], [1]]),
    ).toEqual([
      [4, 1],
      [4, 2],
      [2, 0],
      [2, 1],
      [1, 0],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
  });

  test('of two norms both must be finite', async () => {
    expect(
      await schedule(64, [
        [1, 1],
        [ENDLESS, 1],
        [1, Number.NaN],
        [1, 1],
      ]),
    ).toEqual([
      [64, 1],
      [32, 0],
      [16, 0],
      [16, 1],
    ]);
  });

  test('unscale divides to the bit and leaves what is not finite', async () => {
    const device = await deviceOf();
    const values = Float32Array.from({ length: 1000 }, (_, i) => gaussian(1, PURPOSE.test, 0, i));
    values.set([Number.NaN, ENDLESS, -ENDLESS, 0], 501);
    const store = createStore(device, values.length, 'gradient');
    store.write(values);
    const graph = new Graph();
    const scale = graph.input('scale', [1]);
    unscale(graph.stored('gradient', [values.length], store), scale);
    const plan = await compile(graph, device);
    plan.write(scale, Float32Array.of(2 ** 20));
    plan.run();
    expect(await store.read()).toEqual(values.map((value) => value / 2 ** 20));
    plan.destroy();
    store.destroy();
  });
});

test('what is not stored, and no norm or three, are refused', () => {
  const graph = new Graph();
  const norm = graph.input('norm', [1]);
  const state = graph.stored('state', [2], createStore(CPU, 2, 'state'));
  const six = graph.stored('six', [6], createStore(CPU, 6, 'six'));
  expect(() => unscale(norm, norm)).toThrow('[unscale] expected a stored gradient of a multiple');
  expect(() => unscale(six, norm)).toThrow('got six [6] (stored)');
  expect(() => adjustLossScale(norm, [norm], SETTINGS)).toThrow(
    '[adjustLossScale] expected a stored state [2], got norm [1] (input)',
  );
  expect(() => adjustLossScale(state, [], SETTINGS)).toThrow('expected one or two norms, got 0');
  expect(() => adjustLossScale(state, [norm, norm, norm], SETTINGS)).toThrow('got 3');
});
