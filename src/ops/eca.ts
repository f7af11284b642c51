// Efficient channel attention (ECA) of the tokenizer: over all frames, or causal with a cumulative mean.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/eca.wgsl?raw';
import { type Dispatch, gridStride, type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { blockCount, sumPartials } from './sumPartials';
import { defineSumShader } from './sumShader';

const sumShader = defineSumShader('eca', source, activation);

interface Params {
  readonly causal: boolean;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Chunks of about the square root of the length: as many frames in a chunk as chunks to add. */
function chunking(frames: number): { chunk: number; chunks: number } {
  const chunk = Math.ceil(Math.sqrt(frames));
  return { chunk, chunks: Math.ceil(frames / chunk) };
}

/** Index into the means of channel 0, for row b * T + t. */
const meanRow = (row: number, [, frames, channels]: Shape, { causal }: Params): number =>
  (causal ? row : Math.floor(row / frames)) * channels;

/** Calls `visit` for each tap of the channel that lies inside, with the channel it reads. */
function forTaps(
  c: number,
  channels: number,
  taps: number,
  visit: (j: number, from: number) => void,
): void {
  for (let j = 0; j < taps; j++) {
    const from = c + j - (taps - 1) / 2;
    if (from >= 0 && from < channels) visit(j, from);
  }
}

function gateAt(
  row: number,
  c: number,
  weight: Float64Array,
  mean: Float64Array,
  shape: Shape,
  params: Params,
): number {
  let logit = 0;
  forTaps(c, shape[2], weight.length, (j, from) => {
    logit += weight[j] * mean[meanRow(row, shape, params) + from];
  });
  return sigmoid(logit);
}

const backward: Op<Params> = {
  name: 'ecaBackward',
  infer: ([f, weight]) => [f, weight],
  cpu({
    inputs: [f, weight, mean, gradient],
    outputs: [df, dWeight],
    inputShapes: [shape],
    params,
  }) {
    const [batch, frames, channels, features] = shape;
    const dMean = new Float64Array(mean.length);
    for (let row = 0; row < batch * frames; row++) {
      const first = meanRow(row, shape, params);
      for (let c = 0; c < channels; c++) {
        const gate = gateAt(row, c, weight, mean, shape, params);
        let dGate = 0;
        for (let k = 0; k < features; k++) {
          const i = (row * channels + c) * features + k;
          df[i] = gradient[i] * gate;
          dGate += gradient[i] * f[i];
        }
        const dLogit = dGate * gate * (1 - gate);
        forTaps(c, channels, weight.length, (j, from) => {
          dWeight[j] += dLogit * mean[first + from];
          dMean[first + from] += dLogit * weight[j];
        });
      }
    }
    for (let i = 0; i < f.length; i++) {
      const c = Math.floor(i / features) % channels;
      const row = Math.floor(i / (features * channels));
      const b = Math.floor(row / frames);
      if (!params.causal) df[i] += dMean[b * channels + c] / (frames * features);
      for (let later = row; params.causal && later < (b + 1) * frames; later++) {
        df[i] += dMean[later * channels + c] / ((later - b * frames + 1) * features);
      }
    }
  },
  gpu({ inputs: [f, weight, mean, gradient], outputs: [df, dWeight], params, subgroupSize }) {
    const { shader, constants } = sumShader(subgroupSize);
    const [batch, frames, channels, features] = f.shape;
    const causal = Number(params.causal);
    const kernel_size = weight.size;
    const { chunk, chunks } = chunking(frames);
    const elements = batch * frames * channels;
    const logitGradient = scratch(elements);
    const chunkSum = scratch(elements);
    const count = blockCount(elements, 1024);
    const partials = scratch(count * kernel_size);
    return [
      {
        shader,
        entry: 'backward_logit',
        constants: { frames, channels, features, kernel_size, causal },
        bindings: { f, weight, mean, gradient, out: logitGradient },
        workgroups: gridStride(elements),
      },
      {
        shader,
        entry: 'backward_weight',
        constants: { ...constants, frames, channels, kernel_size, causal },
        bindings: { mean, logit_gradient: logitGradient, out: partials },
        workgroups: [count, kernel_size, 1],
      },
      sumPartials(partials, count, [dWeight]),
      {
        shader,
        entry: 'backward_chunks',
        constants: { frames, channels, kernel_size, chunk, causal },
        bindings: { weight, logit_gradient: logitGradient, out: chunkSum },
        workgroups: [Math.ceil(channels / 64), batch * chunks, 1],
      },
      {
        shader,
        entry: 'backward_features',
        constants: { frames, channels, features, kernel_size, chunk, causal },
        bindings: { weight, mean, chunk_sum: chunkSum, gradient, out: df },
        workgroups: gridStride(elements, 64),
      },
    ];
  },
  gradient: undefined,
};

/** The second output holds the means, [B, T, C] when causal and else [B, C], for the backward pass. */
const ecaOp: Op<Params> = {
  name: 'eca',
  infer([f, weight], { causal }) {
    const [batch, frames, channels] = f;
    const taps = weight[2];
    if (f.length !== 4) {
      throw new Error(`[eca] expected f of shape [B, T, C, D], got ${showShape(f)}`);
    }
    if (!sameShape(weight, [1, 1, taps]) || taps % 2 !== 1) {
      throw new Error(`[eca] expected weight [1, 1, k] with k odd, got ${showShape(weight)}`);
    }
    return [f, causal ? [batch, frames, channels] : [batch, channels]];
  },
  cpu({ inputs: [f, weight], outputs: [out, mean], inputShapes: [shape], params }) {
    const [batch, frames, channels, features] = shape;
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < channels; c++) {
        let total = 0;
        for (let t = 0; t < frames; t++) {
          const row = b * frames + t;
          for (let k = 0; k < features; k++) {
            total += f[(row * channels + c) * features + k] / features;
          }
          mean[meanRow(row, shape, params) + c] = total / (t + 1);
        }
      }
    }
    for (let i = 0; i < f.length; i++) {
      const c = Math.floor(i / features) % channels;
      const row = Math.floor(i / (features * channels));
      out[i] = f[i] * gateAt(row, c, weight, mean, shape, params);
    }
  },
  gpu({ inputs: [f, weight], outputs: [out, mean], params, subgroupSize }) {
    const { shader } = sumShader(subgroupSize);
    const [batch, frames, channels, features] = f.shape;
    const { chunk, chunks } = chunking(frames);
    const causal = Number(params.causal);
    const chunkSum = scratch(batch * frames * channels);
    const means: Dispatch = {
      shader,
      entry: 'means',
      constants: { frames, channels, chunk, causal },
      bindings: { chunk_sum: chunkSum, out: mean },
      workgroups: gridStride(mean.size),
    };
    return [
      {
        shader,
        entry: 'sum_chunks',
        constants: { frames, channels, features, chunk },
        bindings: { f, out: chunkSum },
        workgroups: [Math.ceil(channels / 64), batch * chunks, 1],
      },
      means,
      {
        shader,
        entry: 'apply',
        constants: { frames, channels, features, kernel_size: weight.size, causal },
        bindings: { f, weight, mean, out },
        workgroups: gridStride(batch * frames * channels, 64),
      },
    ];
  },
  gradient({ inputs: [f, weight], outputs: [, mean], outputGradients: [gradient], params }) {
    return f.graph.apply(backward, [f, weight, mean, gradient!], params);
  },
};

/**
 * f times a factor per channel, sigmoid(conv over channels of the channel's mean feature over time) (REALM,
 * section 1.3); zeros beyond the first and last channel.
 * @param f [B, T, C, D]
 * @param weight [1, 1, k], k odd
 * @param options.causal the mean at frame t is over frames 0..t; otherwise over all frames
 * @returns [B, T, C, D]
 */
export function eca(f: Tensor, weight: Tensor, options: { readonly causal: boolean }): Tensor {
  return f.graph.apply(ecaOp, [f, weight], options)[0];
}
