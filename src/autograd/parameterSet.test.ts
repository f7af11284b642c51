// Proof of the flat memory of parameters: one tensor over neighbours, and which tensors are trained.

import { describe, expect, test } from 'vitest';
import { Graph } from './graph';
import { ParameterSet, type ParameterSpec } from './parameterSet';
import { CPU } from './store';

// 15 numbers, so that padding would lie between neighbours.
const SPECS: readonly ParameterSpec[] = [
  { name: 'first', shape: [7], decay: true },
  { name: 'upper', shape: [2, 5], decay: true },
  { name: 'lower', shape: [1, 5], decay: true, behind: 'upper' },
  { name: 'last', shape: [3], decay: true },
];

const values = new Map(
  SPECS.map(({ name, shape }, i) => [
    name,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => 100 * i + k),
  ]),
);

describe('parameters that lie behind each other', () => {
  test('are one tensor, and keep their own names on the way in and out', async () => {
    const set = new ParameterSet(CPU, SPECS);
    set.load(values);
    const both = set.reader(new Graph())('upper', 'lower');
    expect(both.shape).toEqual([3, 5]);
    const { role } = both;
    if (role.kind !== 'stored') throw new Error(`expected a stored tensor, got ${role.kind}`);
    expect(role.offset % 64).toBe(0);
    const stacked = [...values.get('upper')!, ...values.get('lower')!];
    expect([...(await role.store.read(role.offset, both.size))]).toEqual(stacked);
    expect(await set.read()).toEqual(values);
  });

  test('are trained through the tensors that the graph reads', () => {
    const set = new ParameterSet(CPU, SPECS, (name) => name !== 'last');
    const graph = new Graph();
    const read = set.reader(graph);
    read('last');
    const first = read('first');
    expect(() => set.trainedTensors(graph)).toThrow(/got no use of upper: freeze it/);
    const both = read('upper', 'lower');
    expect(read('upper', 'lower')).toBe(both);
    expect(set.trainedTensors(graph)).toEqual([
      { tensor: first, names: ['first'], offset: 0 },
      { tensor: both, names: ['upper', 'lower'], offset: 64 },
    ]);
  });

  test('must not be frozen apart, and others are no neighbours', () => {
    expect(() => new ParameterSet(CPU, SPECS, (name) => name !== 'upper')).toThrow(
      '[parameters] expected lower behind upper, got it behind first: train, decay or freeze both',
    );
    const read = new ParameterSet(CPU, SPECS).reader(new Graph());
    expect(() => read('lower', 'last')).toThrow(
      '[parameters] expected last to lie behind lower, got it behind padding',
    );
  });
});
