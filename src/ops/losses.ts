// The losses: weighted mean squared error, and weighted cosine distance of hidden vectors.

import source from '../../shaders/losses.wgsl?raw';
import { type Dispatch, gridStride, type Numbers, numbers, type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineSumShader } from './sumShader';

const shader = defineSumShader('losses', source);
/** The kernels without a sum. */
const { shader: elementwise } = shader(undefined);

const MOST_PARTS = 1024;
/** Elements per workgroup from which a further one is worth its barriers: eight for each of 64 lanes. */
const ELEMENTS_PER_PART = 512;

/** Dispatches of a weighted mean: at most `mostParts` partial sums, then one workgroup for [loss, weight sum]. */
function meanDispatches(
  entry: string,
  mostParts: number,
  inputs: Readonly<Record<string, Tensor | Numbers>>,
  [out, weightSum]: readonly Tensor[],
  subgroupSize: number | undefined,
): Dispatch[] {
  const partCount = Math.min(MOST_PARTS, mostParts);
  const parts = scratch(2 * partCount);
  return [
    {
      ...shader(subgroupSize),
      entry,
      bindings: { ...inputs, out_parts: parts },
      workgroups: [partCount, 1, 1],
    },
    {
      ...shader(subgroupSize),
      entry: 'mean_of_parts',
      bindings: { parts, out, out_weight_sum: weightSum },
      workgroups: [1, 1, 1],
    },
  ];
}

/** Calls `visit` with each element's index and its weight w_bt c_bk. */
function visitWeights(
  shape: Shape,
  frameWeight: Float64Array,
  columnWeight: Float64Array,
  visit: (i: number, weight: number) => void,
): void {
  const [B, T, K] = shape;
  const C = columnWeight.length / B;
  const bands = K / C;
  frameWeight.forEach((w, row) => {
    const weights = columnWeight.subarray(Math.floor(row / T) * C);
    for (let k = 0; k < K; k++) visit(row * K + k, w * weights[Math.floor(k / bands)]);
  });
}

const mseBackward: Op<null> = {
  name: 'weightedMseBackward',
  infer: ([prediction]) => [prediction],
  cpu({ inputs, outputs: [out], inputShapes: [shape] }) {
    const [prediction, target, frameWeight, columnWeight, gradient, weightSum] = inputs;
    const factor = (2 * gradient[0]) / weightSum[0];
    visitWeights(shape, frameWeight, columnWeight, (i, weight) => {
      out[i] = factor * weight * (prediction[i] - target[i]);
    });
  },
  gpu: ({
    inputs: [prediction, target, frameWeight, columnWeight, gradient, weightSum],
    outputs: [out],
  }) => [
    {
      shader: elementwise,
      entry: 'mse_backward',
      constants: {},
      bindings: {
        prediction,
        target_: target,
        frame_weight: frameWeight,
        column_weight: columnWeight,
        sizes: numbers(prediction.shape[0]),
        gradient,
        weight_sum: weightSum,
        out,
      },
      workgroups: gridStride(out.size),
    },
  ],
  gradient: undefined,
};

const mseOp: Op<null> = {
  name: 'weightedMse',
  infer([prediction, target, frameWeight, columnWeight]) {
    const [B, T, K] = prediction;
    if (
      prediction.length !== 3 ||
      !sameShape(target, prediction) ||
      !sameShape(frameWeight, [B, T]) ||
      columnWeight.length !== 2 ||
      columnWeight[0] !== B ||
      K % columnWeight[1] !== 0
    ) {
      throw new Error(
        `[weightedMse] expected a prediction and a target [B, T, K], a frame weight [B, T] and a column weight [B, C] with K a multiple of C, got ${[prediction, target, frameWeight, columnWeight].map(showShape).join(', ')}`,
      );
    }
    return [[1], [1]];
  },
  cpu({
    inputs: [prediction, target, frameWeight, columnWeight],
    outputs: [out, weightSum],
    inputShapes: [shape],
  }) {
    let sum = 0;
    let total = 0;
    visitWeights(shape, frameWeight, columnWeight, (i, weight) => {
      sum += weight * (prediction[i] - target[i]) ** 2;
      total += weight;
    });
    weightSum[0] = Math.max(total, 1);
    out[0] = sum / weightSum[0];
  },
  gpu: ({ inputs: [prediction, target, frameWeight, columnWeight], outputs, subgroupSize }) =>
    meanDispatches(
      'mse_parts',
      Math.ceil(prediction.size / ELEMENTS_PER_PART),
      {
        prediction,
        target_: target,
        frame_weight: frameWeight,
        column_weight: columnWeight,
        sizes: numbers(prediction.shape[0]),
      },
      outputs,
      subgroupSize,
    ),
  gradient: ({ inputs, outputs: [, weightSum], outputGradients: [gradient] }) =>
    inputs[0].graph.apply(mseBackward, [...inputs, gradient!, weightSum], null),
};

/** As torch's cosine_similarity: a shorter vector counts as this long. */
const SMALLEST_NORM = 1e-8;

/** <s, t> / (|s| |t|) of one row, and the norms. */
function rowCosine(s: Float64Array, t: Float64Array, start: number, width: number) {
  let dot = 0;
  let ss = 0;
  let tt = 0;
  for (let i = start; i < start + width; i++) {
    dot += s[i] * t[i];
    ss += s[i] ** 2;
    tt += t[i] ** 2;
  }
  const sNorm = Math.max(Math.sqrt(ss), SMALLEST_NORM);
  const tNorm = Math.max(Math.sqrt(tt), SMALLEST_NORM);
  return { cosine: dot / sNorm / tNorm, sNorm, tNorm };
}

const cosineBackward: Op<null> = {
  name: 'cosineDistanceBackward',
  infer: ([s]) => [s],
  cpu({ inputs: [s, t, frameWeight, gradient, weightSum], outputs: [out], inputShapes }) {
    const width = inputShapes[0][2];
    frameWeight.forEach((weight, row) => {
      const start = row * width;
      const { cosine, sNorm, tNorm } = rowCosine(s, t, start, width);
      const along = sNorm > SMALLEST_NORM ? cosine : 0;
      const factor = ((-gradient[0] / weightSum[0]) * weight) / sNorm;
      for (let i = start; i < start + width; i++) {
        out[i] = factor * (t[i] / tNorm - (along * s[i]) / sNorm);
      }
    });
  },
  gpu: ({ inputs: [s, t, frameWeight, gradient, weightSum], outputs: [out], subgroupSize }) => [
    {
      ...shader(subgroupSize),
      entry: 'cosine_backward',
      bindings: {
        prediction: s,
        target_: t,
        frame_weight: frameWeight,
        gradient,
        weight_sum: weightSum,
        out,
      },
      workgroups: gridStride(frameWeight.size, 1),
    },
  ],
  gradient: undefined,
};

const cosineOp: Op<null> = {
  name: 'cosineDistance',
  infer([s, target, frameWeight]) {
    if (s.length !== 3 || !sameShape(target, s) || !sameShape(frameWeight, s.slice(0, 2))) {
      throw new Error(
        `[cosineDistance] expected two tensors [B, T, D] and a frame weight [B, T], got ${[s, target, frameWeight].map(showShape).join(', ')}`,
      );
    }
    return [[1], [1]];
  },
  cpu({ inputs: [s, t, frameWeight], outputs: [out, weightSum], inputShapes }) {
    const width = inputShapes[0][2];
    let sum = 0;
    let total = 0;
    frameWeight.forEach((weight, row) => {
      sum += weight * (1 - rowCosine(s, t, row * width, width).cosine);
      total += weight;
    });
    weightSum[0] = Math.max(total, 1);
    out[0] = sum / weightSum[0];
  },
  gpu: ({ inputs: [s, t, frameWeight], outputs, subgroupSize }) =>
    meanDispatches(
      'cosine_parts',
      frameWeight.size,
      { prediction: s, target_: t, frame_weight: frameWeight },
      outputs,
      subgroupSize,
    ),
  gradient: ({ inputs, outputs: [, weightSum], outputGradients: [gradient] }) =>
    inputs[0].graph.apply(cosineBackward, [...inputs, gradient!, weightSum], null),
};

/**
 * Weighted mean squared error [1]: Σ w_bt c_bk (prediction - target)^2 / max(Σ w_bt c_bk, 1)
 * (REALM, sections 1.4 and 1.5). The gradient flows to the prediction only.
 * @param prediction [B, T, K]
 * @param target [B, T, K]
 * @param frameWeight [B, T], not negative: 1 for the frames that count
 * @param columnWeight [B, C], not negative: 0 for padded channels; each weighs K / C columns side by side, as a channel's
 * bands lie
 * @throws Error when the shapes do not fit
 */
export function weightedMse(
  prediction: Tensor,
  target: Tensor,
  frameWeight: Tensor,
  columnWeight: Tensor,
): Tensor {
  const inputs = [prediction, target, frameWeight, columnWeight];
  return prediction.graph.apply(mseOp, inputs, null)[0];
}

/**
 * Weighted mean cosine distance [1]: Σ w_bt (1 - cos(s_bt, target_bt)) / max(Σ w_bt, 1), the alignment loss
 * (REALM, section 1.5). The gradient flows to s only.
 * @param s [B, T, D]
 * @param target [B, T, D]
 * @param frameWeight [B, T], not negative
 * @throws Error when the shapes do not fit
 */
export function cosineDistance(s: Tensor, target: Tensor, frameWeight: Tensor): Tensor {
  return s.graph.apply(cosineOp, [s, target, frameWeight], null)[0];
}
