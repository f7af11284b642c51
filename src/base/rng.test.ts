// Proof of the random numbers: the same bits on the GPU, and spread as their names say.

import { describe, expect, test } from 'vitest';
import random from '../../shaders/common/random.wgsl?raw';
import { readOnce, USAGE } from '../gpu/buffer';
import { pipelineFor } from '../gpu/pipeline';
import { defineShader } from '../gpu/shader';
import { testDevice } from '../gpu/testDevice';
import { gaussian, integer, PURPOSE, permutation, randomFour, randomU32, uniform } from './rng';
import source from './rng.test.wgsl?raw';

const EDGES = [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff];

/** [seed, purpose, step, index]: all edges with each other, then counters as they occur. */
function counterTable(): Uint32Array {
  const rows = EDGES.flatMap((a) =>
    EDGES.flatMap((b) => EDGES.flatMap((c) => EDGES.map((d) => [a, b, c, d]))),
  );
  for (let i = 0; i < 3000; i++) rows.push([i % 5, 1000 + (i % 31), i * 7, i * 1299721]);
  return Uint32Array.from(rows.flat());
}

test('the random numbers of WGSL equal the twins bit for bit', async () => {
  const gpu = await testDevice();
  const { device } = gpu;
  const counters = counterTable();
  const count = counters.length / 4;
  const buffer = (size: number): GPUBuffer =>
    device.createBuffer({
      size,
      usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget,
    });
  const input = buffer(counters.byteLength);
  const output = buffer(count * 32);
  device.queue.writeBuffer(input, 0, counters as Uint32Array<ArrayBuffer>);
  const shader = defineShader('rng_test', source, random);
  const made = await pipelineFor(gpu, shader, 'draw', {}, ['counters', 'bits']);
  const entries = [input, output].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(made.pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: made.layout, entries }));
  pass.dispatchWorkgroups(Math.ceil(count / 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
  const got = new Uint32Array((await readOnce(gpu, output, 0, count * 32)).buffer);

  const asBits = new Uint32Array(1);
  const asFloat = new Float32Array(asBits.buffer);
  const expected = new Uint32Array(8 * count);
  for (let i = 0; i < count; i++) {
    const [seed, purpose, step, index] = counters.subarray(4 * i, 4 * i + 4);
    asFloat[0] = uniform(seed, purpose, step, index);
    expected.set(randomFour(seed, purpose, step, index), 8 * i);
    expected.set([randomU32(seed, purpose, step, index), asBits[0]], 8 * i + 4);
  }
  expect(got).toEqual(expected);
  for (let number = 0; number < 4; number++) {
    const usual = expected.filter((_, i) => i % 8 === number).subarray(EDGES.length ** 4);
    expect(new Set(usual).size).toBe(3000);
  }
});

const COUNT = 40_000;
const along: [string, (i: number) => number][] = [
  ['index', (i) => uniform(1, PURPOSE.test, 2, i)],
  ['step', (i) => uniform(1, PURPOSE.test, i, 2)],
  ['purpose', (i) => uniform(1, i, 3, 2)],
  ['seed', (i) => uniform(i, PURPOSE.test, 3, 2)],
];

describe.each(along)('uniform numbers along the %s', (_, draw) => {
  const values = Array.from({ length: COUNT }, (_, i) => draw(i));

  test('are within [0, 1) and fill 64 bins evenly', () => {
    expect(values.every((u) => u >= 0 && u < 1)).toBe(true);
    const bins = new Array<number>(64).fill(0);
    for (const u of values) bins[Math.floor(64 * u)]++;
    const chi2 = bins.reduce((sum, n) => sum + (n - COUNT / 64) ** 2 / (COUNT / 64), 0);
    // 63 degrees of freedom: 5 standard deviations around the mean, so neither uneven nor too even.
    expect(Math.abs(chi2 - 63)).toBeLessThan(5 * Math.sqrt(2 * 63));
  });

  test('do not correlate with their neighbours', () => {
    let sum = 0;
    for (let i = 1; i < COUNT; i++) sum += (values[i] - 0.5) * (values[i - 1] - 0.5);
    // 5 standard deviations of the correlation of independent numbers.
    expect(Math.abs((12 * sum) / COUNT)).toBeLessThan(5 / Math.sqrt(COUNT));
  });
});

test('gaussian numbers have mean 0, variance 1, no skew and the tails of a normal', () => {
  const values = Array.from({ length: COUNT }, (_, i) => gaussian(4, PURPOSE.test, 0, i));
  const moment = (k: number): number => values.reduce((sum, z) => sum + z ** k, 0) / COUNT;
  // Each within 5 standard deviations: variances 1, 2, 15 and 96 over the count.
  expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / COUNT));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT));
  expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / COUNT));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / COUNT));
});

test('integer reaches both ends, evenly', () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < COUNT; i++) {
    const n = integer(5, PURPOSE.test, 0, i, -2, 2);
    counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  for (const n of counts.values()) {
    expect(Math.abs(n - COUNT / 5)).toBeLessThan(5 * Math.sqrt(COUNT * 0.16));
  }
});

test.each([0, 1, 2, 3, 1000])('permutation of %d is a permutation', (count) => {
  const order = permutation(6, PURPOSE.shuffle, 0, count);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
});

test('permutations repeat for the same counters, and all six of three come alike often', () => {
  expect(permutation(6, PURPOSE.shuffle, 1, 50)).toEqual(permutation(6, PURPOSE.shuffle, 1, 50));
  const counts = new Map<string, number>();
  for (let step = 0; step < 6000; step++) {
    const order = permutation(6, PURPOSE.shuffle, step, 3).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const n of counts.values()) {
    expect(Math.abs(n - 1000)).toBeLessThan(5 * Math.sqrt((6000 * 5) / 36));
  }
});
