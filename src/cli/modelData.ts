// A recording as a model takes it: its fit checked, normalised on its own training fold, padded to the model's channels.

import type { Features } from '../data/features';
import type { FrameRange, Split } from '../data/splits';
import type { ModelConfig } from '../model/config';
import { batchOf, prepareData, type TrainingData } from '../train/trainingData';
import type { Recording } from './inference';

/** @throws Error when the recording does not fit the model */
export function preparedFor(config: ModelConfig, features: Features, split: Split): TrainingData {
  const { channelCount, bandCount, behaviour, behaviourNames, sessionName } = features;
  const misfit = (expected: string, got: string | number): never => {
    throw new Error(`[data] expected ${expected} as in the model, got ${got} in "${sessionName}"`);
  };
  if (behaviour && behaviourNames.length !== config.outputCount) {
    misfit(`${config.outputCount} behaviour columns`, behaviourNames.length);
  }
  if (channelCount > config.channelCount) {
    misfit(`at most ${config.channelCount} channels`, channelCount);
  }
  if (bandCount !== config.bandCount) misfit(`${config.bandCount} bands`, bandCount);
  // A narrower recording is padded and masked, as in training.
  return { ...prepareData([features], [split]), channelCount: config.channelCount };
}

/** The longest stretch of the test fold, which the studio's page decodes too, as one normalised recording. */
export function testStretch(data: TrainingData): { recording: Recording; range: FrameRange } {
  const [{ test }] = data.splits;
  const range = test.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
  const frames = range.end - range.start;
  const segment = { session: 0, startFrame: range.start };
  const { lfp, channelMask } = batchOf(data, [segment], frames, 1);
  return { recording: { batch: 1, frames, lfp, channelMask }, range };
}

/**
 * Out of standard deviations.
 * @param behaviour `[frame, K]`
 */
export function inUnits(behaviour: Float32Array, data: TrainingData, session: number) {
  const { behaviourMean, behaviourScale } = data.normalisations[session];
  return behaviour.map((value, i) => {
    const k = i % behaviourMean.length;
    return value * behaviourScale[k] + behaviourMean[k];
  });
}
