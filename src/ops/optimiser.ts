// The optimiser on flat memory: global norm of the gradient, AdamW with clipping, gradient accumulation.

import half from '../../shaders/common/half.wgsl?raw';
import stepStruct from '../../shaders/common/step.wgsl?raw';
import source from '../../shaders/optimiser.wgsl?raw';
import { type Dispatch, gridStride, type Op, STEP, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, sizeOf, type Tensor } from '../autograd/tensor';
import { withinHalf } from '../base/half';
import { mirrorOf } from './half';
import { defineSumShader } from './sumShader';

const shader = defineSumShader('optimiser', source, stepStruct, half);
/** The kernels without a sum. */
const { shader: elementwise } = shader(undefined);

const MOST_PARTS = 1024;
/** Elements per workgroup from which a further one is worth its barriers: eight for each of 256 lanes. */
const ELEMENTS_PER_PART = 2048;
const LARGEST_F32 = 3.4028234663852886e38;

const globalNormOp: Op<null> = {
  name: 'globalNorm',
  infer([gradient]) {
    checkFours('globalNorm', gradient);
    return [[1]];
  },
  cpu({ inputs: [gradient], outputs: [out], step }) {
    let sum = 0;
    for (const g of gradient) sum += (step.gradientScale * g) ** 2;
    out[0] = Math.sqrt(sum);
  },
  gpu({ inputs: [gradient], outputs: [out], subgroupSize }): Dispatch[] {
    const partCount = Math.min(MOST_PARTS, Math.ceil(gradient.size / ELEMENTS_PER_PART));
    const parts = scratch(partCount);
    return [
      {
        ...shader(subgroupSize),
        entry: 'norm_parts',
        bindings: { gradient_bits: gradient, out_bits: parts, step: STEP },
        workgroups: [partCount, 1, 1],
      },
      {
        ...shader(subgroupSize),
        entry: 'norm_of_parts',
        bindings: { part_bits: parts, out_bits: out },
        workgroups: [1, 1, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * Norm [1] of gradientScale * gradient; NaN or infinite when any element is. Order of the sum is fixed.
 * @throws Error when the gradient is no multiple of 4 numbers
 */
export function globalNorm(gradient: Tensor): Tensor {
  return gradient.graph.apply(globalNormOp, [gradient], null)[0];
}

/** Stored tensors of one shape, whole flat buffers; `norm` [1] from `globalNorm`. */
export interface AdamWTensors {
  readonly parameters: Tensor;
  readonly gradient: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
  readonly norm: Tensor;
}

export interface AdamWSettings {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  readonly weightDecay: number;
  /** The first elements, which weight decay applies to. */
  readonly decayCount: number;
  /** Largest norm of the gradient; Infinity for no clipping. */
  readonly clipNorm: number;
  /** The first elements, which are trained; the rest and its moments stay as they are. */
  readonly trainedCount: number;
}

const adamWOp: Op<Required<AdamWSettings>> = {
  name: 'adamW',
  infer([parameters]) {
    checkFours('adamW', parameters);
    return [];
  },
  cpu({ inputs: [parameters, gradient, m, v, norm, mirror], params, step }) {
    if (!Number.isFinite(norm[0])) return;
    const { beta1, beta2, eps, weightDecay, decayCount, clipNorm, trainedCount } = params;
    const factor = step.gradientScale * Math.min(1, clipNorm / (norm[0] + 1e-6));
    for (let i = 0; i < trainedCount; i++) {
      const g = factor * gradient[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      if (i < decayCount) parameters[i] -= step.learningRate * weightDecay * parameters[i];
      parameters[i] -=
        ((step.learningRate / step.biasCorrection1) * m[i]) /
        (Math.sqrt(v[i]) / Math.sqrt(step.biasCorrection2) + eps);
      if (mirror) mirror[i] = withinHalf(parameters[i]);
    }
  },
  gpu: ({ inputs: [parameters, gradient, m, v, norm, mirror], params }) => [
    {
      shader: elementwise,
      entry: mirror ? 'adam_w_mirrored' : 'adam_w',
      constants: {
        trained_count: params.trainedCount,
        decay_count: params.decayCount,
        beta1: params.beta1,
        beta1_complement: 1 - params.beta1,
        beta2: params.beta2,
        beta2_complement: 1 - params.beta2,
        epsilon: params.eps,
        weight_decay: params.weightDecay,
        clip_norm: Math.min(params.clipNorm, LARGEST_F32),
      },
      bindings: {
        ...{ parameters, gradient, m, v, norm_bits: norm, step: STEP },
        ...(mirror && { mirror }),
      },
      workgroups: gridStride(params.trainedCount / 4),
    },
  ],
  gradient: undefined,
  takesHalves: true,
  effect: true,
};

/**
 * One AdamW update in place, as torch.optim.AdamW after clip_grad_norm_ (Loshchilov and Hutter, 2019): decay is
 * decoupled, the gradient is gradientScale * gradient times min(1, clipNorm / (norm + 1e-6)). When the norm is not
 * finite nothing at all is written. The mirror of the parameters' store, where it has one, is written alike.
 * @throws Error when a tensor is not stored, the shapes differ or are no multiple of 4 numbers, or a count is out of range
 */
export function adamW(tensors: AdamWTensors, settings: AdamWSettings): void {
  const { parameters, gradient, m, v, norm } = tensors;
  checkStored('adamW', [parameters, gradient, m, v]);
  if (norm.size !== 1) {
    throw new Error(`[adamW] expected a norm of one number, got ${showShape(norm.shape)}`);
  }
  for (const count of [settings.decayCount, settings.trainedCount]) {
    if (!Number.isInteger(count) || count < 0 || count > parameters.size) {
      throw new Error(`[adamW] expected counts from 0 to ${parameters.size}, got ${count}`);
    }
  }
  const params = { beta1: 0.9, beta2: 0.999, eps: 1e-8, ...settings };
  const mirror = mirrorOf(parameters);
  const inputs = [parameters, gradient, m, v, norm, ...(mirror ? [mirror] : [])];
  parameters.graph.apply(adamWOp, inputs, params);
}

const accumulateOp: Op<null> = {
  name: 'accumulate',
  infer([total]) {
    checkFours('accumulate', total);
    return [];
  },
  cpu({ inputs: [total, gradient], step }) {
    if (step.microBatch === 0) total.set(gradient);
    else for (let i = 0; i < total.length; i++) total[i] += gradient[i];
  },
  gpu: ({ inputs: [total, gradient] }) => [
    {
      shader: elementwise,
      entry: 'accumulate',
      constants: {},
      bindings: { total, gradient, step: STEP },
      workgroups: gridStride(total.size / 4),
    },
  ],
  gradient: undefined,
  effect: true,
};

/**
 * total <- gradient in the first micro-batch of a step, total + gradient in the others; both stored, in place.
 * @throws Error when a tensor is not stored, or the shapes differ or are no multiple of 4 numbers
 */
export function accumulate(total: Tensor, gradient: Tensor): void {
  checkStored('accumulate', [total, gradient]);
  total.graph.apply(accumulateOp, [total, gradient], null);
}

function checkFours(op: string, shape: Shape): void {
  if (sizeOf(shape) % 4 !== 0) {
    throw new Error(`[${op}] expected a multiple of 4 numbers, got ${showShape(shape)}`);
  }
}

function checkStored(op: string, tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    if (tensor.role.kind !== 'stored' || !sameShape(tensor.shape, tensors[0].shape)) {
      throw new Error(
        `[${op}] expected stored tensors of shape ${showShape(tensors[0].shape)}, got ${tensor.name} ${showShape(tensor.shape)} (${tensor.role.kind})`,
      );
    }
  }
}
