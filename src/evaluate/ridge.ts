// The Wiener baseline: causal ridge regression from lagged LFP frames to behaviour.
import type { Features } from '../data/features';
import { fitNormalisation, type Normalisation, normalise } from '../data/normalisation';
import type { FrameRange, Split } from '../data/splits';
import { type LaggedFrames, type LaggedWeights, laggedFrames, predictRows } from './laggedFrames';
import { type Score, scorePredictions } from './metrics';
import { type RidgeSolver, ridgeSystem } from './ridgeSystem';

/** REALM, section "Evaluation": the grid that the authors search. */
export const RIDGE_ALPHAS: readonly number[] = [1, 10, 1e2, 1e3, 1e4, 1e5, 1e6];

export interface RidgeOptions {
  features: Features;
  split: Pick<Split, 'train' | 'validation' | 'test'>;
  /** Past frames beside the current one: frame t is decoded from frames t - lagFrames to t. */
  lagFrames: number;
  /** Penalties on weights of z-scored features; default {@link RIDGE_ALPHAS}. */
  alphas?: readonly number[];
  onProgress?: (progress: RidgeProgress) => void;
}

export interface RidgeProgress {
  stage: string;
  done: number;
  total: number;
}

export interface RidgeResult extends LaggedWeights {
  alpha: number;
  /** Z-score of the features that the weights apply to, fitted on train and validation. */
  normalisation: Normalisation;
  /** Of the chosen alpha, fitted on the training fold alone. */
  validation: Score;
  /** Of the refit, scored once. */
  test: Score;
  /** Every test frame in the order of the split, [frame, K], in the behaviour's units. */
  prediction: Float32Array;
}

/**
 * Chooses alpha on the validation fold by mean R2, refits on train and validation, scores the test
 * fold once (REALM, section "Evaluation"). Frames with unknown behaviour are left out of fit and
 * score. All sums in float64 on the calling thread: seconds for 100 channels, about half a minute
 * for 4000 features.
 */
export function fitRidge(options: RidgeOptions): RidgeResult {
  const { features, split, lagFrames, alphas = RIDGE_ALPHAS, onProgress } = options;
  checkOptions(features, lagFrames, alphas);
  const total = alphas.length + 2;
  onProgress?.({ stage: 'products', done: 0, total });
  const onTrain = systemOf(features, split.train, lagFrames);
  const validationRows = rowsOf(onTrain.scored, split.validation, lagFrames);
  let best: { alpha: number; validation: Score } | undefined;
  alphas.forEach((alpha, i) => {
    onProgress?.({ stage: `alpha ${alpha}`, done: 1 + i, total });
    const prediction = predictRows(validationRows, onTrain.solve(alpha));
    const validation = scoreOf(features, split.validation, prediction);
    if (validation.meanR2 === undefined)
      throw new Error(
        `[ridge] expected behaviour that varies over the validation fold, got ${validation.frames} frames without variation; choose another split`,
      );
    if (!best || validation.meanR2 > best.validation.meanR2!) best = { alpha, validation };
  });

  onProgress?.({ stage: 'refit', done: total - 1, total });
  const { alpha, validation } = best!;
  const onBoth = systemOf(features, [...split.train, ...split.validation], lagFrames);
  const refit = onBoth.solve(alpha);
  const prediction = predictRows(rowsOf(onBoth.scored, split.test, lagFrames), refit);
  const test = scoreOf(features, split.test, prediction);
  onProgress?.({ stage: 'done', done: total, total });
  return { ...refit, alpha, normalisation: onBoth.normalisation, validation, test, prediction };
}

interface FittedSystem {
  normalisation: Normalisation;
  /** The whole session, z-scored by the fitted frames. */
  scored: Features;
  solve: RidgeSolver;
}

function systemOf(
  features: Features,
  ranges: readonly FrameRange[],
  lagFrames: number,
): FittedSystem {
  const outputCount = features.behaviourNames.length;
  const behaviour = features.behaviour!;
  const known = (frame: number) =>
    behaviour.subarray(frame * outputCount, (frame + 1) * outputCount).every(Number.isFinite);
  const normalisation = fitNormalisation(features, ranges);
  const scored = normalise(features, normalisation);
  const rows = rowsOf(scored, ranges, lagFrames, known);
  if (rows.rowCount < 2)
    throw new Error(
      `[ridge] expected at least 2 frames with known behaviour to fit, got ${rows.rowCount}; choose another split`,
    );
  const targets = new Float64Array(rows.rowCount * outputCount);
  for (let row = 0; row < rows.rowCount; row++)
    for (let k = 0; k < outputCount; k++)
      targets[row * outputCount + k] =
        behaviour[rows.frames[row * rows.lagCount] * outputCount + k];
  return { normalisation, scored, solve: ridgeSystem(rows, targets, outputCount) };
}

function rowsOf(
  { lfp, channelCount, bandCount }: Features,
  ranges: readonly FrameRange[],
  lagFrames: number,
  keep?: (frame: number) => boolean,
): LaggedFrames {
  return laggedFrames(lfp, channelCount * bandCount, ranges, lagFrames, keep);
}

/** Scores rows that cover `ranges` completely, in order. */
function scoreOf(
  features: Features,
  ranges: readonly FrameRange[],
  prediction: Float32Array,
): Score {
  const { behaviourNames, behaviourUnits } = features;
  const outputCount = behaviourNames.length;
  const target = new Float32Array(prediction.length);
  let offset = 0;
  for (const { start, end } of ranges) {
    target.set(features.behaviour!.subarray(start * outputCount, end * outputCount), offset);
    offset += (end - start) * outputCount;
  }
  return scorePredictions(prediction, target, behaviourNames, behaviourUnits);
}

function checkOptions(features: Features, lagFrames: number, alphas: readonly number[]): void {
  if (!features.behaviour || features.behaviourNames.length === 0)
    throw new Error(
      `[ridge] expected a session with behaviour, got none in "${features.sessionName}"; pick a behaviour series`,
    );
  if (!Number.isInteger(lagFrames) || lagFrames < 0)
    throw new Error(`[ridge] expected lagFrames as a whole number from 0, got ${lagFrames}`);
  if (alphas.length === 0 || !alphas.every((alpha) => alpha > 0 && Number.isFinite(alpha)))
    throw new Error(`[ridge] expected positive alphas, got [${alphas}]`);
}
