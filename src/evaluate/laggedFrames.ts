// Which frames a lagged linear decoder sees for each row, and its prediction from them.
import type { FrameRange } from '../data/splits';

/** Rows of a lagged design matrix; feature = lag * width + column, lag 0 is the current frame. */
export interface LaggedFrames {
  /** [frame, width], z-scored. */
  lfp: Float32Array;
  width: number;
  /** lagFrames + 1. */
  lagCount: number;
  /** Frame of each row and lag, [row, lagCount]. */
  frames: Int32Array;
  rowCount: number;
}

/** Linear map from lagged, z-scored features to behaviour. */
export interface LaggedWeights {
  /** [feature, K] with feature = lag * width + column. */
  weights: Float64Array;
  /** [K] */
  intercept: Float64Array;
}

/**
 * One row per frame of `ranges` that `keep` accepts. Lags that reach before a range repeat its first
 * frame (REALM, section "Evaluation": edge-repeat at segment start), so no row sees another fold.
 */
export function laggedFrames(
  lfp: Float32Array,
  width: number,
  ranges: readonly FrameRange[],
  lagFrames: number,
  keep: (frame: number) => boolean = () => true,
): LaggedFrames {
  const frames: number[] = [];
  for (const { start, end } of ranges)
    for (let frame = start; frame < end; frame++)
      if (keep(frame))
        for (let lag = 0; lag <= lagFrames; lag++) frames.push(Math.max(start, frame - lag));
  const lagCount = lagFrames + 1;
  return {
    lfp,
    width,
    lagCount,
    frames: Int32Array.from(frames),
    rowCount: frames.length / lagCount,
  };
}

/** Features of the given rows, transposed, into `out` [feature, stride]. */
export function packRows(
  { lfp, width, lagCount, frames }: LaggedFrames,
  rows: ArrayLike<number>,
  stride: number,
  out: Float64Array,
): void {
  for (let i = 0; i < rows.length; i++)
    for (let lag = 0; lag < lagCount; lag++) {
      const from = frames[rows[i] * lagCount + lag] * width;
      let to = lag * width * stride + i;
      for (let column = 0; column < width; column++, to += stride) out[to] = lfp[from + column];
    }
}

/** Mean of every feature over the rows, [feature]. */
export function featureMeans({
  lfp,
  width,
  lagCount,
  frames,
  rowCount,
}: LaggedFrames): Float64Array {
  const means = new Float64Array(lagCount * width);
  for (let i = 0; i < frames.length; i++) {
    const to = (i % lagCount) * width;
    for (let column = 0; column < width; column++)
      means[to + column] += lfp[frames[i] * width + column];
  }
  return means.map((sum) => sum / rowCount);
}

/** Prediction of every row, [row, K]. */
export function predictRows(
  rows: LaggedFrames,
  { weights, intercept }: LaggedWeights,
): Float32Array {
  const { lfp, width, lagCount, frames, rowCount } = rows;
  const outputCount = intercept.length;
  const prediction = new Float32Array(rowCount * outputCount);
  const sums = new Float64Array(outputCount);
  for (let row = 0; row < rowCount; row++) {
    sums.set(intercept);
    let weight = 0;
    for (let lag = 0; lag < lagCount; lag++) {
      const from = frames[row * lagCount + lag] * width;
      for (let column = 0; column < width; column++)
        for (let k = 0; k < outputCount; k++) sums[k] += lfp[from + column] * weights[weight++];
    }
    prediction.set(sums, row * outputCount);
  }
  return prediction;
}
