// Decodes whole folds in segments, the state starting afresh at each segment as in training.

import type { Segment } from '../data/segments';
import type { FrameRange } from '../data/splits';
import type { ForwardPlan } from '../model/forward';
import { batchOf, type TrainingData } from './trainingData';

export interface FoldPrediction {
  /** [frame, K] in z-scored units of the session, the fold's ranges one after the other. */
  readonly prediction: Float32Array;
  /** [frame, K], NaN where unknown. */
  readonly target: Float32Array;
}

/** Decodes segments of one length. */
export interface SegmentDecoder {
  /** The most segments at once. */
  readonly batch: number;
  readonly frames: number;
  /** Behaviour [B, T, K] of the segments in their order. */
  predict(segments: readonly Segment[]): Promise<Float32Array>;
}

/** See {@link predictWith}; each batch is written to the plan. */
export function predictFold(
  forward: ForwardPlan,
  data: TrainingData,
  session: number,
  ranges: readonly FrameRange[],
): Promise<FoldPrediction> {
  const { frames, batch } = forward;
  const predict = (segments: readonly Segment[]): Promise<Float32Array> => {
    const { lfp, channelMask } = batchOf(data, segments, frames, batch);
    return forward.predict(lfp, channelMask);
  };
  return predictWith({ frames, batch, predict }, data, session, ranges);
}

/**
 * Every frame of the ranges is decoded once. The last segment of a range is moved back so that it ends with the
 * range; its frames that are already decoded are left out.
 * @throws Error when a range is shorter than a segment
 */
export async function predictWith(
  { frames, batch, predict }: SegmentDecoder,
  data: TrainingData,
  session: number,
  ranges: readonly FrameRange[],
): Promise<FoldPrediction> {
  const features = data.sessions[session];
  const outputs = features.behaviourNames.length;
  const pieces = ranges.flatMap((range) => piecesOf(range, frames));
  const total = ranges.reduce((sum, range) => sum + range.end - range.start, 0);
  const prediction = new Float32Array(total * outputs);
  const target = new Float32Array(total * outputs).fill(Number.NaN);
  let at = 0;
  for (let i = 0; i < pieces.length; i += batch) {
    const group = pieces.slice(i, i + batch);
    const segments = group.map(({ startFrame }) => ({ session, startFrame }));
    const behaviour = await predict(segments);
    group.forEach(({ startFrame, skip }, b) => {
      const first = (b * frames + skip) * outputs;
      const length = (frames - skip) * outputs;
      prediction.set(behaviour.subarray(first, first + length), at);
      const from = (startFrame + skip) * outputs;
      if (features.behaviour) target.set(features.behaviour.subarray(from, from + length), at);
      at += length;
    });
  }
  return { prediction, target };
}

function piecesOf(range: FrameRange, frames: number): { startFrame: number; skip: number }[] {
  const length = range.end - range.start;
  if (length < frames) {
    throw new Error(
      `[predict] expected a fold of at least one segment (${frames} frames), got ${length}: use a longer recording or shorter segments`,
    );
  }
  const whole = Math.floor(length / frames);
  const pieces = Array.from({ length: whole }, (_, i) => ({
    startFrame: range.start + i * frames,
    skip: 0,
  }));
  const rest = length - whole * frames;
  if (rest > 0) pieces.push({ startFrame: range.end - frames, skip: frames - rest });
  return pieces;
}
