// The same numbers under another shape: an alias, without a dispatch.

import type { Op } from '../autograd/op';
import { type Shape, showShape, sizeOf, type Tensor } from '../autograd/tensor';

const reshapeOp: Op<{ shape: Shape }> = {
  name: 'reshape',
  infer([from], { shape }) {
    if (sizeOf(from) !== sizeOf(shape)) {
      throw new Error(
        `[reshape] expected a shape of ${sizeOf(from)} elements for ${showShape(from)}, got ${showShape(shape)}`,
      );
    }
    return [shape];
  },
  cpu() {},
  gpu: () => [],
  gradient: ({ inputs: [x], outputGradients: [gradient] }) => [reshape(gradient!, x.shape)],
  alias: true,
};

/**
 * `x` with another shape of as many elements.
 * @throws Error when the number of elements differs
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.graph.apply(reshapeOp, [x], { shape })[0];
}
