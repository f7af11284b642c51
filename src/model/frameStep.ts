// One live frame of the causal student, in three dispatches per layer: a second path beside encode(), for one frame only, with
// the result of encode() and readout() on the whole stream (REALM, section 1.3).

import type { Tensor } from '../autograd/tensor';
import { frameFeatures } from '../ops/frameFeatures';
import { frameProduct } from '../ops/frameProduct';
import { frameProjection } from '../ops/frameProjection';
import { frameReadout } from '../ops/frameReadout';
import { frameSsm } from '../ops/frameSsm';
import { layerNorm } from '../ops/layerNorm';
import { linear } from '../ops/linear';
import type { ModelConfig } from './config';
import type { Reader } from './mamba';

/** What a block keeps of a stream, as stored tensors. */
export interface BlockMemory {
  /** Inputs of the convolution, this frame's last [B, taps, dInner]. */
  readonly window: Tensor;
  /** SSM state (ops/frameSsm frameStateShape). */
  readonly ssm: Tensor;
}

/** What a stream keeps from frame to frame, and what the processor writes for each. */
export interface StreamMemory {
  /** Of the tokenizer (ops/frameFeatures featureMemoryShape). */
  readonly features: Tensor;
  readonly blocks: readonly BlockMemory[];
  /** Frames before this one [1]. */
  readonly count: Tensor;
  /** Rotary angles of this frame [1, N]. */
  readonly angles: Tensor;
}

export interface FrameStep {
  /** [B, 1, K] */
  readonly behaviour: Tensor;
  /** Tokenizer output and last residual stream [B, 1, D]. */
  readonly tokens: Tensor;
  readonly hidden: Tensor;
}

/**
 * @param lfp [B, 1, C*bands]
 * @param channelMask [B, C], 1 valid, 0 padded or rejected
 * @param read finds the parameters of model/frameParameters
 */
export function stepFrame(
  lfp: Tensor,
  channelMask: Tensor,
  read: Reader,
  { layerCount }: ModelConfig,
  memory: StreamMemory,
): FrameStep {
  const both = (name: string) => ({ weight: read(`${name}.weight`), bias: read(`${name}.bias`) });
  const features = frameFeatures(
    lfp,
    channelMask,
    both('encoder.temporal_conv.0'),
    read('encoder.eca_conv.weight'),
    { count: memory.count, kept: memory.features },
  );
  const spatial = both('encoder.spatial_proj');
  const norm = both('encoder.spatial_norm');
  const tokens = layerNorm(linear(features, spatial.weight, spatial.bias), norm.weight, norm.bias);
  // The residual stream as a sum: one part at first, then one for each head.
  let parts = tokens;
  for (let i = 0; i < layerCount; i++) {
    const p = (name: string): Tensor => read(`encoder.layers.${i}.${name}`);
    const { window, ssm } = memory.blocks[i];
    const projected = frameProjection(
      parts,
      both(`encoder.layer_norms.${i}`),
      p('in_proj.weight'),
      both(`encoder.layers.${i}.conv1d`),
      window,
    );
    const inputs = frameProduct(projected, p('ssd.inputs.weight'));
    const out = p('out_proj.weight');
    parts = frameSsm(projected, inputs, memory.angles, p('ssd.heads'), out, parts, ssm);
  }
  const skip = both('skip');
  const out = both('out_proj');
  const raw = linear(lfp, skip.weight, skip.bias);
  return { ...frameReadout(parts, both('encoder.out_norm'), out.weight, out.bias, raw), tokens };
}
