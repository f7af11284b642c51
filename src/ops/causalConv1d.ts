// Depthwise convolution over time, forwards or time-flipped, with SiLU fused.

import source from '../../shaders/causal_conv1d.wgsl?raw';
import activation from '../../shaders/common/activation.wgsl?raw';
import { type Numbers, numbers, type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { sumPartials } from './sumPartials';

const shader = defineShader('causal_conv1d', source, activation);

/** The kernels keep a window of four frames in registers. */
const MOST_TAPS = 4;
/** Frames that an invocation walks through (BLOCK in the shader). */
const BLOCK_FRAMES = 32;

const blocksOf = ([batch, frames]: Shape): number => batch * Math.ceil(frames / BLOCK_FRAMES);

interface Params {
  readonly reverse: boolean;
  readonly silu: boolean;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const siluSlope = (x: number): number => sigmoid(x) * (1 + x * sigmoid(-x));

/** Where tap k reads, relative to the current frame. */
const tapOffset = (k: number, taps: number, { reverse }: Params): number =>
  (reverse ? -1 : 1) * (k - (taps - 1));

/** @param shape of x [B, T, W]; the sums are [B, T, D] of its first D columns, one per weight row */
function sumsOfTaps(
  [x, weight, bias]: readonly Float64Array[],
  [batch, frames, width]: Shape,
  params: Params,
): Float64Array {
  const channels = bias.length;
  const taps = weight.length / channels;
  const sums = new Float64Array(batch * frames * channels);
  const valueAt = (b: number, t: number, d: number): number =>
    t >= 0 && t < frames ? x[(b * frames + t) * width + d] : 0;
  for (let i = 0; i < sums.length; i++) {
    const d = i % channels;
    const t = Math.floor(i / channels) % frames;
    const b = Math.floor(i / (channels * frames));
    sums[i] = bias[d];
    for (let k = 0; k < taps; k++) {
      sums[i] += weight[d * taps + k] * valueAt(b, t + tapOffset(k, taps, params), d);
    }
  }
  return sums;
}

/** The shader's `Sizes` struct, field by field. */
function sizesOf(
  [, frames, width]: Shape,
  [channels, , taps]: Shape,
  { reverse, silu }: Params,
  hasPrevious = false,
): Numbers {
  return numbers(frames, width, channels, taps, Number(reverse), Number(silu), Number(hasPrevious));
}

/** The last input, if present, is added to the gradient by x. */
const backward: Op<Params> = {
  name: 'causalConv1dBackward',
  infer: ([x, weight, bias]) => [x, weight, bias],
  cpu({ inputs, outputs: [dx, dWeight, dBias], inputShapes: [shape], params }) {
    const [x, weight, bias, gradient, previous] = inputs;
    const [, frames, width] = shape;
    const channels = bias.length;
    const taps = weight.length / channels;
    const sums = sumsOfTaps(inputs.slice(0, 3), shape, params);
    if (previous) dx.set(previous);
    for (let i = 0; i < gradient.length; i++) {
      const d = i % channels;
      const row = Math.floor(i / channels);
      const t = row % frames;
      const g = gradient[i] * (params.silu ? siluSlope(sums[i]) : 1);
      dBias[d] += g;
      for (let k = 0; k < taps; k++) {
        const offset = tapOffset(k, taps, params);
        if (t + offset < 0 || t + offset >= frames) continue;
        const at = (row + offset) * width + d;
        dx[at] += weight[d * taps + k] * g;
        dWeight[d * taps + k] += x[at] * g;
      }
    }
  },
  gpu({ inputs: [x, weight, bias, gradient, previous], outputs: [dx, dWeight, dBias], params }) {
    const count = blocksOf(x.shape);
    const partials = scratch(count * (weight.size + bias.size));
    return [
      {
        shader,
        entry: 'backward',
        constants: {},
        bindings: {
          x,
          weight,
          bias,
          gradient,
          // An absent one is never read; another stands in for it.
          previous: previous ?? gradient,
          sizes: sizesOf(x.shape, weight.shape, params, !!previous),
          out: dx,
          partials,
        },
        workgroups: [Math.ceil(x.shape[2] / 64), count, 1],
      },
      sumPartials(partials, count, [dWeight, dBias]),
    ];
  },
  gradient: undefined,
};

const causalConv1dOp: Op<Params> = {
  name: 'causalConv1d',
  infer([x, weight, bias]) {
    const [batch, frames, width] = x;
    const [channels, , taps] = weight;
    if (x.length !== 3) {
      throw new Error(`[causalConv1d] expected x of shape [B, T, D], got ${showShape(x)}`);
    }
    if (
      !sameShape(weight, [channels, 1, taps]) ||
      !sameShape(bias, [channels]) ||
      channels > width
    ) {
      throw new Error(
        `[causalConv1d] expected weight [D, 1, K] and bias [D] with D at most ${width}, got ${showShape(weight)} and ${showShape(bias)}`,
      );
    }
    if (taps > MOST_TAPS) {
      throw new Error(`[causalConv1d] expected at most ${MOST_TAPS} taps, got ${taps}`);
    }
    return [[batch, frames, channels]];
  },
  cpu({ inputs, outputs: [out], inputShapes: [shape], params }) {
    const sums = sumsOfTaps(inputs, shape, params);
    for (let i = 0; i < out.length; i++) {
      out[i] = params.silu ? sums[i] * sigmoid(sums[i]) : sums[i];
    }
  },
  gpu: ({ inputs: [x, weight, bias], outputs: [out], params }) => [
    {
      shader,
      entry: 'forward',
      constants: {},
      bindings: {
        x,
        weight,
        bias,
        sizes: sizesOf(x.shape, weight.shape, params),
        out,
      },
      workgroups: [Math.ceil(bias.size / 64), blocksOf(x.shape), 1],
    },
  ],
  accumulates: true,
  gradient({ inputs: [x, weight, bias], outputGradients: [gradient], previous, params }) {
    const inputs = [x, weight, bias, gradient!, ...(previous ? [previous] : [])];
    return x.graph.apply(backward, inputs, params);
  },
};

/**
 * Depthwise convolution over time (REALM, section 1.3); tap K-1 is the current frame, tap 0 the oldest.
 * @param x [B, T, W]; the first D columns are convolved, the others are another op's
 * @param weight [D, 1, K], K at most 4
 * @param bias [D]
 * @param options.reverse convolves the time-flipped frames: tap 0 is K-1 frames ahead
 * @param options.silu applies SiLU to the result
 * @returns [B, T, D]
 */
export function causalConv1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: {
    readonly reverse?: boolean;
    readonly silu?: boolean;
  } = {},
): Tensor {
  const { reverse = false, silu = false } = options;
  return x.graph.apply(causalConv1dOp, [x, weight, bias], { reverse, silu })[0];
}
