// Gated RMS norm of the reference Mamba-2 block: the norm of y * silu(z) over the last dimension.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/rms_norm.wgsl?raw';
import { type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { sumPartials } from './sumPartials';

const shader = defineShader('rms_norm', source, activation);

interface Params {
  readonly eps: number;
}

/** The backward kernel keeps the column sums of a workgroup's rows in its 16 KiB: 4 bytes per column and row lane, beside 2 KiB. */
const MOST_COLUMNS = 3072;
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

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const silu = (x: number): number => x * sigmoid(x);
const siluSlope = (x: number): number => sigmoid(x) * (1 + x * sigmoid(-x));

const backward: Op<null> = {
  name: 'rmsNormGatedBackward',
  infer: ([y, z, weight]) => [y, z, weight],
  cpu({ inputs: [y, z, weight, scales, gradient], outputs: [dy, dz, dWeight] }) {
    const width = weight.length;
    scales.forEach((scale, row) => {
      const normal = (c: number): number => y[row * width + c] * silu(z[row * width + c]) * scale;
      let sum = 0;
      for (let c = 0; c < width; c++) {
        const g = gradient[row * width + c];
        sum += g * weight[c] * normal(c);
        dWeight[c] += g * normal(c);
      }
      for (let c = 0; c < width; c++) {
        const i = row * width + c;
        const du = scale * (gradient[i] * weight[c] - (normal(c) * sum) / width);
        dy[i] = du * silu(z[i]);
        dz[i] = du * y[i] * siluSlope(z[i]);
      }
    });
  },
  gpu({ inputs: [y, z, weight, scales, gradient], outputs: [out, outZ, dWeight] }) {
    const { rows, constants } = tile(y.shape);
    const count = Math.min(MOST_BLOCKS, Math.ceil(rows / constants.row_lanes));
    const partials = scratch(count * constants.width);
    return [
      {
        shader,
        entry: 'backward',
        constants,
        bindings: { y, z, weight, scales, gradient, out, out_z: outZ, partials },
        workgroups: [count, 1, 1],
      },
      sumPartials(partials, count, [dWeight]),
    ];
  },
  gradient: undefined,
};

/** The second output holds each row's 1 / root mean square for the backward pass. */
const rmsNormGatedOp: Op<Params> = {
  name: 'rmsNormGated',
  infer([y, z, weight]) {
    const width = y[y.length - 1];
    if (!sameShape(y, z)) {
      throw new Error(
        `[rmsNormGated] expected y and z of one shape, got ${showShape(y)} and ${showShape(z)}`,
      );
    }
    if (!sameShape(weight, [width])) {
      throw new Error(
        `[rmsNormGated] expected a weight of shape [${width}], got ${showShape(weight)}`,
      );
    }
    if (width > MOST_COLUMNS) {
      throw new Error(
        `[rmsNormGated] expected a width of at most ${MOST_COLUMNS}, got ${width}: choose a narrower model`,
      );
    }
    return [y, y.slice(0, -1)];
  },
  cpu({ inputs: [y, z, weight], outputs: [out, scales], params: { eps } }) {
    const width = weight.length;
    scales.forEach((_, row) => {
      let squares = 0;
      for (let c = 0; c < width; c++)
        squares += (y[row * width + c] * silu(z[row * width + c])) ** 2;
      scales[row] = 1 / Math.sqrt(squares / width + eps);
      for (let c = 0; c < width; c++) {
        const i = row * width + c;
        out[i] = y[i] * silu(z[i]) * scales[row] * weight[c];
      }
    });
  },
  gpu({ inputs: [y, z, weight], outputs: [out, scales], params: { eps } }) {
    const { rows, constants } = tile(y.shape);
    return [
      {
        shader,
        entry: 'forward',
        constants: { ...constants, epsilon: eps },
        bindings: { y, z, weight, out, scales_out: scales },
        workgroups: [Math.min(65535, Math.ceil(rows / constants.row_lanes)), 1, 1],
      },
    ];
  },
  gradient: ({ inputs: [y, z, weight], outputs: [, scales], outputGradients: [gradient] }) =>
    y.graph.apply(backward, [y, z, weight, scales, gradient!], null),
};

/**
 * u / sqrt(mean(u^2) + eps) * weight with u = y * silu(z), over the last dimension: the gated norm of the reference
 * Mamba-2 block (Dao and Gu, 2024; norm_before_gate false, one group).
 * @param y [..., D], D at most 3,072
 * @param z [..., D]
 * @param weight [D]
 * @throws Error when the shapes do not fit
 */
export function rmsNormGated(y: Tensor, z: Tensor, weight: Tensor, eps = 1e-5): Tensor {
  return y.graph.apply(rmsNormGatedOp, [y, z, weight], { eps })[0];
}
