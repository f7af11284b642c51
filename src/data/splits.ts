/** Train, validation and test folds of one session, as ranges of frames. */
import { PURPOSE, permutation } from '../base/rng';
import type { Features } from './features';
import { validRuns } from './gaps';

/** Frames `[start, end)`. */
export interface FrameRange {
  start: number;
  end: number;
}

export interface Split {
  kind: 'contiguous' | 'random-5s' | 'leave-one-session-out' | 'imported';
  train: FrameRange[];
  validation: FrameRange[];
  test: FrameRange[];
  seed: number;
  /** Time left unused between neighbouring folds. */
  guardS: number;
  /** Of a session that is held out whole: frames that fit its normalisation and are never scored. */
  calibration?: FrameRange[];
}

type Clock = Pick<Features, 'frameRateHz' | 'frameCount' | 'sessionName' | 'frameValid'>;

/** Stretches between gaps that are shorter than one published segment are left out of every fold. */
export const MIN_RUN_S = 5;

/**
 * Chronological folds: train, validation, then the last `testFraction` as test, with `guardS` unused
 * between them, because slow drift and filter memory leak across a bare cut. REALM, section 4.
 * Folds are cut at gaps, so that none of their ranges spans one.
 */
export function contiguousSplit(
  features: Clock,
  options: { validationFraction?: number; testFraction?: number; guardS?: number } = {},
): Split {
  const { validationFraction = 0.1, testFraction = 0.2, guardS = 5 } = options;
  const { frameCount, frameRateHz } = features;
  const guard = Math.round(guardS * frameRateHz);
  const testStart = frameCount - Math.round(testFraction * frameCount);
  const validationEnd = testStart - guard;
  const validationStart = validationEnd - Math.round(validationFraction * frameCount);
  const trainEnd = validationStart - guard;
  if (trainEnd < frameRateHz || testStart >= frameCount || validationStart >= validationEnd) {
    throw new Error(
      `[contiguousSplit] expected at least 1 s of training frames and non-empty other folds, got ` +
        `${(frameCount / frameRateHz).toFixed(1)} s in "${features.sessionName}" with a ${guardS} s guard: ` +
        'use a longer recording, or on the command line a shorter guard (--guard)',
    );
  }
  const between = (fold: string, start: number, end: number) =>
    withoutGaps(features, fold, { start, end });
  return {
    kind: 'contiguous',
    train: between('training', 0, trainEnd),
    validation: between('validation', validationStart, validationEnd),
    test: between('test', testStart, frameCount),
    seed: 0,
    guardS,
  };
}

function withoutGaps(features: Clock, fold: string, range: FrameRange): FrameRange[] {
  const runs = validRuns(features.frameValid, range);
  if (runs.length === 1 && runs[0].end - runs[0].start === range.end - range.start) return runs;
  const long = runs.filter(({ start, end }) => end - start >= MIN_RUN_S * features.frameRateHz);
  if (long.length > 0) return long;
  throw new Error(
    `[contiguousSplit] expected ${MIN_RUN_S} s without a gap in the ${fold} fold, got only shorter stretches in ` +
      `"${features.sessionName}": cut the recording at its gaps or use another one`,
  );
}

/**
 * Non-overlapping segments drawn at random into 72 % train, 8 % validation, 20 % test, as REALM's
 * published evaluation does; segments that touch a gap are left out. Neighbouring segments share slow drift: show beside {@link contiguousSplit}.
 */
export function randomSegmentSplit(
  features: Clock,
  options: { segmentS?: number; seed: number },
): Split {
  const { segmentS = 5, seed } = options;
  const frames = Math.round(segmentS * features.frameRateHz);
  const whole = Array.from({ length: Math.floor(features.frameCount / frames) }, (_, i) => ({
    start: i * frames,
    end: (i + 1) * frames,
  })).filter((range) => {
    const [run] = validRuns(features.frameValid, range);
    return run?.start === range.start && run.end === range.end;
  });
  const count = whole.length;
  if (count < 5) {
    throw new Error(
      `[randomSegmentSplit] expected at least 5 segments of ${segmentS} s, got ${count} in ` +
        `"${features.sessionName}": use a longer recording or shorter segments`,
    );
  }
  const order = permutation(seed, PURPOSE.split, 0, count);
  const testCount = Math.max(1, Math.round(0.2 * count));
  const validationCount = Math.max(1, Math.round(0.08 * count));
  const ranges = (from: number, to: number) =>
    order
      .slice(from, to)
      .sort((a, b) => a - b)
      .map((i) => ({ ...whole[i] }));
  return {
    kind: 'random-5s',
    test: ranges(0, testCount),
    validation: ranges(testCount, testCount + validationCount),
    train: ranges(testCount + validationCount, count),
    seed,
    guardS: 0,
  };
}
