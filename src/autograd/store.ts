// Flat memory that outlives plans: parameters, gradients, Adam moments, decoder state. f32 on gpu, f64 on cpu.

import { createStorageBuffer, Readback, readOnce } from '../gpu/buffer';
import type { GpuDevice } from '../gpu/device';

/** The oracle device: every op's twin in float64. Never a product path. */
export interface CpuDevice {
  readonly kind: 'cpu';
}

export type Device = GpuDevice | CpuDevice;

export const CPU: CpuDevice = { kind: 'cpu' };

export interface Store {
  readonly label: string;
  readonly elements: number;
  readonly gpu?: { readonly device: GpuDevice; readonly buffer: GPUBuffer };
  readonly cpu?: Float64Array;
  write(values: Float32Array | Float64Array, offset?: number): void;
  read(offset?: number, elements?: number): Promise<Float32Array>;
  /** A function that reads the whole store again and again through one staging buffer, one read at a time. */
  repeatedRead(): () => Promise<Float32Array>;
  destroy(): void;
}

/** Zero-filled memory of `elements` numbers on the device. */
export function createStore(device: Device, elements: number, label: string): Store {
  return device.kind === 'cpu' ? cpuStore(elements, label) : gpuStore(device, elements, label);
}

function cpuStore(elements: number, label: string): Store {
  const cpu = new Float64Array(elements);
  const read = async (offset = 0, count = elements - offset): Promise<Float32Array> =>
    Float32Array.from(cpu.subarray(offset, offset + count));
  return {
    label,
    elements,
    cpu,
    write: (values, offset = 0) => cpu.set(values, offset),
    read,
    repeatedRead: () => () => read(),
    destroy: () => {},
  };
}

function gpuStore(device: GpuDevice, elements: number, label: string): Store {
  const buffer = createStorageBuffer(device, elements * 4, label);
  let readback: Readback | undefined;
  return {
    label,
    elements,
    gpu: { device, buffer },
    write(values, offset = 0) {
      const data = values instanceof Float32Array ? values : Float32Array.from(values);
      device.device.queue.writeBuffer(buffer, offset * 4, data as Float32Array<ArrayBuffer>);
    },
    read: (offset = 0, count = elements - offset) =>
      readOnce(device, buffer, offset * 4, count * 4),
    repeatedRead() {
      readback ??= new Readback(device, elements * 4);
      const pooled = readback;
      return () => pooled.read(buffer, 0, elements * 4);
    },
    destroy() {
      buffer.destroy();
      readback?.destroy();
    },
  };
}
