// R2 and Pearson r of decoded behaviour: the only place where a score is computed.

/** How well one behaviour output was decoded. A value is undefined where it has no meaning. */
export interface OutputScore {
  name: string;
  unit: string;
  /** 1 - SSres/SStot; undefined when the target is constant. */
  r2: number | undefined;
  /** Pearson correlation; undefined when target or prediction is constant. */
  r: number | undefined;
}

/** The score of one set of frames. NaN never appears in it. */
export interface Score {
  outputs: OutputScore[];
  /** Headline: mean of the outputs' R2 ("per_axis"). Outputs without one are left out of the mean. */
  meanR2: number | undefined;
  /** 1 - SSres/SStot with both sums over all outputs ("combined"): the larger variance weighs more. */
  combinedR2: number | undefined;
  meanR: number | undefined;
  /** Frames that were scored, after mask and missing behaviour. */
  frames: number;
}

/**
 * Scores `prediction` against `target`, both [frame, K] row-major, pooled over all scored frames
 * (REALM, section "Evaluation": R2 per axis and combined).
 *
 * `mask` [frame] keeps the frames that are not 0; a frame where any target is NaN or infinite is
 * excluded. Throws on sizes that disagree and on a prediction that is not finite at a scored frame,
 * since leaving such a frame out would flatter the decoder.
 */
export function scorePredictions(
  prediction: Float32Array,
  target: Float32Array,
  names: readonly string[],
  units: readonly string[],
  mask?: ArrayLike<number | boolean>,
): Score {
  const outputCount = names.length;
  const frameCount = target.length / outputCount;
  if (outputCount === 0 || !Number.isInteger(frameCount))
    throw new Error(
      `[score] expected a multiple of ${outputCount} outputs, got ${target.length} values`,
    );
  if (units.length !== outputCount)
    throw new Error(`[score] expected ${outputCount} units, got ${units.length}`);
  if (prediction.length !== target.length)
    throw new Error(`[score] expected ${target.length} predictions, got ${prediction.length}`);
  if (mask && mask.length !== frameCount)
    throw new Error(`[score] expected a mask of ${frameCount} frames, got ${mask.length}`);

  const frames = scoredFrames(target, outputCount, mask);
  const outputs: OutputScore[] = [];
  let residualOfAll = 0;
  let totalOfAll = 0;
  for (let k = 0; k < outputCount; k++) {
    const { residual, total, r } = sumsOf(prediction, target, frames, outputCount, k);
    residualOfAll += residual;
    totalOfAll += total;
    const r2 = total > 0 ? 1 - residual / total : undefined;
    outputs.push({ name: names[k], unit: units[k], r2, r });
  }
  return {
    outputs,
    meanR2: meanOfDefined(outputs.map((output) => output.r2)),
    combinedR2: totalOfAll > 0 ? 1 - residualOfAll / totalOfAll : undefined,
    meanR: meanOfDefined(outputs.map((output) => output.r)),
    frames: frames.length,
  };
}

function scoredFrames(
  target: Float32Array,
  outputCount: number,
  mask?: ArrayLike<number | boolean>,
): number[] {
  const frames: number[] = [];
  for (let frame = 0; frame < target.length / outputCount; frame++) {
    if (mask && !mask[frame]) continue;
    const row = target.subarray(frame * outputCount, (frame + 1) * outputCount);
    if (row.every(Number.isFinite)) frames.push(frame);
  }
  return frames;
}

function sumsOf(
  prediction: Float32Array,
  target: Float32Array,
  frames: readonly number[],
  outputCount: number,
  k: number,
): { residual: number; total: number; r: number | undefined } {
  // Measured from the first value, so that a constant series has a spread of exactly 0.
  const targetOrigin = frames.length > 0 ? target[frames[0] * outputCount + k] : 0;
  const predictionOrigin = frames.length > 0 ? prediction[frames[0] * outputCount + k] : 0;
  let targetSum = 0;
  let predictionSum = 0;
  for (const frame of frames) {
    const value = prediction[frame * outputCount + k];
    if (!Number.isFinite(value))
      throw new Error(
        `[score] expected a finite prediction, got ${value} at frame ${frame}, output ${k}; the model has diverged or its input holds NaN`,
      );
    predictionSum += value - predictionOrigin;
    targetSum += target[frame * outputCount + k] - targetOrigin;
  }
  const targetMean = targetSum / frames.length;
  const predictionMean = predictionSum / frames.length;
  let residual = 0;
  let total = 0;
  let predictionTotal = 0;
  let product = 0;
  for (const frame of frames) {
    const y = target[frame * outputCount + k];
    const p = prediction[frame * outputCount + k];
    const yCentred = y - targetOrigin - targetMean;
    const pCentred = p - predictionOrigin - predictionMean;
    residual += (y - p) ** 2;
    total += yCentred ** 2;
    predictionTotal += pCentred ** 2;
    product += yCentred * pCentred;
  }
  const spread = Math.sqrt(total) * Math.sqrt(predictionTotal);
  return { residual, total, r: spread > 0 ? product / spread : undefined };
}

function meanOfDefined(values: readonly (number | undefined)[]): number | undefined {
  const defined = values.filter((value) => value !== undefined);
  if (defined.length === 0) return undefined;
  return defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
