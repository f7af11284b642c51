// Counts the submitted replays that the GPU has not finished: a long queue is slower and cannot be cancelled.

import type { GpuDevice } from './device';

export class InFlight {
  readonly #gpu: GpuDevice;
  readonly #pending: Promise<unknown>[] = [];

  constructor(gpu: GpuDevice) {
    this.#gpu = gpu;
  }

  /** Call after each submit. */
  submitted(): void {
    const done = this.#gpu.guard(this.#gpu.device.queue.onSubmittedWorkDone());
    // A loss is reported to whoever waits; without a waiter it must not count as unhandled.
    done.catch(() => {});
    this.#pending.push(done);
    if (this.#pending.length > 64) this.#pending.shift();
  }

  /** Waits while more than `limit` submits are unfinished. */
  async waitBelow(limit: number): Promise<void> {
    while (this.#pending.length > limit) await this.#pending.shift();
    this.#gpu.throwIfFailed();
  }
}
