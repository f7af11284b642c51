/** Folds across sessions, and folds stated elsewhere: the same split object as those within one session. */
import type { Features } from './features';
import { validRuns } from './gaps';
import { type FrameRange, MIN_RUN_S, type Split } from './splits';

type Clock = Pick<Features, 'frameRateHz' | 'frameCount' | 'sessionName' | 'frameValid'>;

/**
 * One split per session: the held-out one is only tested, the others train and validate on their last
 * `validationFraction`. The first `calibrationS` of the held-out one fit its normalisation and are not scored,
 * because channels differ in scale from session to session.
 * @throws when there is no other session, or one is too short
 */
export function leaveOneSessionOut(
  sessions: readonly Clock[],
  heldOut: number,
  options: { validationFraction?: number; guardS?: number; calibrationS?: number } = {},
): Split[] {
  const { validationFraction = 0.1, guardS = 5, calibrationS = 60 } = options;
  if (sessions.length < 2 || !sessions[heldOut]) {
    throw new Error(
      `[leaveOneSessionOut] expected at least 2 sessions and one of them held out, got ${sessions.length} and ` +
        `number ${heldOut}: add another recording`,
    );
  }
  return sessions.map((session, i): Split => {
    const { frameCount, frameRateHz } = session;
    const guard = Math.round(guardS * frameRateHz);
    const between = (start: number, end: number) => runsOf(session, { start, end });
    const common = { kind: 'leave-one-session-out' as const, seed: 0, guardS };
    if (i === heldOut) {
      const calibrated = Math.min(Math.round(calibrationS * frameRateHz), frameCount >> 1);
      return {
        ...common,
        train: [],
        validation: [],
        test: between(calibrated + guard, frameCount),
        calibration: between(0, calibrated),
      };
    }
    const validationStart = frameCount - Math.round(validationFraction * frameCount);
    return {
      ...common,
      train: between(0, validationStart - guard),
      validation: between(validationStart, frameCount),
      test: [],
    };
  });
}

function runsOf(session: Clock, range: FrameRange): FrameRange[] {
  const minFrames = MIN_RUN_S * session.frameRateHz;
  const long = validRuns(session.frameValid, range).filter(
    ({ start, end }) => end - start >= minFrames,
  );
  if (long.length > 0) return long;
  throw new Error(
    `[leaveOneSessionOut] expected ${MIN_RUN_S} s without a gap in each fold, got only shorter stretches in ` +
      `"${session.sessionName}": leave this recording out`,
  );
}

/** Folds as index lists: each index stands for `unitFrames` frames. */
export interface FoldIndices {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
  /** Frames per index, for folds of whole segments; default 1. */
  readonly unitFrames?: number;
}

const FOLDS = ['train', 'validation', 'test'] as const;

/**
 * Folds published with a data set or saved by another program. Neighbouring indices join to one range;
 * frames in gaps are left out.
 * @throws when an index leaves the recording, is in two folds, or a fold is empty
 */
export function importedSplit(session: Clock, indices: FoldIndices): Split {
  const { unitFrames = 1 } = indices;
  const unitCount = Math.floor(session.frameCount / unitFrames);
  const foldOf = new Map<number, (typeof FOLDS)[number]>();
  const rangesOf = (fold: (typeof FOLDS)[number]): FrameRange[] => {
    const ranges: FrameRange[] = [];
    for (const index of [...indices[fold]].sort((a, b) => a - b)) {
      const refuse = (got: string): never => {
        throw new Error(
          `[importedSplit] expected each index from 0 to ${unitCount - 1} in one fold, got ${got} in the ${fold} fold of ` +
            `"${session.sessionName}": check that the indices belong to this recording and frame rate`,
        );
      };
      if (!Number.isInteger(index) || index < 0 || index >= unitCount) refuse(String(index));
      const other = foldOf.get(index);
      if (other && other !== fold) refuse(`${index}, which is also in the ${other} fold,`);
      if (other) continue;
      foldOf.set(index, fold);
      const last = ranges[ranges.length - 1];
      if (last?.end === index * unitFrames) last.end += unitFrames;
      else ranges.push({ start: index * unitFrames, end: (index + 1) * unitFrames });
    }
    const recorded = ranges.flatMap((range) => validRuns(session.frameValid, range));
    if (recorded.length > 0) return recorded;
    throw new Error(
      `[importedSplit] expected recorded frames in the ${fold} fold, got none in "${session.sessionName}": ` +
        'state at least one index outside its gaps',
    );
  };
  const [train, validation, test] = FOLDS.map(rangesOf);
  return { kind: 'imported', train, validation, test, seed: 0, guardS: 0 };
}
