// Elementwise ops: sum, product, scale and the activations.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/elementwise.wgsl?raw';
import { type Dispatch, gridStride, type Op, type Operand } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { erf } from './erf';
import { sumRows } from './reduce';

const shader = defineShader('elementwise', source, activation);

function dispatch(
  entry: string,
  size: number,
  bindings: Readonly<Record<string, Operand>>,
  factor?: number,
): Dispatch[] {
  const constants: Record<string, number> = factor === undefined ? {} : { factor };
  return [{ shader, entry, constants, bindings, workgroups: gridStride(size) }];
}

function inferSame(name: string, inputs: readonly Shape[]): Shape {
  for (const shape of inputs) {
    if (!sameShape(shape, inputs[0])) {
      throw new Error(
        `[${name}] expected inputs of one shape, got ${inputs.map(showShape).join(' and ')}`,
      );
    }
  }
  return inputs[0];
}

/** A function of one variable with its slope; entry points `<name>_forward` and `<name>_backward`. */
function unary(name: string, value: (x: number) => number, slope: (x: number) => number) {
  const backward: Op<null> = {
    name: `${name}Backward`,
    infer: (inputs) => [inferSame(`${name}Backward`, inputs)],
    cpu({ inputs: [x, gradient], outputs: [out] }) {
      for (let i = 0; i < out.length; i++) out[i] = gradient[i] * slope(x[i]);
    },
    gpu: ({ inputs: [x, gradient], outputs: [out] }) =>
      dispatch(`${name}_backward`, out.size, { a: x, gradient, out }),
    gradient: undefined,
  };
  const forward: Op<null> = {
    name,
    infer: (inputs) => [inputs[0]],
    cpu({ inputs: [x], outputs: [out] }) {
      for (let i = 0; i < out.length; i++) out[i] = value(x[i]);
    },
    gpu: ({ inputs: [x], outputs: [out] }) => dispatch(`${name}_forward`, out.size, { a: x, out }),
    gradient: ({ inputs: [x], outputGradients: [gradient] }) =>
      x.graph.apply(backward, [x, gradient!], null),
  };
  return (x: Tensor): Tensor => x.graph.apply(forward, [x], null)[0];
}

const sigmoidOf = (x: number): number => 1 / (1 + Math.exp(-x));
const normalCdf = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const siluSlope = (x: number): number => sigmoidOf(x) * (1 + x * sigmoidOf(-x));

/** 1 / (1 + exp(-x)) */
export const sigmoid = unary('sigmoid', sigmoidOf, (x) => sigmoidOf(x) * sigmoidOf(-x));

/** log(1 + exp(x)) */
export const softplus = unary(
  'softplus',
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  sigmoidOf,
);

/** x * sigmoid(x) */
export const silu = unary('silu', (x) => x * sigmoidOf(x), siluSlope);

/** x * Phi(x), the exact (erf) form. */
export const gelu = unary(
  'gelu',
  (x) => x * normalCdf(x),
  (x) => normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
);

const addOp: Op<null> = {
  name: 'add',
  infer: (inputs) => [inferSame('add', inputs)],
  cpu({ inputs: [a, b], outputs: [out] }) {
    for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i];
  },
  gpu: ({ inputs: [a, b], outputs: [out] }) => dispatch('add', out.size, { a, b, out }),
  gradient: ({ outputGradients: [gradient] }) => [gradient, gradient],
};

/** a + b of one shape. */
export function add(a: Tensor, b: Tensor): Tensor {
  return a.graph.apply(addOp, [a, b], null)[0];
}

const addRowOp: Op<null> = {
  name: 'addRow',
  infer([a, b]) {
    if (!sameShape(b, a.slice(-1))) {
      throw new Error(
        `[addRow] expected a row of shape ${showShape(a.slice(-1))}, got ${showShape(b)}`,
      );
    }
    return [a];
  },
  cpu({ inputs: [a, b], outputs: [out] }) {
    for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i % b.length];
  },
  gpu: ({ inputs: [a, b], outputs: [out] }) => dispatch('add_row', out.size, { a, b, out }),
  gradient: ({ outputGradients: [gradient], needs }) => [
    gradient,
    needs[1] ? sumRows(gradient!) : undefined,
  ],
};

/** a [..., N] + b [N]: a bias that no matrix product can carry. */
export function addRow(a: Tensor, b: Tensor): Tensor {
  return a.graph.apply(addRowOp, [a, b], null)[0];
}

const multiplyOp: Op<null> = {
  name: 'multiply',
  infer: (inputs) => [inferSame('multiply', inputs)],
  cpu({ inputs: [a, b], outputs: [out] }) {
    for (let i = 0; i < out.length; i++) out[i] = a[i] * b[i];
  },
  gpu: ({ inputs: [a, b], outputs: [out] }) => dispatch('multiply', out.size, { a, b, out }),
  gradient: ({ inputs: [a, b], outputGradients: [gradient], needs }) => [
    needs[0] ? multiply(gradient!, b) : undefined,
    needs[1] ? multiply(gradient!, a) : undefined,
  ],
};

/** a * b of one shape, element by element. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return a.graph.apply(multiplyOp, [a, b], null)[0];
}

const scaleOp: Op<{ factor: number }> = {
  name: 'scale',
  infer: (inputs) => [inputs[0]],
  cpu({ inputs: [a], outputs: [out], params }) {
    for (let i = 0; i < out.length; i++) out[i] = params.factor * a[i];
  },
  gpu: ({ inputs: [a], outputs: [out], params }) =>
    dispatch('scale', out.size, { a, out }, params.factor),
  gradient: ({ outputGradients: [gradient], params }) => [scale(gradient!, params.factor)],
};

/** factor * a; with factor 1 a copy. */
export function scale(a: Tensor, factor: number): Tensor {
  return a.graph.apply(scaleOp, [a], { factor })[0];
}
