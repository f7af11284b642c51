// Scalars of recent steps in a ring on the GPU, read back now and then without stopping the steps.

import type { Graph } from '../autograd/graph';
import { createStore, type Device, type Store } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { Readback } from '../gpu/buffer';
import { recordMetrics } from '../ops/recordMetrics';

/** Steps that may pass between two reads. */
export const RING_SLOTS = 256;

export class MetricsRing {
  readonly names: readonly string[];
  readonly #store: Store;
  readonly #readback: Readback | undefined;

  constructor(device: Device, names: readonly string[]) {
    this.names = names;
    const elements = RING_SLOTS * names.length;
    this.#store = createStore(device, elements, 'metrics ring');
    this.#readback = device.kind === 'gpu' ? new Readback(device, elements * 4) : undefined;
  }

  /** Appends the recording of one scalar per name into the row of the step's ring slot. */
  record(graph: Graph, scalars: readonly Tensor[]): void {
    const ring = graph.stored('ring', [RING_SLOTS, this.names.length], this.#store);
    recordMetrics(ring, scalars);
  }

  /** All rows [slot, name] as of the work submitted so far. One read at a time. */
  read(): Promise<Float32Array> {
    const { gpu, elements } = this.#store;
    return gpu && this.#readback
      ? this.#readback.read(gpu.buffer, 0, elements * 4)
      : this.#store.read();
  }

  destroy(): void {
    this.#store.destroy();
    this.#readback?.destroy();
  }
}
