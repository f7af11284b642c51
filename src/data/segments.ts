/** Training windows of T frames, and the batches made of them. */
import { PURPOSE, permutation } from '../base/rng';
import type { Features } from './features';
import { validRuns } from './gaps';
import type { FrameRange } from './splits';

export interface Segment {
  /** Index into the array of sessions. */
  session: number;
  startFrame: number;
}

export interface Batch {
  /** `[B, T, C * bands]` */
  lfp: Float32Array;
  /** `[B, C]`, 1 valid, 0 padded or rejected. */
  channelMask: Float32Array;
  /** `[B, T, K]`, 0 where unknown. */
  behaviour: Float32Array;
  /** `[B, T]`, 1 where every behaviour column is known, otherwise 0. */
  behaviourWeight: Float32Array;
}

/**
 * Windows of `frames` frames every `stride` frames, each wholly inside one range of its session and
 * free of gaps; the stride starts afresh after each gap.
 * @param ranges one list of ranges per session
 */
export function cutSegments(
  sessions: readonly Features[],
  ranges: readonly (readonly FrameRange[])[],
  frames: number,
  stride: number,
): Segment[] {
  if (ranges.length !== sessions.length) {
    throw new Error(
      `[cutSegments] expected one list of ranges per session (${sessions.length}), got ${ranges.length}`,
    );
  }
  if (!(frames >= 1) || !(stride >= 1)) {
    throw new Error(
      `[cutSegments] expected frames and stride of at least 1, got ${frames} and ${stride}`,
    );
  }
  const segments: Segment[] = [];
  sessions.forEach((features, session) => {
    for (const range of ranges[session]) {
      const end = Math.min(range.end, features.frameCount);
      for (const run of validRuns(features.frameValid, { start: range.start, end })) {
        for (let startFrame = run.start; startFrame + frames <= run.end; startFrame += stride) {
          segments.push({ session, startFrame });
        }
      }
    }
  });
  return segments;
}

/** The same segments in the order of this seed and epoch. */
export function shuffleSegments(
  segments: readonly Segment[],
  seed: number,
  epoch: number,
): Segment[] {
  return permutation(seed, PURPOSE.shuffle, epoch, segments.length).map((i) => segments[i]);
}

/**
 * Copies segments into one batch. Sessions with fewer channels than `channelCount` are padded with
 * zeros and mask 0; sessions without behaviour get weight 0.
 * @throws when bands or behaviour columns of the sessions differ, or a session has too many channels
 */
export function fillBatch(
  sessions: readonly Features[],
  segments: readonly Segment[],
  frames: number,
  channelCount: number,
): Batch {
  const { bandCount, behaviourCount } = checkLayout(sessions, channelCount);
  const width = channelCount * bandCount;
  const batch: Batch = {
    lfp: new Float32Array(segments.length * frames * width),
    channelMask: new Float32Array(segments.length * channelCount),
    behaviour: new Float32Array(segments.length * frames * behaviourCount),
    behaviourWeight: new Float32Array(segments.length * frames),
  };
  segments.forEach(({ session, startFrame }, b) => {
    const features = sessions[session];
    const sourceWidth = features.channelCount * bandCount;
    batch.channelMask.set(features.channelMask, b * channelCount);
    copyRows(features.lfp, startFrame, sourceWidth, batch.lfp, b * frames, width, frames);
    for (let t = 0; t < frames; t++) {
      const row = b * frames + t;
      const isKnown = copyKnownBehaviour(
        features,
        startFrame + t,
        batch.behaviour,
        row * behaviourCount,
      );
      if (isKnown) batch.behaviourWeight[row] = 1;
    }
  });
  return batch;
}

/** Copies a frame's behaviour where all its columns are known, and says whether they are. */
export function copyKnownBehaviour(
  { behaviour, behaviourNames }: Features,
  frame: number,
  to: Float32Array,
  at: number,
): boolean {
  const columns = behaviourNames.length;
  const values = behaviour?.subarray(frame * columns, (frame + 1) * columns);
  if (!values?.every(Number.isFinite)) return false;
  to.set(values, at);
  return true;
}

function copyRows(
  from: Float32Array,
  fromRow: number,
  fromWidth: number,
  to: Float32Array,
  toRow: number,
  toWidth: number,
  rows: number,
) {
  if (fromWidth === toWidth) {
    to.set(from.subarray(fromRow * fromWidth, (fromRow + rows) * fromWidth), toRow * toWidth);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const start = (fromRow + row) * fromWidth;
    to.set(from.subarray(start, start + fromWidth), (toRow + row) * toWidth);
  }
}

/**
 * What the sessions share: bands, and behaviour columns of those that have any.
 * @throws when bands or behaviour columns of the sessions differ, or a session has too many channels
 */
export function checkLayout(
  sessions: readonly Features[],
  channelCount: number,
): { bandCount: number; behaviourCount: number } {
  const { bandCount } = sessions[0];
  let behaviourCount = 0;
  for (const features of sessions) {
    const name = `"${features.sessionName}"`;
    if (features.bandCount !== bandCount) {
      throw new Error(
        `[fillBatch] expected ${bandCount} bands in every session, got ${features.bandCount} in ${name}: ` +
          'train on sessions with the same bands',
      );
    }
    if (features.channelCount > channelCount) {
      throw new Error(
        `[fillBatch] expected at most ${channelCount} channels, got ${features.channelCount} in ${name}: ` +
          'give the model as many channels as the widest session',
      );
    }
    if (!features.behaviour) continue;
    const count = features.behaviourNames.length;
    if (behaviourCount !== 0 && count !== behaviourCount) {
      throw new Error(
        `[fillBatch] expected ${behaviourCount} behaviour columns in every session, got ${count} in ${name}: ` +
          'choose the same behaviour series in each file',
      );
    }
    behaviourCount = count;
  }
  return { bandCount, behaviourCount };
}
