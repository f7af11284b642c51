// How many workgroups a kernel gets, and that those which then take several elements leave none out.

import { expect, test } from 'vitest';
import { testDevice } from '../gpu/testDevice';
import { add } from '../ops/elementwise';
import { gate } from '../ops/gate';
import { Graph } from './graph';
import { bitsOf, gridStride, rowsGrid } from './op';
import { compile } from './plan';
import type { Tensor } from './tensor';

test.each([
  { count: 1, size: 256, groups: 1 },
  { count: 16_384, size: 256, groups: 64 },
  { count: 65_536, size: 256, groups: 64 },
  { count: 1_000_000, size: 256, groups: 977 },
  { count: 1e9, size: 256, groups: 65_535 },
  { count: 100, size: 1, groups: 100 },
])('$count elements, $size in a workgroup: $groups workgroups', ({ count, size, groups }) => {
  expect(gridStride(count, size)).toEqual([groups, 1, 1]);
});

test.each([
  { rows: 10, columns: 64, grid: [1, 10, 1] },
  { rows: 1000, columns: 128, grid: [2, 250, 1] },
  { rows: 1e6, columns: 65, grid: [2, 32_768, 1] },
  { rows: 3, columns: 1e6, grid: [15_625, 1, 1] },
])('$rows rows of $columns: $grid', ({ rows, columns, grid }) => {
  expect(rowsGrid(rows, columns)).toEqual(grid);
});

test('kernels whose invocations take several elements or rows take all', async () => {
  const graph = new Graph();
  const shape = [700, 256];
  const x = graph.input('x', shape);
  const outputs: Tensor[] = [add(x, x), gate(x, x)].map((y) => graph.output(y));
  const plan = await compile(graph, await testDevice());
  plan.write(x, new Float32Array(x.size).fill(1));
  plan.run();
  const found = await Promise.all(outputs.map((y) => plan.read(y)));
  plan.destroy();
  const silu = Math.fround(1 / (1 + Math.exp(-1)));
  expect(found[0].every((value) => value === 2)).toBe(true);
  expect(found[1].every((value) => Math.abs(value - silu) < 1e-6)).toBe(true);
});

test('bitsOf has the bits of an f32', () => {
  expect([0, 1, -2, 1.25].map(bitsOf)).toEqual([0, 0x3f800000, 0xc0000000, 0x3fa00000]);
});
