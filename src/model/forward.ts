// A whole model as one plan without training: LFP segments in, tokens, hidden states and behaviour out.

import { Graph } from '../autograd/graph';
import type { ParameterSet } from '../autograd/parameterSet';
import { compile, type Plan } from '../autograd/plan';
import type { Device } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { lfpColumns, type ModelConfig } from './config';
import { encode } from './encoder';
import { readout } from './readout';

export interface ForwardPlan {
  readonly batch: number;
  readonly frames: number;
  readonly plan: Plan;
  readonly tensors: {
    readonly lfp: Tensor;
    readonly channelMask: Tensor;
    readonly tokens: Tensor;
    readonly layers: readonly Tensor[];
    readonly hidden: Tensor;
    readonly behaviour: Tensor;
  };
  /**
   * @param lfp [B, T, C*bands]
   * @param channelMask [B, C]
   * @returns behaviour [B, T, K]
   */
  predict(lfp: Float32Array, channelMask: Float32Array): Promise<Float32Array>;
}

/** Compiles the model's evaluation mode for a fixed batch and number of frames. */
export async function compileForward(
  device: Device,
  parameters: ParameterSet,
  config: ModelConfig,
  batch: number,
  frames: number,
): Promise<ForwardPlan> {
  const graph = new Graph();
  const read = parameters.reader(graph);
  const lfp = graph.input('lfp', [batch, frames, lfpColumns(config)]);
  const channelMask = graph.input('channel_mask', [batch, config.channelCount]);
  const { tokens, layers, hidden } = encode(lfp, channelMask, read, config);
  const behaviour = readout(hidden, lfp, read);
  for (const tensor of [tokens, ...layers, behaviour]) graph.output(tensor);
  const plan = await compile(graph, device);
  return {
    batch,
    frames,
    plan,
    tensors: { lfp, channelMask, tokens, layers, hidden, behaviour },
    async predict(lfpValues, maskValues) {
      plan.write(lfp, lfpValues);
      plan.write(channelMask, maskValues);
      plan.run();
      return plan.read(behaviour);
    },
  };
}
