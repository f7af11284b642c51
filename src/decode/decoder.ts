// The live decoder: one LFP frame in, one prediction out, with all state kept on the device.

import { Graph } from '../autograd/graph';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { compile } from '../autograd/plan';
import { createStore, type Device, type Store } from '../autograd/store';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor';
import { headCount, innerDim, lfpColumns, type ModelConfig } from '../model/config';
import { encode, type StreamState } from '../model/encoder';
import { decoderParameters } from '../model/parameters';
import { readout } from '../model/readout';
import { assign } from '../ops/assign';
import { ropeTable } from '../ops/rope';

export interface DecoderOptions {
  /** [C], 1 valid, 0 rejected; default all valid. */
  readonly channelMask?: Float32Array;
  /** Streams decoded side by side; default 1. */
  readonly batch?: number;
}

/** The next step may overwrite the arrays. */
export interface DecodedFrame {
  /** [B, K], in the units that the model was trained on (z-scored behaviour). */
  readonly behaviour: Float32Array;
  /** Tokenizer output and last residual stream [B, D]. */
  readonly tokens: Float32Array;
  readonly hidden: Float32Array;
}

export interface Decoder {
  /** GPU dispatches per frame; 0 on the processor. */
  readonly dispatches: number;
  /**
   * Decodes the next frame.
   * @param lfp [B, C*bands], normalised as in training
   */
  step(lfp: Float32Array): Promise<DecodedFrame>;
  /** Forgets the stream: the next frame is the first. */
  reset(): void;
  destroy(): void;
}

const ALIGNMENT = 64;

/** @throws Error for a bidirectional model, which needs the future */
export function checkCausal(config: ModelConfig): void {
  if (config.bidirectional) {
    throw new Error('[decoder] expected a causal model, got a bidirectional one: distil a student');
  }
}

/**
 * Compiles one frame of the causal model.
 * @throws Error for a bidirectional model, which needs the future
 */
export async function createDecoder(
  device: Device,
  config: ModelConfig,
  weights: Weights,
  { channelMask, batch = 1 }: DecoderOptions = {},
): Promise<Decoder> {
  checkCausal(config);
  const parameters = new ParameterSet(device, decoderParameters(config));
  parameters.load(weights);
  const graph = new Graph();
  const state = createState(device, graph, config, batch);
  const lfp = graph.input('lfp', [batch, 1, lfpColumns(config)]);
  const mask = channelMask ?? new Float32Array(config.channelCount).fill(1);
  const repeated = Float32Array.from(
    { length: batch * mask.length },
    (_, i) => mask[i % mask.length],
  );
  const channelMaskTensor = graph.constant('channel_mask', [batch, mask.length], repeated);
  const read = parameters.reader(graph);
  const { tokens, hidden } = encode(lfp, channelMaskTensor, read, config, { stream: state.stream });
  const results = [readout(hidden, lfp, read), tokens, hidden];
  const sizes = results.map((tensor) => tensor.size);
  const offsets = sizes.map((_, i) =>
    sizes.slice(0, i).reduce((sum, n) => sum + Math.ceil(n / ALIGNMENT) * ALIGNMENT, 0),
  );
  const output = createStore(device, offsets[2] + sizes[2], 'decoded frame');
  results.forEach((tensor, i) => {
    assign(graph.stored('result', tensor.shape, output, offsets[i]), tensor);
  });
  const plan = await compile(graph, device);
  const readOutput = output.repeatedRead();
  const count = new Float32Array(1);
  let position = 0;
  return {
    dispatches: plan.counts.dispatches,
    async step(frame) {
      plan.write(lfp, frame);
      count[0] = position;
      plan.write(state.stream.eca.count, count);
      // The processor computes the angles of this position in float64: a stream has no last frame.
      plan.write(state.stream.angles, ropeTable(1, config.stateDim, { start: position }));
      position++;
      plan.run();
      const numbers = await readOutput();
      const [behaviour, tokenRow, hiddenRow] = offsets.map((offset, i) =>
        numbers.slice(offset, offset + sizes[i]),
      );
      return { behaviour, tokens: tokenRow, hidden: hiddenRow };
    },
    reset() {
      position = 0;
      state.clear();
    },
    destroy() {
      plan.destroy();
      for (const store of [parameters, output, state]) store.destroy();
    },
  };
}

interface State {
  readonly stream: StreamState;
  clear(): void;
  destroy(): void;
}

/** All of a stream's memory in one store, zero-filled. */
function createState(device: Device, graph: Graph, config: ModelConfig, batch: number): State {
  const inner = innerDim(config);
  const shapes: Shape[] = [
    [batch, 2, lfpColumns(config)],
    [batch, config.channelCount],
    ...Array.from({ length: config.layerCount }, (): Shape[] => [
      [batch, config.convTaps - 1, inner],
      [batch, headCount(config), config.headDim, config.stateDim],
    ]).flat(),
  ];
  let elements = 0;
  const offsets = shapes.map((shape) => {
    const offset = elements;
    elements += Math.ceil(sizeOf(shape) / ALIGNMENT) * ALIGNMENT;
    return offset;
  });
  const store: Store = createStore(device, elements, 'stream state');
  const tensors = shapes.map((shape, i): Tensor => graph.stored('state', shape, store, offsets[i]));
  const [lfp, sum, ...blocks] = tensors;
  return {
    stream: {
      lfp,
      eca: { sum, count: graph.input('frame count', [1]) },
      blocks: Array.from({ length: config.layerCount }, (_, i) => ({
        conv: blocks[2 * i],
        ssm: blocks[2 * i + 1],
      })),
      angles: graph.input('angles', [1, config.stateDim]),
    },
    clear: () => store.write(new Float32Array(elements)),
    destroy: () => store.destroy(),
  };
}
