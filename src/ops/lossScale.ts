// Dynamic loss scaling on the GPU, so that a step waits for no readback and one seed gives one result
// (Micikevicius et al., 2018, section 3.2).

import source from '../../shaders/loss_scale.wgsl?raw';
import { gridStride, type Op } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('loss_scale', source);

const unscaleOp: Op<null> = {
  name: 'unscale',
  infer: () => [],
  cpu({ inputs: [gradient, scale] }) {
    gradient.forEach((value, i) => {
      gradient[i] = value / scale[0];
    });
  },
  gpu: ({ inputs: [gradient, scale] }) => [
    {
      shader,
      entry: 'unscale',
      constants: {},
      bindings: { gradient_bits: gradient, scale },
      workgroups: gridStride(gradient.size / 4),
    },
  ],
  gradient: undefined,
  effect: true,
};

/**
 * gradient <- gradient / scale, in place; infinities and NaN stay.
 * @param gradient stored, a multiple of 4 numbers
 * @param scale [1], a power of two
 * @throws Error when the gradient is not stored or no multiple of 4 numbers
 */
export function unscale(gradient: Tensor, scale: Tensor): void {
  if (gradient.role.kind !== 'stored' || gradient.size % 4 !== 0) {
    throw new Error(
      `[unscale] expected a stored gradient of a multiple of 4 numbers, got ${gradient.name} ${showShape(gradient.shape)} (${gradient.role.kind})`,
    );
  }
  gradient.graph.apply(unscaleOp, [gradient, scale], null);
}

export interface LossScaleSettings {
  /** Steps without overflow after which the scale doubles. */
  readonly growthSteps: number;
  /** The scale never falls below it. */
  readonly smallest: number;
}

const adjustOp: Op<LossScaleSettings> = {
  name: 'adjustLossScale',
  infer: () => [],
  cpu({ inputs: [state, ...norms], params }) {
    const [scale, good] = state;
    if (!norms.every(([norm]) => Number.isFinite(norm))) {
      state.set([Math.max(scale / 2, params.smallest), 0]);
    } else {
      state.set(good + 1 === params.growthSteps ? [2 * scale, 0] : [scale, good + 1]);
    }
  },
  gpu: ({ inputs: [state, first, second = first], params }) => [
    {
      shader,
      entry: 'adjust',
      constants: { growth_steps: params.growthSteps, smallest: params.smallest },
      bindings: { state, first_norm_bits: first, second_norm_bits: second },
      workgroups: [1, 1, 1],
    },
  ],
  gradient: undefined,
  effect: true,
};

/**
 * Halves the scale when a norm is not finite, doubles it after `growthSteps` steps in a row where all are.
 * @param state stored [2]: the scale and the good steps since it changed
 * @param norms one or two, each [1] (globalNorm)
 * @throws Error when the state is not stored or there are no or too many norms
 */
export function adjustLossScale(
  state: Tensor,
  norms: readonly Tensor[],
  settings: LossScaleSettings,
): void {
  if (state.role.kind !== 'stored' || !sameShape(state.shape, [2])) {
    throw new Error(
      `[adjustLossScale] expected a stored state [2], got ${state.name} ${showShape(state.shape)} (${state.role.kind})`,
    );
  }
  if (norms.length < 1 || norms.length > 2) {
    throw new Error(`[adjustLossScale] expected one or two norms, got ${norms.length}`);
  }
  state.graph.apply(adjustOp, [state, ...norms], settings);
}
