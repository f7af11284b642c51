// Proof of the flat memory of parameters: one tensor over neighbours, and which tensors are trained.

import { describe, expect, test } from 'vitest';
import { testDevice } from '../gpu/testDevice';
import { Graph } from './graph';
import type { ParameterSpec } from './parameterLayout';
import { ParameterSet } from './parameterSet';
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

test.each(['cpu', 'gpu'] as const)('in mixed precision halves follow on %s', async (kind) => {
  const set = new ParameterSet(
    kind === 'cpu' ? CPU : await testDevice(),
    SPECS,
    () => false,
    'mixed',
  );
  set.load(values);
  const { role } = set.reader(new Graph('mixed'))('last');
  if (role.kind !== 'stored') throw new Error(`expected a stored tensor, got ${role.kind}`);
  const { halves } = role.store;
  // A range of halves begins at a multiple of 256 bytes.
  expect(role.offset % 128).toBe(0);
  expect(await halves!.read(role.offset, 4)).toEqual(Float32Array.of(300, 301, 302, 0));
  expect(await set.read()).toEqual(values);
  // Control: where nothing reads them there are none.
  expect(new ParameterSet(CPU, SPECS).values.halves).toBe(undefined);
  set.destroy();
});

describe('parameters that lie behind each other', () => {
  test('are one tensor, and keep their own names on the way in and out', async () => {
    const set = new ParameterSet(CPU, SPECS);
    set.load(values);
    const both = set.reader(new Graph())('upper', 'lower');
    expect(both.shape).toEqual([3, 5]);
    const { role } = both;
    if (role.kind !== 'stored') throw new Error(`expected a stored tensor, got ${role.kind}`);
    expect(role.offset % 128).toBe(0);
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
      { tensor: both, names: ['upper', 'lower'], offset: 128 },
    ]);
  });

  test('must not be frozen apart, and others are no neighbours', () => {
    expect(() => new ParameterSet(CPU, SPECS, (name) => name !== 'upper')).toThrow(
      '[parameters] expected lower alone behind upper, got them apart: train, decay or freeze both',
    );
    expect(() => new ParameterSet(CPU, [...SPECS, { ...SPECS[2], name: 'too' }])).toThrow(
      '[parameters] expected lower alone behind upper',
    );
    const read = new ParameterSet(CPU, SPECS).reader(new Graph());
    expect(() => read('lower', 'last')).toThrow(
      '[parameters] expected last to lie behind lower, got it behind padding',
    );
  });
});

describe('parameters that the list has apart', () => {
  // Of two directions: in the list one after the other, in memory each beside its namesake.
  const apart: readonly ParameterSpec[] = [
    { name: 'fwd.weight', shape: [2, 5], decay: true },
    { name: 'fwd.lower', shape: [1, 5], decay: true, behind: 'fwd.weight' },
    { name: 'fwd.bias', shape: [3], decay: true },
    { name: 'bwd.weight', shape: [2, 5], decay: true, behind: 'fwd.lower' },
    { name: 'bwd.lower', shape: [1, 5], decay: true, behind: 'bwd.weight' },
    { name: 'bwd.bias', shape: [3], decay: true, behind: 'fwd.bias' },
    { name: 'frozen', shape: [2], decay: true },
  ];
  const set = new ParameterSet(CPU, apart, (name) => name !== 'frozen');
  const weights = new Map(
    apart.map(({ name, shape }, i) => [
      name,
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => 100 * i + k + 1),
    ]),
  );

  test('are one tensor', async () => {
    set.load(weights);
    expect(await set.read()).toEqual(weights);
    const names = ['fwd.weight', 'fwd.lower', 'bwd.weight', 'bwd.lower'];
    const all = set.reader(new Graph())(...names);
    expect(all.shape).toEqual([6, 5]);
    if (all.role.kind !== 'stored') throw new Error(`expected a stored tensor, got ${all.name}`);
    expect([...(await set.values.read(all.role.offset, all.size))]).toEqual(
      names.flatMap((name) => [...weights.get(name)!]),
    );
    expect([set.trainedCount, set.values.elements]).toEqual([256, 384]);
  });

  test('keep the order of the list in files, padded as if they lay so', async () => {
    set.load(weights);
    const values = await set.values.read();
    const inFile = set.toFileOrder(values);
    const offsets = { 'fwd.weight': 0, 'fwd.lower': 10, 'fwd.bias': 64 };
    const others = { 'bwd.weight': 128, 'bwd.lower': 138, 'bwd.bias': 192, frozen: 256 };
    expect(inFile).toHaveLength(320);
    for (const [name, offset] of Object.entries({ ...offsets, ...others })) {
      const numbers = weights.get(name)!;
      expect(inFile.slice(offset, offset + numbers.length), name).toEqual(numbers);
    }
    expect(set.toMemoryOrder(inFile)).toEqual(values);
    // Moments, of the trained parameters only.
    const moments = values.slice(0, set.trainedCount);
    expect(set.toFileOrder(moments)).toEqual(inFile.slice(0, 256));
    expect(set.toMemoryOrder(inFile.slice(0, 256))).toEqual(moments);
    expect(() => set.toMemoryOrder(values)).toThrow(
      "[checkpoint] expected 320 parameters, or 256 that are trained, got 384: the model's sizes changed since they were saved",
    );
  });
});
