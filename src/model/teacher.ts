// The masked-autoencoding teacher: bidirectional encoder, mask token, and the predictor that is thrown away after
// pretraining (REALM, section 1.4).

import type { Tensor } from '../autograd/tensor';
import { add, gelu } from '../ops/elementwise';
import { layerNorm } from '../ops/layerNorm';
import { linear } from '../ops/linear';
import { checkConfig, lfpColumns, type ModelConfig } from './config';
import { angles, bidirectional, type EncoderOptions, encode } from './encoder';
import type { Reader } from './mamba';
import {
  encoderParameters,
  linearParameters,
  type ModelParameter,
  mixerParameters,
  normParameters,
} from './parameters';
import { features } from './readout';

/** The predictor's block: expand 1, one head per headDim columns of the model width. */
function predictorConfig(config: ModelConfig): ModelConfig {
  return checkConfig({
    ...config,
    expand: 1,
    headDim: Math.min(config.headDim, config.modelDim),
  });
}

export function teacherParameters(config: ModelConfig): ModelParameter[] {
  const { modelDim } = config;
  const maskToken: ModelParameter = {
    name: 'mask_token',
    shape: [modelDim],
    decay: true,
    fill: { kind: 'normal', deviation: 0.02 },
  };
  return [
    ...encoderParameters(config),
    maskToken,
    ...normParameters('predictor.pre_norm', modelDim),
    ...mixerParameters('predictor.block.', predictorConfig(config)),
    ...normParameters('predictor.norm', modelDim),
    ...linearParameters('predictor.mlp.0', 2 * modelDim, modelDim),
    ...normParameters('predictor.mlp.2', 2 * modelDim),
    ...linearParameters('predictor.mlp.3', modelDim, 2 * modelDim),
    ...linearParameters('predictor.out', lfpColumns(config), modelDim),
  ];
}

/**
 * Reconstructs the LFP from masked tokens.
 * @param lfp [B, T, C*bands]
 * @param tokenMask [B, T], 1 = replaced by the mask token
 * @returns [B, T, C*bands]
 */
export function reconstruct(
  lfp: Tensor,
  channelMask: Tensor,
  tokenMask: Tensor,
  read: Reader,
  config: ModelConfig,
  options: Pick<EncoderOptions, 'regularisation' | 'recompute'> = {},
): Tensor {
  const { hidden } = encode(lfp, channelMask, read, config, { ...options, tokenMask });
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, read(`predictor.${name}.weight`), read(`predictor.${name}.bias`));
  const dense = (x: Tensor, name: string): Tensor =>
    linear(x, read(`predictor.${name}.weight`), read(`predictor.${name}.bias`));
  const x = features(hidden, read);
  const mixed = bidirectional(
    norm(x, 'pre_norm'),
    read,
    'predictor.block.',
    predictorConfig(config),
    angles(lfp.graph, lfp.shape[1], config),
  );
  const y = norm(add(x, mixed), 'norm');
  const mlp = dense(norm(gelu(dense(y, 'mlp.0')), 'mlp.2'), 'mlp.3');
  return dense(add(y, mlp), 'out');
}
