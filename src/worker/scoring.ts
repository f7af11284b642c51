/** The honest score: the student and ridge on the same test fold, each scored once. */

import { ParameterSet } from '../autograd/parameterSet';
import type { Features } from '../data/features';
import { runningText } from '../data/runningZScore';
import type { Evaluation } from '../evaluate/evaluation';
import { scorePredictions } from '../evaluate/metrics';
import { fitRidge } from '../evaluate/ridge';
import type { GpuDevice } from '../gpu/device';
import { compileForward } from '../model/forward';
import { decoderParameters } from '../model/parameters';
import { predictFold } from '../train/predict';
import type { HeldModel } from './heldModel';
import { type Prepared, splitTextOf } from './preparing';
import type { StagePlan } from './stages';

/** As in the paper: frames t-10 to t. */
const RIDGE_LAG_FRAMES = 10;
const SCORING_BATCH = 4;

/** Scores a fine-tuned student on its session's test fold. */
export async function scoreStudent(
  device: GpuDevice,
  { data, preset, seed }: StagePlan,
  { config, weights, record }: HeldModel,
  prepared: Prepared,
): Promise<Evaluation> {
  const parameters = new ParameterSet(device, decoderParameters(config));
  parameters.load(weights);
  const frames = preset.segmentFrames;
  const forward = await compileForward(device, parameters, config, SCORING_BATCH, frames);
  const fold = await predictFold(forward, data, 0, prepared.split.test);
  forward.plan.destroy();
  parameters.destroy();
  const { behaviourNames, behaviourUnits } = prepared.features;
  return {
    model: 'student',
    score: scorePredictions(fold.prediction, fold.target, behaviourNames, behaviourUnits),
    seed,
    adapter: device.adapterName,
    settings: {
      preset: record?.preset ?? preset.id,
      segmentFrames: frames,
      precision: preset.finetune.precision,
    },
    trainedAt: record?.trainedAt ?? new Date().toISOString(),
    ...circumstances(prepared),
  };
}

export function scoreRidge({ features, split }: Prepared): Evaluation {
  const { test, alpha } = fitRidge({ features, split, lagFrames: RIDGE_LAG_FRAMES });
  return {
    model: 'ridge',
    score: test,
    seed: 0,
    adapter: 'processor, float64',
    settings: { lagFrames: RIDGE_LAG_FRAMES, alpha },
    trainedAt: new Date().toISOString(),
    ...circumstances({ features, split }),
  };
}

function circumstances({ features, split }: { features: Features; split: Prepared['split'] }) {
  const frontEnd = features.importedThrough?.kind ?? features.frontEnd;
  return {
    split: splitTextOf(split),
    frontEnd: `${frontEnd === 'none' ? 'none (already frames)' : frontEnd}${runningText(features.runningZScoreS)}`,
    synthetic: features.synthetic,
  };
}
