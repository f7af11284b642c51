// Sums: of all elements, and over all dimensions but the last.

import source from '../../shaders/reduce.wgsl?raw';
import { type Dispatch, gridStride, type Op, type Scratch, scratch } from '../autograd/op';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('reduce', source);

/** Every row is read by one of several invocations per column when there are more rows than this. */
const ROWS_OF_ONE_PASS = 64;

/** out[i] = factor * (x[i] + x[i + n] + x[i + 2n] + ...), n the size of `out`; always added in this order. */
export function stridedSum(
  x: Tensor | Scratch,
  out: Tensor | Scratch,
  outSize: number,
  factor = 1,
): Dispatch {
  return {
    shader,
    entry: 'strided_sum',
    constants: { factor },
    bindings: { x, out },
    workgroups: gridStride(outSize, 64),
  };
}

interface SumParams {
  readonly columns: number;
  readonly factor: number;
}

const sumRowsOp: Op<SumParams> = {
  name: 'sumRows',
  infer: (_, { columns }) => [[columns]],
  cpu({ inputs: [x], outputs: [out], params: { columns, factor } }) {
    for (let i = 0; i < x.length; i++) out[i % columns] += factor * x[i];
  },
  gpu({ inputs: [x], outputs: [out], params: { columns, factor } }) {
    const rows = x.size / columns;
    if (rows <= ROWS_OF_ONE_PASS) return [stridedSum(x, out, columns, factor)];
    const partialRows = Math.ceil(Math.sqrt(rows));
    const partial = scratch(partialRows * columns);
    return [stridedSum(x, partial, partial.elements), stridedSum(partial, out, columns, factor)];
  },
  gradient: ({ inputs: [x], outputGradients: [gradient], params: { factor } }) =>
    x.graph.apply(repeatRowsOp, [gradient!], { shape: x.shape, factor }),
};

const repeatRowsOp: Op<{ shape: Shape; factor: number }> = {
  name: 'repeatRows',
  infer: (_, { shape }) => [shape],
  cpu({ inputs: [x], outputs: [out], params: { factor } }) {
    for (let i = 0; i < out.length; i++) out[i] = factor * x[i % x.length];
  },
  gpu: ({ inputs: [x], outputs: [out], params: { factor } }) => [
    {
      shader,
      entry: 'repeat_rows',
      constants: { factor },
      bindings: { x, out },
      workgroups: gridStride(out.size, 64),
    },
  ],
  gradient: undefined,
};

/** The sum of all elements, [1]. */
export function sumAll(x: Tensor): Tensor {
  return x.graph.apply(sumRowsOp, [x], { columns: 1, factor: 1 })[0];
}

/** The mean of all elements, [1]. */
export function meanAll(x: Tensor): Tensor {
  return x.graph.apply(sumRowsOp, [x], { columns: 1, factor: 1 / sizeOf(x.shape) })[0];
}

/** The sum over all dimensions but the last: [..., N] to [N]; the gradient of a bias. */
export function sumRows(x: Tensor): Tensor {
  return x.graph.apply(sumRowsOp, [x], { columns: x.shape[x.shape.length - 1], factor: 1 })[0];
}
