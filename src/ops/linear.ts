// A Linear layer: one matrix product, from halves in a graph of mixed precision.

import type { Op } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import { toHalf } from './half';
import { asMatrix, matmul, matmulOp } from './matmul';
import { sumRows } from './reduce';

interface HalfLinearParams {
  readonly hasBias: boolean;
  readonly hasResidual: boolean;
  readonly beside: 'out' | undefined;
}

const paramsOf = (params: HalfLinearParams) => ({
  transposeA: false,
  transposeB: true,
  ...params,
});

/**
 * Of x, weight, their halves, bias, residual. The product reads the halves only and the gradient keeps them only; x and
 * weight are inputs so that their gradients reach them.
 */
const halfLinearOp: Op<HalfLinearParams> = {
  name: 'halfLinear',
  infer: ([x, weight, , , ...rest], params) =>
    matmulOp.infer([x, weight, ...rest], paramsOf(params)),
  cpu: ({ inputs: [, , ...inputs], inputShapes: [, , ...inputShapes], params, ...call }) =>
    matmulOp.cpu({ ...call, inputs, inputShapes, params: paramsOf(params) }),
  gpu: ({ inputs: [, , ...inputs], params, ...call }) =>
    matmulOp.gpu({ ...call, inputs, params: paramsOf(params) }),
  accumulates: true,
  takesHalves: true,
  gradient({ inputs: [, , x, weight], outputGradients, needs, previous, params }) {
    const gradient = outputGradients[0]!;
    const halves = toHalf(gradient);
    const beside = params.beside && 'a';
    const [g, input] = weight.shape.length === 2 ? [asMatrix(halves), asMatrix(x)] : [halves, x];
    return [
      needs[0] ? matmul(halves, weight, { residual: previous, beside }) : undefined,
      needs[1] ? matmul(g, input, { transposeA: true, beside }) : undefined,
      undefined,
      undefined,
      ...(params.hasBias ? [needs[4] ? sumRows(gradient) : undefined] : []),
      ...(params.hasResidual ? [gradient] : []),
    ];
  },
};

/**
 * x weight^T + bias + residual. In mixed precision the products, forward and backward, are those of halves, summed in
 * f32, where all lengths are multiples of 4.
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out]
 * @param residual [..., out]
 * @throws Error when the shapes do not fit
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, residual?: Tensor): Tensor {
  return product(x, weight, x.size / x.shape.at(-1)!, { bias, residual });
}

/**
 * Several Linears, each of its own rows, in one product.
 * @param x [S, rows, in]
 * @param weight [S, out, in]
 * @param options.beside the results lie beside each other
 * @param options.residual of the result's shape
 * @returns [S, rows, out], or [rows, S * out]
 * @throws Error when the shapes do not fit
 */
export function linears(
  x: Tensor,
  weight: Tensor,
  options: { readonly beside?: boolean; readonly residual?: Tensor } = {},
): Tensor {
  const { beside = false, residual } = options;
  return product(x, weight, x.shape[1], { residual, beside: beside ? 'out' : undefined });
}

function product(
  x: Tensor,
  weight: Tensor,
  rows: number,
  options: {
    readonly bias?: Tensor;
    readonly residual?: Tensor;
    readonly beside?: 'out';
  },
): Tensor {
  const lengths = [rows, ...weight.shape.slice(-2)];
  if (x.graph.precision === 'f32' || lengths.some((length) => length % 4 !== 0)) {
    return matmul(x, weight, { transposeB: true, ...options });
  }
  const { bias, residual, beside } = options;
  const rest = [...(bias ? [bias] : []), ...(residual ? [residual] : [])];
  const params = { hasBias: !!bias, hasResidual: !!residual, beside };
  const inputs = [x, weight, toHalf(x), toHalf(weight), ...rest];
  return x.graph.apply(halfLinearOp, inputs, params)[0];
}
