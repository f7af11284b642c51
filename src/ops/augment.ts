// Training augmentation of LFP frames (REALM, section 1.4): channel dropout, gain per channel, noise, in this order.

import source from '../../shaders/augment.wgsl?raw';
import random from '../../shaders/common/random.wgsl?raw';
import stepSource from '../../shaders/common/step.wgsl?raw';
import { gridStride, type Op, STEP } from '../autograd/op';
import { showShape, type Tensor } from '../autograd/tensor';
import { PURPOSE, uniform } from '../base/rng';
import { defineShader } from '../gpu/shader';

const shader = defineShader('augment', source, random, stepSource);

export interface Augmentation {
  readonly bandCount: number;
  /** Probability per sample and channel. */
  readonly channelDropout: number;
  /** Range of the gain per sample and channel. */
  readonly gain: readonly [number, number];
  /** Standard deviation of the noise, on z-scored LFP. */
  readonly noise: number;
}

const augmentOp: Op<Augmentation> = {
  name: 'augment',
  infer([shape], { bandCount }) {
    if (shape.length !== 3 || shape[2] % bandCount !== 0) {
      throw new Error(`[augment] expected LFP [B, T, C*${bandCount}], got ${showShape(shape)}`);
    }
    return [shape];
  },
  cpu({ inputs: [lfp], outputs: [out], inputShapes: [[, frames, columns]], params, step }) {
    const { bandCount, channelDropout, gain, noise } = params;
    const channels = columns / bandCount;
    for (let i = 0; i < out.length; i++) {
      const sample = Math.floor(i / (frames * columns));
      const channel = sample * channels + Math.floor((i % columns) / bandCount);
      const draw = (purpose: number, index: number): number =>
        uniform(step.seed, purpose, step.step, index);
      const kept = draw(PURPOSE.channelDropout, channel) >= channelDropout;
      const factor = gain[0] + (gain[1] - gain[0]) * draw(PURPOSE.channelGain, channel);
      let sum = -2;
      for (let k = 0; k < 4; k++) sum += draw(PURPOSE.noise, 4 * i + k);
      out[i] = (kept ? factor * lfp[i] : 0) + noise * sum * Math.sqrt(3);
    }
  },
  gpu({ inputs: [lfp], outputs: [out], params }) {
    const [, frames, columns] = lfp.shape;
    return [
      {
        shader,
        entry: 'augment',
        constants: {
          columns,
          bands: params.bandCount,
          per_sample: frames * columns,
          channel_dropout: params.channelDropout,
          gain_low: params.gain[0],
          gain_high: params.gain[1],
          noise: params.noise,
          dropout_purpose: PURPOSE.channelDropout,
          gain_purpose: PURPOSE.channelGain,
          noise_purpose: PURPOSE.noise,
        },
        bindings: { lfp, out, step: STEP },
        workgroups: gridStride(lfp.size),
      },
    ];
  },
  gradient: undefined,
};

/** @param lfp [B, T, C*bands]; a fresh draw at every value of the step counter */
export function augment(lfp: Tensor, augmentation: Augmentation): Tensor {
  return lfp.graph.apply(augmentOp, [lfp], augmentation)[0];
}
