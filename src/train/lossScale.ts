// The loss scale of a run in mixed precision: what the loss is multiplied by so that its gradients fit into halves.

import type { Graph } from '../autograd/graph';
import { createStore, type Device, type Store } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { adjustLossScale, unscale } from '../ops/lossScale';

/** As torch.amp.GradScaler. Powers of two. */
export const FIRST_LOSS_SCALE = 2 ** 16;
const GROWTH_STEPS = 2000;

/** At this scale gradients that overflow are no matter of precision: the training diverged. */
export const SMALLEST_LOSS_SCALE = 1;

export interface LossScaleOptions {
  readonly first?: number;
  /** Steps without overflow after which the scale doubles. */
  readonly growthSteps?: number;
}

export class LossScale {
  readonly #state: Store;
  readonly #growthSteps: number;

  constructor(
    device: Device,
    { first = FIRST_LOSS_SCALE, growthSteps = GROWTH_STEPS }: LossScaleOptions = {},
  ) {
    this.#state = createStore(device, 2, 'loss scale');
    this.#growthSteps = growthSteps;
    this.restore([first, 0]);
  }

  /** The scale [1] that a step begins with: the seed of its gradients. */
  tensor(graph: Graph): Tensor {
    return graph.stored('loss scale', [1], this.#state);
  }

  /** Divides a stored gradient by the scale. */
  appendUnscale(gradient: Tensor): void {
    unscale(gradient, this.tensor(gradient.graph));
  }

  /** After the update: the next step's scale, by the norms of this step's gradients. */
  appendAdjust(graph: Graph, norms: readonly Tensor[]): void {
    const state = graph.stored('loss scale state', [2], this.#state);
    adjustLossScale(state, norms, {
      growthSteps: this.#growthSteps,
      smallest: SMALLEST_LOSS_SCALE,
    });
  }

  /** The scale after all submitted steps, and the good ones since it changed. */
  async read(): Promise<number[]> {
    return [...(await this.#state.read())];
  }

  restore(state: readonly number[]): void {
    this.#state.write(Float32Array.from(state));
  }

  destroy(): void {
    this.#state.destroy();
  }
}
