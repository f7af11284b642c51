// Recordings ready for training: normalised on their own training folds, cut into segments, laid out for one model.

import type { Features } from '../data/features';
import { fitNormalisation, type Normalisation, normalise } from '../data/normalisation';
import { type Batch, cutSegments, fillBatch, type Segment } from '../data/segments';
import type { FrameRange, Split } from '../data/splits';
import type { ModelConfig } from '../model/config';
import type { ModelSize } from './settings';

export interface TrainingData {
  /** Normalised with their own training fold's statistics, or running on from these. */
  readonly sessions: readonly Features[];
  readonly normalisations: readonly Normalisation[];
  readonly splits: readonly Split[];
  /** The widest session's channels; narrower ones are padded and masked. */
  readonly channelCount: number;
  readonly bandCount: number;
  /** Behaviour columns; 1 where no session has behaviour, so that a model can be built all the same. */
  readonly outputCount: number;
}

export function prepareData(features: readonly Features[], splits: readonly Split[]): TrainingData {
  if (features.length === 0 || features.length !== splits.length) {
    throw new Error(
      `[train] expected a split for each of at least one session, got ${features.length} sessions and ${splits.length} splits`,
    );
  }
  const normalisations = features.map((session, i) =>
    fitNormalisation(session, splits[i].calibration ?? splits[i].train),
  );
  return {
    sessions: features.map((session, i) => normalise(session, normalisations[i])),
    normalisations,
    splits,
    channelCount: Math.max(...features.map((session) => session.channelCount)),
    bandCount: features[0].bandCount,
    outputCount: Math.max(1, ...features.map((session) => session.behaviourNames.length)),
  };
}

/** A model of this size for these recordings. */
export function configFor(size: ModelSize, data: TrainingData): ModelConfig {
  const { channelCount, bandCount, outputCount } = data;
  return { ...size, channelCount, bandCount, outputCount };
}

/**
 * Training segments every `stride` frames, and non-overlapping ones of the validation fold.
 * @throws Error when a fold holds no whole segment
 */
export function trainingSegments(
  data: TrainingData,
  frames: number,
  stride: number,
): { train: Segment[]; validation: Segment[] } {
  const cut = (fold: (split: Split) => readonly FrameRange[], step: number): Segment[] =>
    cutSegments(data.sessions, data.splits.map(fold), frames, step);
  const segments = {
    train: cut((split) => split.train, stride),
    validation: cut((split) => split.validation, frames),
  };
  for (const [fold, found] of Object.entries(segments)) {
    if (found.length > 0) continue;
    throw new Error(
      `[train] expected at least one segment of ${frames} frames in the ${fold} fold, got none: use a longer recording or shorter segments`,
    );
  }
  return segments;
}

/** One batch, with a segment repeated at weight 0 where there are fewer segments than places. */
export function batchOf(
  data: TrainingData,
  segments: readonly Segment[],
  frames: number,
  size: number,
): Batch {
  const filled = Array.from({ length: size }, (_, i) => segments[Math.min(i, segments.length - 1)]);
  const batch = fillBatch(data.sessions, filled, frames, data.channelCount);
  batch.behaviourWeight.fill(0, segments.length * frames);
  // A model of recordings without behaviour still has one output column, which nothing trains.
  if (batch.behaviour.length === 0) batch.behaviour = new Float32Array(size * frames);
  return batch;
}

/** The segments in groups of at most `size`. */
export function groups(segments: readonly Segment[], size: number): Segment[][] {
  return Array.from({ length: Math.ceil(segments.length / size) }, (_, i) =>
    segments.slice(i * size, (i + 1) * size),
  );
}
