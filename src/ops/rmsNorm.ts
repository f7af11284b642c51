// Gated RMS norm of the reference Mamba-2 block: the norm of y * silu(z) over the last dimension.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/rms_norm.wgsl?raw';
import { numbers, type Op, scratch } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { blockCount, sumPartials } from './sumPartials';
import { defineSumShader } from './sumShader';

const shader = defineSumShader('rms_norm', source, activation);

interface Params {
  readonly eps: number;
}

const MOST_GROUPS = 65_535;

const rowsOf = (y: Tensor): number => y.size / y.shape.at(-1)!;

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
  gpu({ inputs: [y, z, weight, scales, gradient], outputs: [out, outZ, dWeight], subgroupSize }) {
    const count = blockCount(rowsOf(y));
    const partials = scratch(count * weight.size);
    const sizes = numbers(weight.size / 4);
    return [
      {
        ...shader(subgroupSize),
        entry: 'backward',
        bindings: { y, z, weight, scales, gradient, out, out_z: outZ, partials, sizes },
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
    if (width % 4 !== 0) {
      throw new Error(`[rmsNormGated] expected a width that is a multiple of 4, got ${width}`);
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
  gpu({ inputs: [y, z, weight], outputs: [out, scales], params: { eps }, subgroupSize }) {
    const { shader: form, constants } = shader(subgroupSize);
    return [
      {
        shader: form,
        entry: 'forward',
        constants: { ...constants, epsilon: eps },
        bindings: { y, z, weight, sizes: numbers(weight.size / 4), out, scales_out: scales },
        workgroups: [Math.min(MOST_GROUPS, rowsOf(y)), 1, 1],
      },
    ];
  },
  gradient: ({ inputs: [y, z, weight], outputs: [, scales], outputGradients: [gradient] }) =>
    y.graph.apply(backward, [y, z, weight, scales, gradient!], null),
};

/**
 * u / sqrt(mean(u^2) + eps) * weight with u = y * silu(z), over the last dimension: the gated norm of the reference
 * Mamba-2 block (Dao and Gu, 2024; norm_before_gate false, one group).
 * @param y [..., D], D a multiple of 4
 * @param z [..., D]
 * @param weight [D]
 * @throws Error when the shapes do not fit
 */
export function rmsNormGated(y: Tensor, z: Tensor, weight: Tensor, eps = 1e-5): Tensor {
  return y.graph.apply(rmsNormGatedOp, [y, z, weight], { eps })[0];
}
