// What a trained model's file says about its making; without times, so that equal runs give equal bytes.

import type { Features } from '../data/features';
import type { Preset } from '../train/settings';
import type { TrainingData } from '../train/trainingData';
import type { Options } from './options';
import { frontEndMetadata } from './recordings';

export interface ModelOrigin {
  readonly stage: string;
  readonly preset: Preset;
  readonly seed: number;
  readonly adapter: string;
  readonly options: Options;
  readonly data: TrainingData;
}

/** A model of one session carries that session's normalisation, which a live decoder needs. */
export function modelMetadata({
  stage,
  preset,
  seed,
  adapter,
  options,
  data,
}: ModelOrigin): Record<string, string> {
  const [first] = data.sessions;
  const named = data.sessions.find((session) => session.behaviourNames.length > 0) ?? first;
  return {
    stage,
    preset: preset.id,
    seed: String(seed),
    adapter,
    sessions: JSON.stringify(data.sessions.map(({ sessionName }) => sessionName)),
    session_ids: JSON.stringify(data.sessions.map(({ sessionId }) => sessionId)),
    synthetic: data.sessions.some(({ synthetic }) => synthetic) ? 'True' : 'False',
    segment_frames: String(preset.segmentFrames),
    behaviour_names: JSON.stringify(named.behaviourNames),
    behaviour_units: JSON.stringify(named.behaviourUnits),
    ...frontEndMetadata(options, first as Features),
    ...(data.sessions.length === 1 && normalisationMetadata(data)),
  };
}

function normalisationMetadata({ normalisations: [one] }: TrainingData): Record<string, string> {
  const list = (values: Float32Array): string => JSON.stringify([...values]);
  return {
    lfp_mean: list(one.lfpMean),
    lfp_scale: list(one.lfpScale),
    behaviour_mean: list(one.behaviourMean),
    behaviour_scale: list(one.behaviourScale),
  };
}
