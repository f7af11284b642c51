// Scalars of recent steps in a ring on the GPU, read back now and then without stopping the steps.

import type { Graph } from '../autograd/graph';
import { createStore, type Device, type Store } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { recordMetrics } from '../ops/recordMetrics';

/** Steps that may pass between two reads. */
export const RING_SLOTS = 256;

export class MetricsRing {
  readonly names: readonly string[];
  readonly #store: Store;
  /** All rows [slot, name] as of the work submitted so far. One read at a time. */
  readonly read: () => Promise<Float32Array>;

  constructor(device: Device, names: readonly string[]) {
    this.names = names;
    this.#store = createStore(device, RING_SLOTS * names.length, 'metrics ring');
    this.read = this.#store.repeatedRead();
  }

  /** Appends the recording of scalars, from that of the first name on, into the row of the step's ring slot. */
  record(graph: Graph, scalars: readonly Tensor[], first = 0): void {
    const ring = graph.stored('ring', [RING_SLOTS, this.names.length], this.#store);
    recordMetrics(ring, scalars, first);
  }

  destroy(): void {
    this.#store.destroy();
  }
}
