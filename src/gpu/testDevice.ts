// The GPU devices of the tests in Node: Dawn on whatever Vulkan driver is installed. Never skips: no adapter, no test.

import { afterAll } from 'vitest';
import { paceDawnPolling } from '../base/dawnPolling';
import { type GpuDevice, openGpuDevice } from './device';

const opened = new Map<boolean, Promise<GpuDevice>>();

/** One device per test file. Set VK_ICD_FILENAMES to choose the driver. */
export const testDevice = (): Promise<GpuDevice> => openedOnce(false);

/** The same adapter without its optional features. */
export const baseLevelDevice = (): Promise<GpuDevice> => openedOnce(true);

function openedOnce(baseLevel: boolean): Promise<GpuDevice> {
  const device = opened.get(baseLevel) ?? open(baseLevel);
  opened.set(baseLevel, device);
  return device;
}

async function open(baseLevel: boolean): Promise<GpuDevice> {
  const { create } = await import('webgpu');
  const gpu = create([]);
  // Dawn's instance must stay referenced: collected, it takes the process down.
  Object.assign(globalThis, { [`realmDawnInstance${baseLevel}`]: gpu });
  const device = await openGpuDevice(gpu, { baseLevel });
  if (device.isSoftware) paceDawnPolling();
  process.once('exit', () => device.destroy());
  return device;
}

afterAll(async () => {
  for (const device of opened.values()) (await device).throwIfFailed();
});
