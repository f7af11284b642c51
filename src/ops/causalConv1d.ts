// Depthwise convolution over time, forwards or in both directions, with SiLU fused.

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
  readonly directions: 1 | 2;
  readonly silu: boolean;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const siluSlope = (x: number): number => sigmoid(x) * (1 + x * sigmoid(-x));

/**
 * Calls `visit` for each tap k of each number i of the result, with the index d of its bias and where in x it reads.
 * The last tap, which reads the current frame, is never missing.
 */
function forTaps(
  [[batch, frames, width], [rows, , taps]]: readonly Shape[],
  { directions }: Params,
  visit: (i: number, d: number, k: number, ofX: number) => void,
): void {
  const channels = rows / directions;
  for (let i = 0; i < batch * frames * rows; i++) {
    const row = Math.floor(i / channels) % (batch * frames);
    const direction = Math.floor(i / (channels * batch * frames));
    const c = i % channels;
    const t = row % frames;
    for (let k = 0; k < taps; k++) {
      const from = (direction === 1 ? -1 : 1) * (k - (taps - 1));
      if (t + from < 0 || t + from >= frames) continue;
      const ofX = (row + from) * width + (direction * width) / directions + c;
      visit(i, direction * channels + c, k, ofX);
    }
  }
}

/** The result before SiLU. */
function sumsOfTaps(
  [x, weight, bias]: readonly Float64Array[],
  shapes: readonly Shape[],
  params: Params,
): Float64Array {
  const [[batch, frames], [, , taps]] = shapes;
  const sums = new Float64Array(batch * frames * bias.length);
  forTaps(shapes, params, (i, d, k, ofX) => {
    sums[i] += weight[d * taps + k] * x[ofX] + (k === taps - 1 ? bias[d] : 0);
  });
  return sums;
}

/** The shader's `Sizes` struct, field by field. */
function sizesOf(
  [batch, frames, width]: Shape,
  [rows, , taps]: Shape,
  { directions, silu }: Params,
  hasPrevious = false,
): Numbers {
  const perDirection = [width / directions / 4, rows / directions / 4];
  const flags = [silu, hasPrevious].map(Number);
  return numbers(frames, batch * frames, directions, ...perDirection, taps, ...flags);
}

/** The last input, if present, is added to the gradient by x. */
const backward: Op<Params> = {
  name: 'causalConv1dBackward',
  infer: ([x, weight, bias]) => [x, weight, bias],
  cpu({ inputs, outputs: [dx, dWeight, dBias], inputShapes, params }) {
    const [x, weight, , gradient, previous] = inputs;
    const taps = inputShapes[1][2];
    const sums = sumsOfTaps(inputs, inputShapes, params);
    if (previous) dx.set(previous);
    forTaps(inputShapes, params, (i, d, k, ofX) => {
      const g = gradient[i] * (params.silu ? siluSlope(sums[i]) : 1);
      if (k === taps - 1) dBias[d] += g;
      dx[ofX] += weight[d * taps + k] * g;
      dWeight[d * taps + k] += x[ofX] * g;
    });
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
        workgroups: [Math.ceil(x.shape[2] / 256), count, 1],
      },
      sumPartials(partials, count, [dWeight, dBias]),
    ];
  },
  gradient: undefined,
};

const causalConv1dOp: Op<Params> = {
  name: 'causalConv1d',
  infer([x, weight, bias], { directions }) {
    const [batch, frames, width] = x;
    const [channels, , taps] = weight;
    const lengths = [width, channels].map((length) => length / directions);
    if (x.length !== 3) {
      throw new Error(`[causalConv1d] expected x of shape [B, T, D], got ${showShape(x)}`);
    }
    if (
      !sameShape(weight, [channels, 1, taps]) ||
      !sameShape(bias, [channels]) ||
      channels > width ||
      !lengths.every(Number.isInteger)
    ) {
      const parts = directions === 1 ? '' : ', both in two halves';
      throw new Error(
        `[causalConv1d] expected weight [D, 1, K] and bias [D] with D at most ${width}${parts}, got ${showShape(weight)} and ${showShape(bias)}`,
      );
    }
    if (lengths.some((length) => length % 4 !== 0)) {
      throw new Error(
        `[causalConv1d] expected columns in multiples of 4, got ${showShape(x)} and ${showShape(weight)}`,
      );
    }
    if (taps > MOST_TAPS) {
      throw new Error(`[causalConv1d] expected at most ${MOST_TAPS} taps, got ${taps}`);
    }
    return [[directions * batch, frames, channels / directions]];
  },
  cpu({ inputs, outputs: [out], inputShapes, params }) {
    const sums = sumsOfTaps(inputs, inputShapes, params);
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
      workgroups: [Math.ceil(bias.size / 256), blocksOf(x.shape), 1],
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
 * @param x [B, T, W]; the first D columns are convolved, the others are another op's; both multiples of 4 per direction
 * @param weight [D, 1, K], K at most 4
 * @param bias [D]
 * @param options.directions with 2 the second half of x's columns is convolved with the second half of the weight over
 *   the time-flipped frames: its tap 0 is K-1 frames ahead
 * @param options.silu applies SiLU to the result
 * @returns [B, T, D], or [2 * B, T, D / 2] with the second direction in the batch's second half
 */
export function causalConv1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: {
    readonly directions?: 1 | 2;
    readonly silu?: boolean;
  } = {},
): Tensor {
  const { directions = 1, silu = false } = options;
  return x.graph.apply(causalConv1dOp, [x, weight, bias], { directions, silu })[0];
}
