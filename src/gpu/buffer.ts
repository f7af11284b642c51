// GPU buffers and reading them back. Usage flags are numeric because Node has no GPUBufferUsage global.

import type { GpuDevice } from './device';

export const USAGE = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
} as const;

/**
 * A storage buffer that can also be written from and copied to the processor.
 * @throws Error when the size is over the device's binding limit
 */
export function createStorageBuffer(gpu: GpuDevice, bytes: number, label: string): GPUBuffer {
  const limit = Math.min(
    gpu.device.limits.maxStorageBufferBindingSize,
    gpu.device.limits.maxBufferSize,
  );
  if (bytes > limit) {
    throw new Error(
      `[${label}] expected a buffer of at most ${limit} bytes (this adapter's limit), got ${bytes}: use a smaller batch or more micro-batches`,
    );
  }
  return gpu.device.createBuffer({
    label,
    size: Math.max(16, Math.ceil(bytes / 4) * 4),
    usage: USAGE.storage | USAGE.copySource | USAGE.copyTarget,
  });
}

/** A uniform buffer that is written once. */
export function createUniformBuffer(gpu: GpuDevice, words: Uint32Array, label: string): GPUBuffer {
  const buffer = gpu.device.createBuffer({
    label,
    size: Math.ceil(words.byteLength / 16) * 16,
    usage: USAGE.uniform | USAGE.copyTarget,
  });
  gpu.device.queue.writeBuffer(buffer, 0, words as Uint32Array<ArrayBuffer>);
  return buffer;
}

/** A reusable staging buffer: copy, map, read, unmap. One read at a time. */
export class Readback {
  readonly #gpu: GpuDevice;
  readonly #staging: GPUBuffer;

  constructor(gpu: GpuDevice, bytes: number) {
    this.#gpu = gpu;
    this.#staging = gpu.device.createBuffer({
      label: 'readback',
      size: Math.max(16, bytes),
      usage: USAGE.mapRead | USAGE.copyTarget,
    });
  }

  /** Copies `bytes` at `offset` of the buffer after all work submitted so far. */
  async read(buffer: GPUBuffer, offset: number, bytes: number): Promise<Float32Array> {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder({ label: 'readback' });
    encoder.copyBufferToBuffer(buffer, offset, this.#staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await this.#gpu.guard(this.#staging.mapAsync(1, 0, bytes));
    const values = new Float32Array(this.#staging.getMappedRange(0, bytes).slice(0));
    this.#staging.unmap();
    this.#gpu.throwIfFailed();
    return values;
  }

  destroy(): void {
    this.#staging.destroy();
  }
}

/** Reads once, with a staging buffer of its own. Not for hot paths. */
export async function readOnce(
  gpu: GpuDevice,
  buffer: GPUBuffer,
  offset: number,
  bytes: number,
): Promise<Float32Array> {
  const readback = new Readback(gpu, bytes);
  const values = await readback.read(buffer, offset, bytes);
  readback.destroy();
  return values;
}
