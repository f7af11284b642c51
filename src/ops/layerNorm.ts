// Layer norm over the last dimension, with a two-pass variance.

import source from '../../shaders/layer_norm.wgsl?raw';
import { numbers, type Op, scratch } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { blockCount, sumPartials } from './sumPartials';
import { defineSumShader } from './sumShader';

const shader = defineSumShader('layer_norm', source);

interface Params {
  readonly eps: number;
}

const MOST_GROUPS = 65_535;

const rowsOf = (x: Tensor): number => x.size / x.shape.at(-1)!;

/** The last input, if present, is added to the gradient by x. */
const backward: Op<null> = {
  name: 'layerNormBackward',
  infer: ([x, weight]) => [x, weight, weight],
  cpu({ inputs: [x, weight, moments, gradient, previous], outputs: [dx, dWeight, dBias] }) {
    const width = weight.length;
    for (let row = 0; row < x.length / width; row++) {
      const [mean, inverseDeviation] = moments.subarray(2 * row, 2 * row + 2);
      const normal = (c: number): number => (x[row * width + c] - mean) * inverseDeviation;
      let sum = 0;
      let sumNormal = 0;
      for (let c = 0; c < width; c++) {
        const g = gradient[row * width + c];
        sum += g * weight[c];
        sumNormal += g * weight[c] * normal(c);
        dWeight[c] += g * normal(c);
        dBias[c] += g;
      }
      for (let c = 0; c < width; c++) {
        const i = row * width + c;
        dx[i] =
          (previous?.[i] ?? 0) +
          inverseDeviation *
            (gradient[i] * weight[c] - sum / width - (normal(c) * sumNormal) / width);
      }
    }
  },
  gpu({
    inputs: [x, weight, moments, gradient, previous],
    outputs: [out, dWeight, dBias],
    subgroupSize,
  }) {
    const count = blockCount(rowsOf(x));
    const partials = scratch(count * 2 * weight.size);
    return [
      {
        ...shader(subgroupSize),
        entry: 'backward',
        bindings: {
          x,
          weight,
          moments,
          gradient,
          // An absent one is never read; another stands in for it.
          previous: previous ?? gradient,
          sizes: numbers(weight.size / 4, Number(!!previous)),
          out,
          partials,
        },
        workgroups: [count, 1, 1],
      },
      sumPartials(partials, count, [dWeight, dBias]),
    ];
  },
  gradient: undefined,
};

/** The second output holds each row's mean and 1 / standard deviation for the backward pass. */
const layerNormOp: Op<Params> = {
  name: 'layerNorm',
  infer([x, weight, bias]) {
    const width = x[x.length - 1];
    if (!sameShape(weight, [width]) || !sameShape(bias, [width])) {
      throw new Error(
        `[layerNorm] expected weight and bias of shape [${width}], got ${showShape(weight)} and ${showShape(bias)}`,
      );
    }
    if (width % 4 !== 0) {
      throw new Error(`[layerNorm] expected a width that is a multiple of 4, got ${width}`);
    }
    return [x, [...x.slice(0, -1), 2]];
  },
  cpu({ inputs: [x, weight, bias], outputs: [out, moments], params: { eps } }) {
    const width = weight.length;
    for (let row = 0; row < x.length / width; row++) {
      const values = x.subarray(row * width, (row + 1) * width);
      const mean = values.reduce((sum, value) => sum + value, 0) / width;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      const inverseDeviation = 1 / Math.sqrt(variance + eps);
      for (let c = 0; c < width; c++) {
        out[row * width + c] = (values[c] - mean) * inverseDeviation * weight[c] + bias[c];
      }
      moments.set([mean, inverseDeviation], 2 * row);
    }
  },
  gpu({ inputs: [x, weight, bias], outputs: [out, moments], params: { eps }, subgroupSize }) {
    const { shader: form, constants } = shader(subgroupSize);
    return [
      {
        shader: form,
        entry: 'forward',
        constants: { ...constants, epsilon: eps },
        bindings: {
          x,
          weight,
          bias,
          sizes: numbers(weight.size / 4, 0),
          out,
          moments_out: moments,
        },
        workgroups: [Math.min(MOST_GROUPS, Math.ceil(rowsOf(x) / 4)), 1, 1],
      },
    ];
  },
  accumulates: true,
  gradient: ({
    inputs: [x, weight],
    outputs: [, moments],
    outputGradients: [gradient],
    previous,
  }) =>
    x.graph.apply(backward, [x, weight, moments, gradient!, ...(previous ? [previous] : [])], null),
};

/**
 * (x - mean) / sqrt(variance + eps) * weight + bias over the last dimension (REALM, section 1.3).
 * @param x [..., D], D a multiple of 4
 * @param weight [D]
 * @param bias [D]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  return x.graph.apply(layerNormOp, [x, weight, bias], { eps })[0];
}
