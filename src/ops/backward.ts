// Gradients of a loss: the reverse walk of autograd with the sum that it needs.

import { gradients } from '../autograd/gradients';
import { showShape, type Tensor } from '../autograd/tensor';
import { add } from './elementwise';

/**
 * The gradient of a loss [1] by each tensor of `wrt`; undefined where the loss does not depend on it.
 * @param seed [1], a factor on every gradient; default 1
 * @throws Error when the loss is no single number, or depends on an op without a gradient
 */
export function backward(
  loss: Tensor,
  wrt: readonly Tensor[],
  seed = loss.graph.constant('seed', [1], Float32Array.of(1)),
): (Tensor | undefined)[] {
  if (loss.size !== 1) {
    throw new Error(
      `[backward] expected a loss of one number, got ${showShape(loss.shape)}: reduce it first (sumAll, meanAll)`,
    );
  }
  return gradients([{ tensor: loss, seed }], wrt, add);
}
