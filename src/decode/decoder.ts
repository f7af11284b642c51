// The live decoder: one LFP frame in, one prediction out, with all state kept on the device.

import { Graph } from '../autograd/graph';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { compile } from '../autograd/plan';
import { createStore, type Device, type Store } from '../autograd/store';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor';
import { headCount, innerDim, lfpColumns, type ModelConfig } from '../model/config';
import { frameParameters } from '../model/frameParameters';
import { stepFrame } from '../model/frameStep';
import { featureMemoryShape } from '../ops/frameFeatures';
import { frameStateShape } from '../ops/frameSsm';
import { ropeTable } from '../ops/rope';

/** Frames that `catchUp` takes at once. */
export const MOST_QUEUED_FRAMES = 32;

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
  /**
   * Decodes frames that have queued, with the bits of single steps; on the GPU one submit and one readback for all.
   * @param lfp [k, B, C*bands], k from 1 to MOST_QUEUED_FRAMES
   * @returns k results, each with arrays of its own
   */
  catchUp(lfp: Float32Array): Promise<DecodedFrame[]>;
  /** Forgets the stream: the next frame is the first. */
  reset(): void;
  destroy(): void;
}

/** @throws Error for a bidirectional model, which needs the future */
export function checkCausal(config: ModelConfig): void {
  if (config.bidirectional) {
    throw new Error('[decoder] expected a causal model, got a bidirectional one: distil a student');
  }
}

/** @throws Error when the numbers are not those of 1 to `most` frames */
export function frameCount(lfp: Float32Array, columns: number, most: number): number {
  const count = lfp.length / columns;
  if (!Number.isInteger(count) || count < 1 || count > most) {
    const expected = most === 1 ? 'a frame' : `1 to ${most} frames`;
    throw new Error(`[decoder] expected ${expected} of ${columns} numbers, got ${lfp.length}`);
  }
  return count;
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
  const { channelCount, stateDim } = config;
  const packed = frameParameters(config, weights);
  const parameters = new ParameterSet(device, packed.specs);
  parameters.load(packed.weights);
  const graph = new Graph();
  const frameShapes = [[batch, 1, lfpColumns(config)], [1], [1, stateDim]];
  const frame = createMemory(device, graph, 'live frame', frameShapes);
  const [lfp, count, angles] = frame.tensors;
  const state = createMemory(device, graph, 'stream state', stateShapes(config, batch));
  const [features, ...kept] = state.tensors;
  const blocks = Array.from({ length: config.layerCount }, (_, i) => ({
    window: kept[2 * i],
    ssm: kept[2 * i + 1],
  }));
  const mask = channelMask ?? new Float32Array(channelCount).fill(1);
  const repeated = Float32Array.from(
    { length: batch * mask.length },
    (_, i) => mask[i % mask.length],
  );
  const { behaviour, tokens, hidden } = stepFrame(
    lfp,
    graph.constant('channel_mask', [batch, mask.length], repeated),
    parameters.reader(graph),
    config,
    { features, blocks, count, angles },
  );
  const results = [behaviour, tokens, hidden];
  const { offsets, elements } = layOut(results.map(({ shape }) => shape));
  const output = createStore(device, elements, 'decoded frame');
  results.forEach((tensor, i) => {
    graph.pin(tensor, output, offsets[i]);
  });
  const plan = await compile(graph, device);
  const series = plan.series({ input: frame.store, output, most: MOST_QUEUED_FRAMES });
  const rowElements = frame.store.elements;
  const rows = new Float32Array(MOST_QUEUED_FRAMES * rowElements);
  let position = 0;

  const decode = async (frames: Float32Array, most: number): Promise<DecodedFrame[]> => {
    const queued = frameCount(frames, lfp.size, most);
    for (let i = 0; i < queued; i++) {
      const row = rows.subarray(i * rowElements, (i + 1) * rowElements);
      row.set(frames.subarray(i * lfp.size, (i + 1) * lfp.size));
      row[frame.offsets[1]] = position;
      // The processor computes the angles of this position in float64: a stream has no last frame.
      row.set(ropeTable(1, stateDim, { start: position }), frame.offsets[2]);
      position++;
    }
    const decoded = await series.run(rows.subarray(0, queued * rowElements));
    return Array.from({ length: queued }, (_, i) => {
      const result = (k: number): Float32Array => {
        const from = i * elements + offsets[k];
        return decoded.subarray(from, from + results[k].size);
      };
      return { behaviour: result(0), tokens: result(1), hidden: result(2) };
    });
  };

  return {
    dispatches: plan.counts.dispatches,
    step: async (one) => (await decode(one, 1))[0],
    catchUp: (frames) => decode(frames, MOST_QUEUED_FRAMES),
    reset() {
      position = 0;
      state.store.write(new Float32Array(state.store.elements));
    },
    destroy() {
      plan.destroy();
      series.destroy();
      for (const store of [parameters, output, frame.store, state.store]) store.destroy();
    },
  };
}

/** The tokenizer's memory, then window and SSM state of each block. */
function stateShapes(config: ModelConfig, batch: number): Shape[] {
  const { channelCount, convTaps, headDim, layerCount, stateDim } = config;
  return [
    featureMemoryShape(batch, lfpColumns(config), channelCount),
    ...Array.from({ length: layerCount }, (): Shape[] => [
      [batch, convTaps, innerDim(config)],
      frameStateShape(batch, headCount(config), headDim, stateDim),
    ]).flat(),
  ];
}

interface Layout {
  readonly offsets: readonly number[];
  readonly elements: number;
}

// WebGPU binds ranges at multiples of 256 bytes.
const ALIGNMENT = 64;

/** Where tensors of these shapes lie one behind the other. */
function layOut(shapes: readonly Shape[]): Layout {
  let elements = 0;
  const offsets = shapes.map((shape) => {
    const offset = elements;
    elements += Math.ceil(sizeOf(shape) / ALIGNMENT) * ALIGNMENT;
    return offset;
  });
  return { offsets, elements };
}

/** A zero-filled store of tensors. */
function createMemory(
  device: Device,
  graph: Graph,
  label: string,
  shapes: readonly Shape[],
): Layout & { readonly store: Store; readonly tensors: readonly Tensor[] } {
  const { offsets, elements } = layOut(shapes);
  const store = createStore(device, elements, label);
  const tensors = shapes.map((shape, i) => graph.stored(label, shape, store, offsets[i]));
  return { offsets, elements, store, tensors };
}
