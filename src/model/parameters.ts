// Names, shapes and initial values of every parameter, under the names of the authors' state dict
// (REALM, section 8 of its description; Linear weights are [out, in]).

import type { ParameterSpec } from '../autograd/parameterLayout';
import { sizeOf } from '../autograd/tensor';
import { gaussian, PURPOSE, uniform } from '../base/rng';
import { headCount, innerDim, lfpColumns, type ModelConfig } from './config';

export type SsmInit =
  /** A = 1..H and PyTorch's default dt bias: memory of one or two frames at first. */
  | 'realm'
  /** Reference Mamba-2: A in U(1, 16), dt log-uniform in [0.001, 0.1]; no decay on A_log, D and the dt bias. */
  | 'mamba2';

type Fill =
  | { readonly kind: 'uniform'; readonly fanIn: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'aLog' }
  | { readonly kind: 'dtBias'; readonly fanIn: number };

export interface ModelParameter extends ParameterSpec {
  readonly fill: Fill;
}

function parameter(name: string, shape: readonly number[], fill: Fill): ModelParameter {
  return { name, shape, decay: true, fill };
}

/** PyTorch's default for Linear and Conv: U(±1/√fanIn) for weight and bias. */
export function linearParameters(
  name: string,
  outDim: number,
  inDim: number,
  bias = true,
): ModelParameter[] {
  const fill: Fill = { kind: 'uniform', fanIn: inDim };
  const weight = parameter(`${name}.weight`, [outDim, inDim], fill);
  return bias ? [weight, parameter(`${name}.bias`, [outDim], fill)] : [weight];
}

export function normParameters(name: string, dim: number): ModelParameter[] {
  return [
    parameter(`${name}.weight`, [dim], { kind: 'constant', value: 1 }),
    parameter(`${name}.bias`, [dim], { kind: 'constant', value: 0 }),
  ];
}

function tokenizerParameters(config: ModelConfig): ModelParameter[] {
  const { bandCount, channelCount, channelDim, ecaTaps, modelDim } = config;
  const fill: Fill = { kind: 'uniform', fanIn: 3 * bandCount };
  return [
    parameter('encoder.temporal_conv.0.weight', [channelDim, bandCount, 3], fill),
    parameter('encoder.temporal_conv.0.bias', [channelDim], fill),
    parameter('encoder.eca_conv.weight', [1, 1, ecaTaps], { kind: 'uniform', fanIn: ecaTaps }),
    ...linearParameters('encoder.spatial_proj', modelDim, channelCount * channelDim),
    ...normParameters('encoder.spatial_norm', modelDim),
  ];
}

/** One Mamba-2 block of REALM's flavour under a prefix ending in a dot. */
export function mambaParameters(prefix: string, config: ModelConfig): ModelParameter[] {
  const { modelDim, stateDim, convTaps } = config;
  const inner = innerDim(config);
  const heads = headCount(config);
  const conv: Fill = { kind: 'uniform', fanIn: convTaps };
  return [
    ...linearParameters(`${prefix}in_proj`, 2 * inner, modelDim, false),
    parameter(`${prefix}conv1d.weight`, [inner, 1, convTaps], conv),
    parameter(`${prefix}conv1d.bias`, [inner], conv),
    parameter(`${prefix}ssd.A_log`, [heads], { kind: 'aLog' }),
    parameter(`${prefix}ssd.D`, [heads], { kind: 'constant', value: 1 }),
    ...linearParameters(`${prefix}ssd.bc_proj`, 2 * stateDim, inner, false),
    ...linearParameters(`${prefix}ssd.dt_proj`, heads, inner, false).map((p) => ({
      ...p,
      behind: `${prefix}ssd.bc_proj.weight`,
    })),
    parameter(`${prefix}ssd.dt_proj.bias`, [heads], { kind: 'dtBias', fanIn: inner }),
    ...linearParameters(`${prefix}out_proj`, modelDim, inner, false),
  ];
}

/** One layer's mixer: a causal block, or two blocks, whose parameters lie in pairs, with merge and norm. */
export function mixerParameters(prefix: string, config: ModelConfig): ModelParameter[] {
  if (!config.bidirectional) return mambaParameters(prefix, config);
  const ahead = mambaParameters(`${prefix}fwd.`, config);
  const back = mambaParameters(`${prefix}bwd.`, config).map((p, i) => {
    const last = ahead.find(({ behind }) => behind === ahead[i].name) ?? ahead[i];
    return { ...p, behind: p.behind ?? last.name };
  });
  return [
    ...ahead,
    ...back,
    ...linearParameters(`${prefix}merge`, config.modelDim, 2 * config.modelDim),
    ...normParameters(`${prefix}norm`, config.modelDim),
  ];
}

/** Tokenizer, layers and final norm. */
export function encoderParameters(config: ModelConfig): ModelParameter[] {
  const layers = Array.from({ length: config.layerCount }, (_, i) => [
    ...normParameters(`encoder.layer_norms.${i}`, config.modelDim),
    ...mixerParameters(`encoder.layers.${i}.`, config),
  ]);
  return [
    ...tokenizerParameters(config),
    ...layers.flat(),
    ...normParameters('encoder.out_norm', config.modelDim),
  ];
}

/** Linear readout of the behaviour and the raw skip from the LFP frame. */
export function readoutParameters(config: ModelConfig): ModelParameter[] {
  return [
    ...linearParameters('out_proj', config.outputCount, config.modelDim),
    ...linearParameters('skip', config.outputCount, lfpColumns(config)),
  ];
}

/** Encoder and readout: the student, or REALM-bi when the configuration is bidirectional. */
export function decoderParameters(config: ModelConfig): ModelParameter[] {
  return [...encoderParameters(config), ...readoutParameters(config)];
}

/** With `mamba2` initialisation the SSM's own parameters do not decay (reference Mamba-2). */
export function withDecayOf(
  parameters: readonly ModelParameter[],
  init: SsmInit,
): ModelParameter[] {
  const exempt = /\.(A_log|D|dt_proj\.bias)$/;
  return parameters.map((p) => ({ ...p, decay: init === 'realm' || !exempt.test(p.name) }));
}

/** Initial values from the seed; each parameter draws from its own counters. */
export function initialWeights(
  parameters: readonly ModelParameter[],
  seed: number,
  init: SsmInit = 'realm',
): Map<string, Float32Array> {
  return new Map(
    parameters.map((p) => {
      const salt = hashName(p.name);
      const draw = (k: number): number => uniform(seed, PURPOSE.initialise, salt, k);
      const normal = (k: number): number => gaussian(seed, PURPOSE.initialise, salt, k);
      return [
        p.name,
        Float32Array.from({ length: sizeOf(p.shape) }, (_, k) => {
          return initialValue(p.fill, init, k, draw, normal);
        }),
      ];
    }),
  );
}

function initialValue(
  fill: Fill,
  init: SsmInit,
  k: number,
  draw: (k: number) => number,
  normal: (k: number) => number,
): number {
  switch (fill.kind) {
    case 'constant':
      return fill.value;
    case 'normal':
      return fill.deviation * normal(k);
    case 'uniform':
      return (2 * draw(k) - 1) / Math.sqrt(fill.fanIn);
    case 'aLog':
      return init === 'realm' ? Math.log(k + 1) : Math.log(1 + 15 * draw(k));
    case 'dtBias': {
      if (init === 'realm') return (2 * draw(k) - 1) / Math.sqrt(fill.fanIn);
      const dt = Math.max(1e-4, Math.exp(draw(k) * Math.log(100) + Math.log(0.001)));
      return dt + Math.log(-Math.expm1(-dt));
    }
  }
}

/** FNV-1a, so that a parameter's numbers do not depend on its place in the list. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * The count as published: it includes parameters that no equation uses, the session table (`sessionRows` x D) and,
 * in version 2 of the authors' code, a `causal_proj` per bidirectional layer.
 */
export function publishedCount(
  parameters: readonly ModelParameter[],
  config: ModelConfig,
  unused: { readonly sessionRows: number; readonly causalProjection: boolean },
): number {
  const used = parameters.reduce((sum, p) => sum + sizeOf(p.shape), 0);
  const projection =
    unused.causalProjection && config.bidirectional ? config.modelDim * (config.modelDim + 1) : 0;
  return used + unused.sessionRows * config.modelDim + config.layerCount * projection;
}
