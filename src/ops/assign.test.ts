// Proof of assign: the store holds the value on both devices, and nothing else changes.

import { expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU, createStore } from '../autograd/store';
import { testDevice } from '../gpu/testDevice';
import { assign } from './assign';

test.each(['cpu', 'gpu'] as const)('assign writes its range of the store on %s', async (kind) => {
  const device = kind === 'cpu' ? CPU : await testDevice();
  const store = createStore(device, 64 + 300, 'state');
  store.write(new Float32Array(364).fill(7));
  const graph = new Graph();
  const value = graph.input('value', [3, 99]);
  assign(graph.stored('state', [3, 99], store, 64), value);
  const plan = await compile(graph, device);
  plan.write(
    value,
    Float32Array.from({ length: 297 }, (_, i) => i),
  );
  plan.run();
  const got = await store.read();
  expect([...got.slice(0, 64), ...got.slice(361)].every((x) => x === 7)).toBe(true);
  expect([...got.slice(64, 361)]).toEqual(Array.from({ length: 297 }, (_, i) => i));
});

test('assign refuses another shape and an activation', () => {
  const graph = new Graph();
  const store = createStore(CPU, 64, 'state');
  const stored = graph.stored('state', [4], store);
  expect(() => assign(stored, graph.input('x', [5]))).toThrow(
    '[assign] expected a value of shape [4], got [5]',
  );
  expect(() => assign(graph.input('y', [5]), graph.input('x', [5]))).toThrow(
    'expected a stored tensor',
  );
});
