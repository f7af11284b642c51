// Scores of a session's test fold: a network in its own units, and ridge beside it.

import { ParameterSet, type Weights } from '../autograd/parameterSet';
import type { Features } from '../data/features';
import { runningText } from '../data/runningZScore';
import type { Split } from '../data/splits';
import type { Evaluation } from '../evaluate/evaluation';
import { type Score, scorePredictions } from '../evaluate/metrics';
import { fitRidge } from '../evaluate/ridge';
import type { ModelConfig } from '../model/config';
import { compileForward } from '../model/forward';
import { decoderParameters } from '../model/parameters';
import { predictFold } from '../train/predict';
import type { TrainingData } from '../train/trainingData';
import { inUnits } from './modelData';
import { CPU_NAME, type OpenedDevice } from './nodeDevice';
import type { Terminal } from './progress';

export const RIDGE_LAG_FRAMES = 9;

/** A session's scores, as results.json holds them. */
export interface SessionResults {
  readonly sessionId: string;
  readonly sessionName: string;
  readonly evaluations: readonly Evaluation[];
}

/** What both kinds of score say about the session. */
export function sessionFacts(
  features: Features,
  { kind, guardS }: Split,
): Pick<Evaluation, 'split' | 'frontEnd' | 'synthetic' | 'trainedAt'> {
  return {
    split: `${kind}, last 20 % test, ${guardS} s guard`,
    frontEnd: `${features.importedThrough?.kind ?? features.frontEnd}${runningText(features.runningZScoreS)}`,
    synthetic: features.synthetic,
    trainedAt: new Date().toISOString(),
  };
}

/**
 * Scores the test fold in the behaviour's own units, the state starting afresh at each segment as in training.
 * @param session index into `data`
 */
export async function scoreNetwork(
  { device }: OpenedDevice,
  config: ModelConfig,
  weights: Weights,
  data: TrainingData,
  session: number,
  segment: { readonly frames: number; readonly batch: number },
): Promise<Score> {
  const parameters = new ParameterSet(device, decoderParameters(config));
  parameters.load(weights);
  const forward = await compileForward(device, parameters, config, segment.batch, segment.frames);
  const fold = await predictFold(forward, data, session, data.splits[session].test);
  forward.plan.destroy();
  parameters.destroy();
  const { behaviourNames, behaviourUnits } = data.sessions[session];
  return scorePredictions(
    inUnits(fold.prediction, data, session),
    inUnits(fold.target, data, session),
    behaviourNames,
    behaviourUnits,
  );
}

/** Ridge on the current and the last frames, its penalty chosen on the validation fold. */
export function scoreRidge(
  features: Features,
  split: Split,
  lagFrames: number,
  terminal: Terminal,
): Evaluation {
  const ridge = fitRidge({
    features,
    split,
    lagFrames,
    onProgress: ({ stage, done, total }) =>
      terminal.status(`ridge of ${features.sessionName}: ${stage} (${done}/${total})`),
  });
  return {
    ...sessionFacts(features, split),
    model: 'ridge',
    score: ridge.test,
    seed: 0,
    adapter: CPU_NAME,
    settings: { lagFrames, alpha: ridge.alpha },
  };
}
