// From the residual stream to behaviour: Linear of the normed hidden plus a Linear skip from the raw LFP frame.

import type { Tensor } from '../autograd/tensor';
import { layerNorm } from '../ops/layerNorm';
import { linear } from '../ops/linear';
import type { Reader } from './mamba';

/** Normed hidden [B, T, D]: what label-free evaluation reads. */
export function features(hidden: Tensor, read: Reader): Tensor {
  return layerNorm(hidden, read('encoder.out_norm.weight'), read('encoder.out_norm.bias'));
}

/**
 * @param lfp unmasked frames [B, T, C*bands]: the channel mask acts in the tokenizer only (REALM, section 1.3)
 * @returns behaviour [B, T, K]
 */
export function readout(hidden: Tensor, lfp: Tensor, read: Reader): Tensor {
  const raw = linear(lfp, read('skip.weight'), read('skip.bias'));
  return linear(features(hidden, read), read('out_proj.weight'), read('out_proj.bias'), raw);
}
