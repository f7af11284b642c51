// Exact counts of a steady training step, so that a regression of dispatches, submits or allocations fails.

import { beforeAll, expect, test } from 'vitest';
import type { GpuDevice } from '../src/gpu/device';
import { testDevice } from '../src/gpu/testDevice';
import { caseOf, dataOf } from './cases';
import { counting, installCounters, newHeld } from './counters';
import { configOfPreset, countDispatches } from './realmSteps';
import { studioEngine } from './studioEngine';

let gpu: GpuDevice;

beforeAll(async () => {
  gpu = await testDevice();
  installCounters(gpu.device);
});

/** Lower them when a fusion lands; a rise needs a reason. */
const DISPATCHES = { S: 102, M8: 178 };
const REALM = {
  student: { perLayer: 29, outsideLayers: 45, total: 335 },
  teacher: { perLayer: 65, outsideLayers: 129, total: 779 },
};

test.each(Object.entries(DISPATCHES))('a steady step of %s', async (name, dispatches) => {
  const one = caseOf(name);
  const engine = studioEngine(async () => ({ ...gpu, destroy: () => {} }));
  const held = newHeld();
  const [run] = await counting(held, () => engine.start(one, dataOf(one)));
  await run.step();
  const [, counts] = await counting(held, () => run.step());
  expect(counts).toEqual({
    dispatches,
    submits: 1,
    bindGroups: 0,
    buffers: 0,
    pipelines: 0,
    writes: 1,
  });
  // Control: the counters see what making the plan asks for.
  const [again, made] = await counting(newHeld(), () => engine.start(one, dataOf(one)));
  expect(made.bindGroups).toBe(dispatches);
  expect(made.buffers).toBeGreaterThan(10);
  expect(held.peakBytes).toBeGreaterThan(2 ** 20);
  again.destroy();
  run.destroy();
});

test.each(['student', 'teacher'] as const)(
  'dispatches of the %s at paper scale',
  async (network) => {
    const config = configOfPreset('realm-v2', network);
    expect(await countDispatches(gpu, network, config)).toEqual(REALM[network]);
  },
);
