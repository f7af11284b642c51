// The devices of Node: WebGPU through Dawn (npm `webgpu`), and the float64 twins on the processor.

import { CPU, type Device } from '../autograd/store';
import { paceDawnPolling } from '../base/dawnPolling';
import { openGpuDevice } from '../gpu/device';

export const DEVICE_CHOICES = ['gpu', 'cpu'] as const;

export interface OpenedDevice {
  readonly device: Device;
  /** Shown with every result. */
  readonly name: string;
  close(): void;
}

export const CPU_NAME = 'cpu (float64)';

/** @throws Error when there is no adapter, with what to do */
export async function openDevice(kind: string): Promise<OpenedDevice> {
  if (kind === 'cpu') return { device: CPU, name: CPU_NAME, close: () => {} };
  const device = await openGpuDevice(await dawn());
  if (device.isSoftware) paceDawnPolling();
  return {
    device,
    name: device.isSoftware ? `${device.adapterName} (software)` : device.adapterName,
    close: () => device.destroy(),
  };
}

/** WebGPU of this process; one instance. */
export async function dawn(): Promise<GPU> {
  const holder = globalThis as { realmDawnInstance?: GPU };
  if (!holder.realmDawnInstance) {
    const { create } = await import('webgpu');
    // Dawn's instance must stay referenced: collected, it takes the process down.
    holder.realmDawnInstance = create([]);
  }
  return holder.realmDawnInstance;
}
