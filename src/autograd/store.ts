// Flat memory that outlives plans: parameters, gradients, Adam moments, decoder state. f32 or halves on gpu, f64 on cpu.

import { packHalves, unpackHalves, withinHalf } from '../base/half';
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
  /** On the gpu 16-bit floats, two to a word. */
  readonly isHalf: boolean;
  /** A mirror of the numbers in halves. What writes the store in place writes both. */
  readonly halves?: Store;
  readonly gpu?: { readonly device: GpuDevice; readonly buffer: GPUBuffer };
  readonly cpu?: Float64Array;
  /** Halves are written in twos. */
  write(values: Float32Array | Float64Array, offset?: number): void;
  read(offset?: number, elements?: number): Promise<Float32Array>;
  /** A function that reads the whole store again and again through one staging buffer, one read at a time. */
  repeatedRead(): () => Promise<Float32Array>;
  destroy(): void;
}

/** Zero-filled memory of `elements` numbers on the device. */
export function createStore(
  device: Device,
  elements: number,
  label: string,
  isHalf = false,
): Store {
  return device.kind === 'cpu'
    ? cpuStore(elements, label, isHalf)
    : gpuStore(device, elements, label, isHalf);
}

/** A store in f32 with a mirror in halves. */
export function createMirroredStore(device: Device, elements: number, label: string): Store {
  const store = createStore(device, elements, label);
  const halves = createStore(device, elements, `${label} in halves`, true);
  return {
    ...store,
    halves,
    write(values, offset) {
      store.write(values, offset);
      halves.write(values, offset);
    },
    destroy() {
      store.destroy();
      halves.destroy();
    },
  };
}

function cpuStore(elements: number, label: string, isHalf: boolean): Store {
  const cpu = new Float64Array(elements);
  const read = async (offset = 0, count = elements - offset): Promise<Float32Array> =>
    Float32Array.from(cpu.subarray(offset, offset + count));
  return {
    label,
    elements,
    isHalf,
    cpu,
    write: (values, offset = 0) => cpu.set(isHalf ? values.map(withinHalf) : values, offset),
    read,
    repeatedRead: () => () => read(),
    destroy: () => {},
  };
}

function gpuStore(device: GpuDevice, elements: number, label: string, isHalf: boolean): Store {
  const size = isHalf ? 2 : 4;
  const numbersOf = (words: Float32Array): Float32Array => (isHalf ? unpackHalves(words) : words);
  const buffer = createStorageBuffer(device, elements * size, label);
  let readback: Readback | undefined;
  return {
    label,
    elements,
    isHalf,
    gpu: { device, buffer },
    write(values, offset = 0) {
      const numbers = values instanceof Float32Array ? values : Float32Array.from(values);
      const data = isHalf ? packHalves(numbers) : (numbers as Float32Array<ArrayBuffer>);
      device.device.queue.writeBuffer(buffer, offset * size, data);
    },
    read: async (offset = 0, count = elements - offset) =>
      numbersOf(await readOnce(device, buffer, offset * size, count * size)),
    repeatedRead() {
      readback ??= new Readback(device, elements * size);
      const pooled = readback;
      return async () => numbersOf(await pooled.read(buffer, 0, elements * size));
    },
    destroy() {
      buffer.destroy();
      readback?.destroy();
    },
  };
}
