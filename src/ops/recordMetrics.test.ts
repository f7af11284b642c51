// Proof of the metrics ring: each step's scalars in its row, whatever their number.

import { describe, expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU, createStore } from '../autograd/store';
import { testDevice } from '../gpu/testDevice';
import { recordMetrics } from './recordMetrics';

describe.each(['cpu', 'gpu'] as const)('recordMetrics on %s', (kind) => {
  // Around the seven scalars of one dispatch.
  test.each([1, 3, 7, 8, 15])('%d scalars, rows out of order and past the end', async (count) => {
    const device = kind === 'cpu' ? CPU : await testDevice();
    const slots = 4;
    const store = createStore(device, slots * count, 'metrics');
    const graph = new Graph();
    const scalars = Array.from({ length: count }, (_, k) => graph.input(`metric${k}`, [1]));
    recordMetrics(graph.stored('ring', [slots, count], store), scalars);
    const plan = await compile(graph, device);
    const expected = new Float32Array(slots * count);
    for (const ringSlot of [2, 0, 7]) {
      scalars.forEach((scalar, k) => {
        const value = 100 * ringSlot + k + 0.5;
        plan.write(scalar, Float32Array.of(value));
        expected[(ringSlot % slots) * count + k] = value;
      });
      plan.run({ ringSlot });
    }
    expect(await store.read()).toEqual(expected);
    plan.destroy();
  });

  test('two recordings share a row', async () => {
    const device = kind === 'cpu' ? CPU : await testDevice();
    const store = createStore(device, 2 * 4, 'metrics');
    const graph = new Graph();
    const ring = graph.stored('ring', [2, 4], store);
    const constant = (value: number) => graph.constant('scalar', [1], Float32Array.of(value));
    recordMetrics(ring, [constant(5)], 3);
    recordMetrics(ring, [constant(6), constant(7)]);
    const plan = await compile(graph, device);
    plan.run({ ringSlot: 1 });
    expect([...(await store.read())]).toEqual([0, 0, 0, 0, 6, 7, 0, 5]);
    plan.destroy();
  });

  test('a NaN arrives as one', async () => {
    const device = kind === 'cpu' ? CPU : await testDevice();
    const store = createStore(device, 2, 'metrics');
    const graph = new Graph();
    const scalar = graph.input('loss', [1]);
    recordMetrics(graph.stored('ring', [2, 1], store), [scalar]);
    const plan = await compile(graph, device);
    plan.write(scalar, Float32Array.of(Number.NaN));
    plan.run({ ringSlot: 1 });
    expect([...(await store.read())]).toEqual([0, Number.NaN]);
    plan.destroy();
  });
});

test('recordMetrics refuses what does not fit', () => {
  const graph = new Graph();
  const ring = graph.stored('ring', [4, 2], createStore(CPU, 64, 'metrics'));
  const one = graph.input('one', [1]);
  expect(() => recordMetrics(ring, [one, one, one])).toThrow(
    '[recordMetrics] expected a ring [slots, columns] of at least 3 columns for 3 scalars from column 0, got [4, 2]',
  );
  expect(() => recordMetrics(ring, [one], 2)).toThrow(
    'at least 3 columns for 1 scalars from column 2, got [4, 2]',
  );
  expect(() => recordMetrics(ring, [one, graph.input('two', [2])])).toThrow(
    '[recordMetrics] expected scalars, got two [2]',
  );
  expect(() => recordMetrics(graph.input('x', [4, 1]), [one])).toThrow(
    'expected a stored ring, got x (input)',
  );
});
