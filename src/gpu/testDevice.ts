// The GPU device of the tests in Node: Dawn on whatever Vulkan driver is installed. Never skips: no adapter, no test.

import { afterAll } from 'vitest';
import { type GpuDevice, openGpuDevice } from './device';

let device: Promise<GpuDevice> | undefined;

/** One device per test file. Set VK_ICD_FILENAMES to choose the driver. */
export function testDevice(): Promise<GpuDevice> {
  device ??= open();
  return device;
}

async function open(): Promise<GpuDevice> {
  const { create } = await import('webgpu');
  const gpu = create([]);
  // Dawn's instance must stay referenced: collected, it takes the process down.
  Object.assign(globalThis, { realmDawnInstance: gpu });
  const opened = await openGpuDevice(gpu);
  afterAllOnce(opened);
  return opened;
}

function afterAllOnce(opened: GpuDevice): void {
  process.once('exit', () => opened.destroy());
}

afterAll(async () => {
  if (device) (await device).throwIfFailed();
});
