// Depthwise convolution over time, forwards or time-flipped, with SiLU fused and a history for streaming.

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
  [x, weight, bias, history]: readonly Float64Array[],
  [batch, frames, width]: Shape,
  params: Params,
): Float64Array {
  const channels = bias.length;
  const taps = weight.length / channels;
  const sums = new Float64Array(batch * frames * channels);
  const valueAt = (b: number, t: number, d: number): number => {
    if (t >= 0 && t < frames) return x[(b * frames + t) * width + d];
    return t < 0 && history ? history[(b * (taps - 1) + taps - 1 + t) * channels + d] : 0;
  };
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
  infer([x, weight, bias, history], { reverse }) {
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
    if (history && reverse) {
      throw new Error('[causalConv1d] expected no history in reverse: it has no past, got one');
    }
    if (history && !sameShape(history, [batch, taps - 1, channels])) {
      throw new Error(
        `[causalConv1d] expected history ${showShape([batch, taps - 1, channels])}, got ${showShape(history)}`,
      );
    }
    return [[batch, frames, channels]];
  },
  cpu({ inputs, outputs: [out], inputShapes: [shape], params }) {
    const sums = sumsOfTaps(inputs, shape, params);
    for (let i = 0; i < out.length; i++) {
      out[i] = params.silu ? sums[i] * sigmoid(sums[i]) : sums[i];
    }
  },
  gpu: ({ inputs: [x, weight, bias, history], outputs: [out], params }) => [
    {
      shader,
      entry: history ? 'forward_history' : 'forward',
      constants: {},
      bindings: {
        x,
        weight,
        bias,
        ...(history && { history }),
        sizes: sizesOf(x.shape, weight.shape, params),
        out,
      },
      workgroups: [Math.ceil(bias.size / 64), blocksOf(x.shape), 1],
    },
  ],
  accumulates: true,
  gradient({ inputs: [x, weight, bias, history], outputGradients: [gradient], previous, params }) {
    if (history) {
      throw new Error(
        '[causalConv1d] expected no history when gradients are wanted, got one: streaming is for inference',
      );
    }
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
 * @param options.history [B, K-1, D], the frames before frame 0, oldest first; zeros without it; inference only
 * @returns [B, T, D]
 */
export function causalConv1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: {
    readonly reverse?: boolean;
    readonly silu?: boolean;
    readonly history?: Tensor;
  } = {},
): Tensor {
  const { reverse = false, silu = false, history } = options;
  const inputs = history ? [x, weight, bias, history] : [x, weight, bias];
  return x.graph.apply(causalConv1dOp, inputs, { reverse, silu })[0];
}

const updateHistoryOp: Op<null> = {
  name: 'updateHistory',
  effect: true,
  infer([history, x]) {
    if (x.length !== 3 || history.length !== 3 || history[0] !== x[0] || history[2] > x[2]) {
      throw new Error(
        `[updateHistory] expected history [B, K-1, D] and x [B, T, W] with D at most W, got ${showShape(history)} and ${showShape(x)}`,
      );
    }
    return [];
  },
  cpu({ inputs: [history, x], inputShapes: [[batch, past, channels], [, frames, width]] }) {
    for (let b = 0; b < batch; b++) {
      const of = history.subarray(b * past * channels, (b + 1) * past * channels);
      const all = [...of];
      for (let row = b * frames; row < (b + 1) * frames; row++) {
        all.push(...x.subarray(row * width, row * width + channels));
      }
      of.set(all.slice(frames * channels));
    }
  },
  gpu({ inputs: [history, x] }) {
    const [batch, past, channels] = history.shape;
    const sizes = sizesOf(x.shape, [channels, 1, past + 1], { reverse: false, silu: false });
    return [
      {
        shader,
        entry: 'update_history',
        constants: {},
        bindings: { stored_history: history, x, sizes },
        workgroups: [Math.ceil((batch * channels) / 64), 1, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * Replaces the history by the last K-1 frames of history followed by x, in place, for the next replay.
 * @param history [B, K-1, D] of a store
 * @param x [B, T, W], of which the history holds the first D columns
 */
export function updateHistory(history: Tensor, x: Tensor): void {
  if (history.role.kind !== 'stored') {
    throw new Error(`[updateHistory] expected a stored history, got an ${history.role.kind}`);
  }
  x.graph.apply(updateHistoryOp, [history, x], null);
}
