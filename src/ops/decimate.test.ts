// Proof of the decimation: channels and blocks of odd sizes, missing samples, and blocks that continue one another.

import { expect, test } from 'vitest';
import { compileGpu } from '../autograd/gpuPlan';
import { Graph } from '../autograd/graph';
import { gaussian } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { DECIMATE_STATE, decimate } from './decimate';
import { testOp } from './testOp';

const CHANNELS = [1, 15, 16, 17, 96];

/** Number k of the sections of a Butterworth low-pass of order 8 with its corner at `share` of the rate. */
function sectionNumber(share: number, k: number): number {
  const g = Math.tan(Math.PI * share);
  const damping = 2 * Math.sin((Math.PI * (2 * Math.floor(k / 3) + 1)) / 16);
  return g ** (k % 3) / (1 + g * (g + damping));
}

testOp('decimate', {
  cases: (draw, i) => {
    const C = CHANNELS[i] ?? draw.integer(1, 40);
    const factor = draw.pick([1, 2, 24, 30]);
    const N = factor * draw.integer(1, 8);
    const share = draw.pick([0.0125, 0.0167, 0.2]);
    const [state, sections] = [1, 2];
    return {
      label: `factor ${factor}, corner ${share}`,
      inputs: [
        [N, C],
        [C, DECIMATE_STATE],
        [4, 3],
      ],
      build: ([samples, before, coefficients]) => decimate(samples, before, coefficients, factor),
      sample: (input, z, k) => {
        if (input === sections) return sectionNumber(share, k);
        // Half of the channels have had a value before.
        if (input === state && k % DECIMATE_STATE === DECIMATE_STATE - 1) return Number(z > 0);
        return 100 * z;
      },
      differentiable: [false, false, false],
    };
  },
  errors: [
    {
      build: (graph) =>
        decimate(
          graph.input('samples', [25, 3]),
          graph.input('state', [3, DECIMATE_STATE]),
          graph.input('sections', [4, 3]),
          24,
        ),
      message: /\[decimate\] expected samples \[n, C\] with n a multiple of 24, got \[25, 3\]/,
    },
    {
      build: (graph) =>
        decimate(
          graph.input('samples', [24, 3]),
          graph.input('state', [2, DECIMATE_STATE]),
          graph.input('sections', [4, 3]),
          24,
        ),
      message:
        /\[decimate\] expected state \[3, 11\] and sections \[4, 3\], got \[2, 11\] and \[4, 3\]/,
    },
  ],
});

test('missing samples repeat the last one, and are missing where they would be kept', async () => {
  const gpu = await testDevice();
  const [count, channels, factor] = [12, 3, 4];
  const graph = new Graph();
  const samples = graph.input('samples', [count, channels]);
  const state = graph.constant(
    'state',
    [channels, DECIMATE_STATE],
    new Float32Array(3 * DECIMATE_STATE),
  );
  const sections = graph.constant(
    'sections',
    [4, 3],
    Float32Array.from({ length: 12 }, (_, k) => sectionNumber(0.1, k)),
  );
  const kept = graph.output(decimate(samples, state, sections, factor)[0]);
  const plan = await compileGpu(graph, gpu);
  const run = async (values: Float32Array) => {
    plan.write(samples, values);
    plan.run();
    return plan.read(kept);
  };
  const whole = Float32Array.from({ length: count * channels }, (_, i) => gaussian(1, 1, 0, i));
  const holed = whole.slice();
  const held = whole.slice();
  // Channel 0 misses sample 2, channel 1 sample 4, which is kept, channel 2 its first five.
  for (const [i, c] of [
    [2, 0],
    [4, 1],
  ]) {
    holed[i * channels + c] = Number.NaN;
    held[i * channels + c] = whole[(i - 1) * channels + c];
  }
  for (let i = 0; i < 5; i++) {
    holed[i * channels + 2] = i % 2 ? Number.POSITIVE_INFINITY : Number.NaN;
    held[i * channels + 2] = whole[5 * channels + 2];
  }
  const got = await run(holed);
  const wanted = await run(held);
  wanted[1 * channels + 1] = Number.NaN;
  wanted[0 * channels + 2] = Number.NaN;
  wanted[1 * channels + 2] = Number.NaN;
  expect([...got]).toEqual([...wanted]);
  expect(got.filter(Number.isNaN).length).toBe(3);
  plan.destroy();
});
