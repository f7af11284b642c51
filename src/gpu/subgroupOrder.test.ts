// The order of invocations in subgroups is asked, not assumed.

import { expect, test } from 'vitest';
import { hasPlainSubgroups } from './subgroupOrder';
import { baseLevelDevice, testDevice } from './testDevice';

test('the adapter keeps the plain order in subgroups of its own size, and of no other', async () => {
  const gpu = await testDevice();
  const { features, adapterInfo } = gpu.device;
  const { subgroupMinSize: size, subgroupMaxSize } = adapterInfo;
  const isFixed = features.has('subgroups') && size === subgroupMaxSize;
  expect(gpu.subgroupSize).toBe(isFixed ? size : undefined);
  // Subgroups of several sizes have no order to ask for.
  if (!isFixed) return;
  expect(await hasPlainSubgroups(gpu, size)).toBe(true);
  expect(await hasPlainSubgroups(gpu, 2 * size)).toBe(false);
  expect(await hasPlainSubgroups(gpu, size / 2)).toBe(false);
});

test('the base level has none', async () => {
  expect((await baseLevelDevice()).subgroupSize).toBeUndefined();
});
