// Tokenizer and layers: LFP frames to the residual stream. One function for teacher and student.

import type { Graph } from '../autograd/graph';
import type { Tensor } from '../autograd/tensor';
import { dropout, dropPathAdd } from '../ops/dropout';
import { eca } from '../ops/eca';
import { gelu } from '../ops/elementwise';
import { layerNorm } from '../ops/layerNorm';
import { linear } from '../ops/linear';
import { maskTokens } from '../ops/maskTokens';
import { reshape } from '../ops/reshape';
import { ropeTable } from '../ops/rope';
import { temporalConv } from '../ops/temporalConv';
import type { ModelConfig } from './config';
import { mambaBlock, type Reader } from './mamba';

export interface Regularisation {
  readonly dropout: number;
  /** Drop-path of the last layer; grows linearly from 0 at the first. */
  readonly dropPath: number;
}

export interface EncoderOptions {
  /** Absent: evaluation mode. */
  readonly regularisation?: Regularisation;
  /** Tokens to replace by the mask token [B, T], 1 = replace. */
  readonly tokenMask?: Tensor;
  /** Run each layer's forward pass again in the backward pass instead of keeping its activations. */
  readonly recompute?: boolean;
}

export interface Encoded {
  /** Tokenizer output [B, T, D]. */
  readonly tokens: Tensor;
  /** Residual stream after each layer [B, T, D]. */
  readonly layers: readonly Tensor[];
  /** The last residual stream, before the final norm [B, T, D]. */
  readonly hidden: Tensor;
}

/**
 * @param lfp [B, T, C*bands]
 * @param channelMask [B, C], 1 valid, 0 padded or rejected
 */
export function encode(
  lfp: Tensor,
  channelMask: Tensor,
  read: Reader,
  config: ModelConfig,
  options: EncoderOptions = {},
): Encoded {
  const { regularisation, tokenMask } = options;
  const tokens = tokenize(lfp, channelMask, read, config);
  let x = tokens;
  if (tokenMask) x = maskTokens(x, tokenMask, read('mask_token'));
  if (regularisation) x = dropout(x, regularisation.dropout);
  const table = angles(lfp.graph, lfp.shape[1], config);
  const layers: Tensor[] = [];
  for (let i = 0; i < config.layerCount; i++) {
    const input = x;
    const build = (): Tensor => layer(input, i, read, config, table, regularisation);
    x = options.recompute ? lfp.graph.recompute(build) : build();
    layers.push(x);
  }
  return { tokens, layers, hidden: x };
}

function tokenize(lfp: Tensor, channelMask: Tensor, read: Reader, config: ModelConfig): Tensor {
  const causal = !config.bidirectional;
  const [batch, frames] = lfp.shape;
  const features = gelu(
    temporalConv(
      lfp,
      channelMask,
      read('encoder.temporal_conv.0.weight'),
      read('encoder.temporal_conv.0.bias'),
      { causal },
    ),
  );
  const attended = eca(features, read('encoder.eca_conv.weight'), { causal });
  const flat = reshape(attended, [batch, frames, config.channelCount * config.channelDim]);
  return layerNorm(
    linear(flat, read('encoder.spatial_proj.weight'), read('encoder.spatial_proj.bias')),
    read('encoder.spatial_norm.weight'),
    read('encoder.spatial_norm.bias'),
  );
}

/** x + DropPath(Dropout(mixer(norm(x)))). */
function layer(
  x: Tensor,
  i: number,
  read: Reader,
  config: ModelConfig,
  table: Tensor,
  regularisation: Regularisation | undefined,
): Tensor {
  const norm = `encoder.layer_norms.${i}.`;
  const normed = layerNorm(x, read(`${norm}weight`), read(`${norm}bias`));
  const depth = config.layerCount > 1 ? i / (config.layerCount - 1) : 0;
  const rates = {
    dropout: regularisation?.dropout ?? 0,
    dropPath: (regularisation?.dropPath ?? 0) * depth,
  };
  const prefix = `encoder.layers.${i}.`;
  if (config.bidirectional) {
    return dropPathAdd(x, bidirectional(normed, read, prefix, config, table), rates);
  }
  if (rates.dropout === 0 && rates.dropPath === 0) {
    return mambaBlock(normed, read, [prefix], config, { angles: table, residual: x });
  }
  return dropPathAdd(x, mambaBlock(normed, read, [prefix], config, { angles: table }), rates);
}

/** Two independent blocks, one on reversed frames, merged by a Linear and a norm (REALM, BiMamba2Block). */
export function bidirectional(
  normed: Tensor,
  read: Reader,
  prefix: string,
  config: ModelConfig,
  table: Tensor,
): Tensor {
  const merged = linear(
    mambaBlock(normed, read, [`${prefix}fwd.`, `${prefix}bwd.`], config, { angles: table }),
    read(`${prefix}merge.weight`),
    read(`${prefix}merge.bias`),
  );
  return layerNorm(merged, read(`${prefix}norm.weight`), read(`${prefix}norm.bias`));
}

/** Rotary angles as a constant of the graph [T, N], or of both directions [2T, N]. */
export function angles(graph: Graph, frames: number, config: ModelConfig): Tensor {
  const tables = (config.bidirectional ? [false, true] : [false]).map((reverse) =>
    ropeTable(frames, config.stateDim, { reverse }),
  );
  const shape = [tables.length * frames, config.stateDim];
  return graph.constant('angles', shape, Float32Array.from(tables.flatMap((t) => [...t])));
}
