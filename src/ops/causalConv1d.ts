// Depthwise convolution over time, forwards or time-flipped, with SiLU fused and a history for streaming.

import source from '../../shaders/causal_conv1d.wgsl?raw';
import activation from '../../shaders/common/activation.wgsl?raw';
import { type Dispatch, gridStride, type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { blockCount, sumPartials } from './sumPartials';

const shader = defineShader('causal_conv1d', source, activation);

/** The backward kernel keeps one sum per tap in registers (MOST_TAPS in the shader). */
const MOST_TAPS = 8;

interface Params {
  readonly reverse: boolean;
  readonly silu: boolean;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const siluSlope = (x: number): number => sigmoid(x) * (1 + x * sigmoid(-x));

/** Where tap k reads, relative to the current frame. */
const tapOffset = (k: number, taps: number, { reverse }: Params): number =>
  (reverse ? -1 : 1) * (k - (taps - 1));

function sumsOfTaps(
  [x, weight, bias, history]: readonly Float64Array[],
  [, frames, width]: Shape,
  params: Params,
): Float64Array {
  const taps = weight.length / width;
  const sums = new Float64Array(x.length);
  const valueAt = (b: number, t: number, d: number): number => {
    if (t >= 0 && t < frames) return x[(b * frames + t) * width + d];
    return t < 0 && history ? history[(b * (taps - 1) + taps - 1 + t) * width + d] : 0;
  };
  for (let i = 0; i < x.length; i++) {
    const d = i % width;
    const t = Math.floor(i / width) % frames;
    const b = Math.floor(i / (width * frames));
    sums[i] = bias[d];
    for (let k = 0; k < taps; k++) {
      sums[i] += weight[d * taps + k] * valueAt(b, t + tapOffset(k, taps, params), d);
    }
  }
  return sums;
}

function constantsOf([, frames, width]: Shape, [, , taps]: Shape, { reverse }: Params) {
  return { frames, width, taps, direction: reverse ? -1 : 1 };
}

const backward: Op<Params> = {
  name: 'causalConv1dBackward',
  infer: ([x, weight, bias]) => [x, weight, bias],
  cpu({ inputs, outputs: [dx, dWeight, dBias], inputShapes: [shape], params }) {
    const [x, weight, , gradient] = inputs;
    const [, frames, width] = shape;
    const taps = weight.length / width;
    const sums = sumsOfTaps(inputs.slice(0, 3), shape, params);
    for (let i = 0; i < x.length; i++) {
      const d = i % width;
      const t = Math.floor(i / width) % frames;
      const g = gradient[i] * (params.silu ? siluSlope(sums[i]) : 1);
      dBias[d] += g;
      for (let k = 0; k < taps; k++) {
        const offset = tapOffset(k, taps, params);
        if (t + offset < 0 || t + offset >= frames) continue;
        dx[i + offset * width] += weight[d * taps + k] * g;
        dWeight[d * taps + k] += x[i + offset * width] * g;
      }
    }
  },
  gpu({ inputs: [x, weight, bias, gradient], outputs: [dx, dWeight, dBias], params }) {
    const [batch, frames, width] = x.shape;
    const taps = weight.shape[2];
    const constants = constantsOf(x.shape, weight.shape, params);
    const count = blockCount(batch * frames);
    const partials = scratch(count * width * (taps + 1));
    const sumGradient = params.silu ? scratch(x.size) : gradient;
    const dispatches: Dispatch[] = [];
    if (params.silu) {
      dispatches.push({
        shader,
        entry: 'backward_silu',
        constants,
        bindings: { x, weight, bias, gradient, out: sumGradient },
        workgroups: gridStride(x.size),
      });
    }
    dispatches.push({
      shader,
      entry: 'backward',
      constants,
      bindings: { x, weight, sum_gradient: sumGradient, out: dx, partials },
      workgroups: [Math.ceil(width / 64), count, 1],
    });
    dispatches.push(sumPartials(partials, count, [dWeight, dBias]));
    return dispatches;
  },
  gradient: undefined,
};

const causalConv1dOp: Op<Params> = {
  name: 'causalConv1d',
  infer([x, weight, bias, history], { reverse }) {
    const [batch, , width] = x;
    const taps = weight[2];
    if (x.length !== 3) {
      throw new Error(`[causalConv1d] expected x of shape [B, T, D], got ${showShape(x)}`);
    }
    if (!sameShape(weight, [width, 1, taps]) || !sameShape(bias, [width])) {
      throw new Error(
        `[causalConv1d] expected weight [${width}, 1, K] and bias [${width}], got ${showShape(weight)} and ${showShape(bias)}`,
      );
    }
    if (taps > MOST_TAPS) {
      throw new Error(`[causalConv1d] expected at most ${MOST_TAPS} taps, got ${taps}`);
    }
    if (history && reverse) {
      throw new Error('[causalConv1d] expected no history in reverse: it has no past, got one');
    }
    if (history && !sameShape(history, [batch, taps - 1, width])) {
      throw new Error(
        `[causalConv1d] expected history ${showShape([batch, taps - 1, width])}, got ${showShape(history)}`,
      );
    }
    return [x];
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
      constants: {
        ...constantsOf(x.shape, weight.shape, params),
        silu_after: Number(params.silu),
      },
      bindings: { x, weight, bias, ...(history && { history }), out },
      workgroups: gridStride(x.size),
    },
  ],
  gradient({ inputs: [x, weight, bias, history], outputGradients: [gradient], params }) {
    if (history) {
      throw new Error(
        '[causalConv1d] expected no history when gradients are wanted, got one: streaming is for inference',
      );
    }
    return x.graph.apply(backward, [x, weight, bias, gradient!], params);
  },
};

/**
 * Depthwise convolution over time (REALM, section 1.3); tap K-1 is the current frame, tap 0 the oldest.
 * @param x [B, T, D]
 * @param weight [D, 1, K], K at most 8
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
    if (x.length !== 3 || !sameShape(history, [x[0], history[1], x[2]])) {
      throw new Error(
        `[updateHistory] expected history [B, K-1, D] and x [B, T, D], got ${showShape(history)} and ${showShape(x)}`,
      );
    }
    return [];
  },
  cpu({ inputs: [history, x], inputShapes: [[batch, past, width], [, frames]] }) {
    for (let b = 0; b < batch; b++) {
      const of = history.subarray(b * past * width, (b + 1) * past * width);
      const all = [...of, ...x.subarray(b * frames * width, (b + 1) * frames * width)];
      of.set(all.slice(frames * width));
    }
  },
  gpu({ inputs: [history, x] }) {
    const [batch, past, width] = history.shape;
    return [
      {
        shader,
        entry: 'update_history',
        constants: { frames: x.shape[1], width, taps: past + 1 },
        bindings: { stored_history: history, x },
        workgroups: [Math.ceil((batch * width) / 64), 1, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * Replaces the history by the last K-1 frames of history followed by x, in place, for the next replay.
 * @param history [B, K-1, D] of a store
 * @param x [B, T, D]
 */
export function updateHistory(history: Tensor, x: Tensor): void {
  if (history.role.kind !== 'stored') {
    throw new Error(`[updateHistory] expected a stored history, got an ${history.role.kind}`);
  }
  x.graph.apply(updateHistoryOp, [history, x], null);
}
