// Bounds the number of submitted steps that the GPU has not finished: a long queue is slower and cannot be cancelled.

import type { GpuDevice } from './device';

export class InFlight {
  readonly #gpu: GpuDevice;
  readonly #pending: Promise<undefined>[] = [];

  constructor(gpu: GpuDevice) {
    this.#gpu = gpu;
  }

  /** Call after each submit. Waits while more than `limit` submits are unfinished. */
  async submitted(limit = 2): Promise<void> {
    this.#pending.push(
      this.#gpu.guard(this.#gpu.device.queue.onSubmittedWorkDone().then(() => undefined)),
    );
    while (this.#pending.length > limit) await this.#pending.shift();
    this.#gpu.throwIfFailed();
  }
}
