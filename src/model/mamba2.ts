// The reference Mamba-2 block (Dao and Gu, 2024), beside REALM's flavour: convolution on x, B and C, dt on the input
// term, no rotary angles, gated RMS norm.

import type { Tensor } from '../autograd/tensor';
import { causalConv1d } from '../ops/causalConv1d';
import { addRow, softplus } from '../ops/elementwise';
import { linear } from '../ops/linear';
import { reshape } from '../ops/reshape';
import { rmsNormGated } from '../ops/rmsNorm';
import { split } from '../ops/split';
import { ssd } from '../ops/ssd';
import { headCount, innerDim, type ModelConfig } from './config';
import type { Reader } from './mamba';
import { linearParameters, type ModelParameter } from './parameters';

export type Mamba2Config = Pick<
  ModelConfig,
  'modelDim' | 'stateDim' | 'headDim' | 'expand' | 'convTaps'
>;

const sizes = (config: Mamba2Config) => {
  const inner = innerDim(config);
  return { inner, heads: headCount(config), convolved: inner + 2 * config.stateDim };
};

/**
 * One block under a prefix ending in a dot, by the names of the reference implementation. Draw the values with the
 * initialisation `mamba2`; A_log, D and dt_bias do not decay.
 */
export function mamba2Parameters(prefix: string, config: Mamba2Config): ModelParameter[] {
  const { modelDim, convTaps } = config;
  const { inner, heads, convolved } = sizes(config);
  const parameter = (
    name: string,
    shape: readonly number[],
    fill: ModelParameter['fill'],
    decay: boolean,
  ): ModelParameter => ({ name: prefix + name, shape, fill, decay });
  const conv = { kind: 'uniform', fanIn: convTaps } as const;
  const one = { kind: 'constant', value: 1 } as const;
  return [
    ...linearParameters(`${prefix}in_proj`, inner + convolved + heads, modelDim, false),
    parameter('conv1d.weight', [convolved, 1, convTaps], conv, true),
    parameter('conv1d.bias', [convolved], conv, true),
    parameter('dt_bias', [heads], { kind: 'dtBias', fanIn: modelDim }, false),
    parameter('A_log', [heads], { kind: 'aLog' }, false),
    parameter('D', [heads], one, false),
    parameter('norm.weight', [inner], one, true),
    ...linearParameters(`${prefix}out_proj`, modelDim, inner, false),
  ];
}

/**
 * @param x normed residual stream [B, T, D]
 * @param residual added to the result
 * @returns [B, T, D]
 */
export function mamba2Block(
  x: Tensor,
  read: Reader,
  prefix: string,
  config: Mamba2Config,
  residual?: Tensor,
): Tensor {
  const p: Reader = (name) => read(prefix + name);
  const [batch, frames] = x.shape;
  const { inner, heads, convolved } = sizes(config);
  const [z, projected, rawDt] = split(linear(x, p('in_proj.weight')), [inner, convolved, heads]);
  const xbc = causalConv1d(projected, p('conv1d.weight'), p('conv1d.bias'), { silu: true });
  const [u, bc] = split(xbc, [inner, 2 * config.stateDim]);
  const { y } = ssd({
    x: reshape(u, [batch, frames, heads, config.headDim]),
    dt: softplus(addRow(rawDt, p('dt_bias'))),
    aLog: p('A_log'),
    bc,
    d: p('D'),
    inputScale: 'dt',
  });
  const normed = rmsNormGated(reshape(y, [batch, frames, inner]), z, p('norm.weight'));
  return linear(normed, p('out_proj.weight'), undefined, residual);
}
