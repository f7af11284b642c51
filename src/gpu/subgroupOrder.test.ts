// The order of invocations in subgroups is asked, not assumed.

import { expect, test } from 'vitest';
import { hasPlainSubgroups } from './subgroupOrder';
import { baseLevelDevice, testDevice } from './testDevice';

test('the adapter keeps the plain order in subgroups of its own size, and of no other', async () => {
  const gpu = await testDevice();
  const { subgroupSize } = gpu;
  // An adapter without subgroups of one size has nothing to ask.
  if (subgroupSize === undefined) return;
  expect(await hasPlainSubgroups(gpu, subgroupSize)).toBe(true);
  expect(await hasPlainSubgroups(gpu, 2 * subgroupSize)).toBe(false);
  expect(await hasPlainSubgroups(gpu, subgroupSize / 2)).toBe(false);
});

test('the base level has none', async () => {
  expect((await baseLevelDevice()).subgroupSize).toBeUndefined();
});
