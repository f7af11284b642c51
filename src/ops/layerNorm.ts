// Layer norm over the last dimension, with a two-pass variance.

import source from '../../shaders/layer_norm.wgsl?raw';
import { numbers, type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { sumPartials } from './sumPartials';

const shader = defineShader('layer_norm', source);

interface Params {
  readonly eps: number;
}

/** The backward kernel keeps the column sums of a workgroup's rows in its 16 KiB: 8 bytes per column and row lane, beside 4 KiB. */
const MOST_COLUMNS = 1536;
const MOST_THREADS = 256;
const MOST_BLOCKS = 512;

const powerOfTwoFrom = (n: number): number => 2 ** Math.ceil(Math.log2(n));
const powerOfTwoTo = (n: number): number => 2 ** Math.floor(Math.log2(n));

/** About four columns per invocation; as many rows as fit beside each other. */
function tile(shape: Shape) {
  const width = shape[shape.length - 1];
  const rows = shape.slice(0, -1).reduce((product, n) => product * n, 1);
  const lanes = Math.min(MOST_THREADS, powerOfTwoFrom(Math.ceil(width / 4)));
  const rowLanes = powerOfTwoTo(Math.min(MOST_THREADS / lanes, MOST_COLUMNS / width));
  return { rows, constants: { width, lanes, row_lanes: rowLanes } };
}

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
  gpu({ inputs: [x, weight, moments, gradient, previous], outputs: [out, dWeight, dBias] }) {
    const { rows, constants } = tile(x.shape);
    const count = Math.min(MOST_BLOCKS, Math.ceil(rows / constants.row_lanes));
    const partials = scratch(count * 2 * constants.width);
    return [
      {
        shader,
        entry: 'backward',
        constants,
        bindings: {
          x,
          weight,
          moments,
          gradient,
          // An absent one is never read; another stands in for it.
          previous: previous ?? gradient,
          has_previous: numbers(Number(!!previous)),
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
    if (width > MOST_COLUMNS) {
      throw new Error(
        `[layerNorm] expected a width of at most ${MOST_COLUMNS}, got ${width}: choose a narrower model`,
      );
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
  gpu({ inputs: [x, weight, bias], outputs: [out, moments], params: { eps } }) {
    const { rows, constants } = tile(x.shape);
    return [
      {
        shader,
        entry: 'forward',
        constants: { ...constants, epsilon: eps },
        bindings: { x, weight, bias, out, moments_out: moments },
        workgroups: [Math.min(65535, Math.ceil(rows / constants.row_lanes)), 1, 1],
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
 * @param x [..., D], D at most 1,536
 * @param weight [D]
 * @param bias [D]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps = 1e-5): Tensor {
  return x.graph.apply(layerNormOp, [x, weight, bias], { eps })[0];
}
