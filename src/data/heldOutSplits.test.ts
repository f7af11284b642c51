// Leave-one-session-out and imported folds: disjoint, free of gaps, and refused where they do not fit.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importedSplit, leaveOneSessionOut } from './heldOutSplits';
import type { FrameRange, Split } from './splits';

const session = (frameCount: number, invalid: [number, number][] = []) => {
  const frameValid = new Uint8Array(frameCount).fill(1);
  for (const [start, end] of invalid) frameValid.fill(0, start, end);
  return { frameRateHz: 100, frameCount, sessionName: `of ${frameCount}`, frameValid };
};

const framesOf = (ranges: readonly FrameRange[] = []): number[] =>
  ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));

describe('leave one session out', () => {
  const sessions = [session(30_000), session(20_000, [[9000, 9500]]), session(40_000)];

  test.each([0, 1, 2])(
    'session %i is only tested, the others only trained and validated',
    (held) => {
      const splits = leaveOneSessionOut(sessions, held);
      splits.forEach((split, i) => {
        expect(split.kind).toBe('leave-one-session-out');
        const folds = [split.train, split.validation, split.test, split.calibration].map(framesOf);
        const all = folds.flat();
        expect(new Set(all).size).toBe(all.length);
        expect(all.every((frame) => sessions[i].frameValid[frame] === 1)).toBe(true);
        const lengths = folds.map((frames) => frames.length > 0);
        expect(lengths).toEqual(
          i === held ? [false, false, true, true] : [true, true, false, false],
        );
      });
    },
  );

  test('calibration ends a guard before the test', () => {
    const [{ calibration, test: tested }] = leaveOneSessionOut(sessions, 0, { guardS: 3 });
    expect(calibration).toEqual([{ start: 0, end: 6000 }]);
    expect(tested).toEqual([{ start: 6300, end: 30_000 }]);
  });

  test.each<[string, () => Split[], RegExp]>([
    ['one session', () => leaveOneSessionOut([sessions[0]], 0), /at least 2 sessions/],
    ['none of them', () => leaveOneSessionOut(sessions, 3), /number 3/],
    ['a short one', () => leaveOneSessionOut([sessions[0], session(900)], 0), /"of 900"/],
  ])('%s is refused', (_, split, message) => {
    expect(split).toThrow(message);
  });
});

describe('imported indices', () => {
  test('any disjoint indices come back as the same frames', () => {
    const choice = fc.array(fc.constantFrom('train', 'validation', 'test', 'none'), {
      minLength: 8,
      maxLength: 40,
    });
    fc.assert(
      fc.property(choice, fc.constantFrom(1, 50), (folds, unitFrames) => {
        const indexOf = (fold: string) => folds.flatMap((one, i) => (one === fold ? [i] : []));
        const [train, validation, tested] = ['train', 'validation', 'test'].map(indexOf);
        fc.pre(train.length > 0 && validation.length > 0 && tested.length > 0);
        const split = importedSplit(session(folds.length * unitFrames), {
          train: train.reverse(),
          validation,
          test: tested,
          unitFrames,
        });
        const units = (ranges: FrameRange[]) => [
          ...new Set(framesOf(ranges).map((frame) => Math.floor(frame / unitFrames))),
        ];
        expect(units(split.train)).toEqual(indexOf('train'));
        expect(units(split.validation)).toEqual(validation);
        expect(units(split.test)).toEqual(tested);
        expect(framesOf(split.test)).toHaveLength(tested.length * unitFrames);
      }),
    );
  });

  test('frames in gaps are left out', () => {
    const indices = { train: [0, 1, 2], validation: [3], test: [4], unitFrames: 10 };
    const split = importedSplit(session(50, [[12, 15]]), indices);
    expect(split.train).toEqual([
      { start: 0, end: 12 },
      { start: 15, end: 30 },
    ]);
  });

  test.each([
    ['outside', { train: [0], validation: [1], test: [50] }, /got 50 in the test fold/],
    ['no index', { train: [0.5], validation: [1], test: [2] }, /got 0.5 in the train fold/],
    ['in two folds', { train: [0, 1], validation: [1], test: [2] }, /also in the train fold/],
    ['an empty fold', { train: [0], validation: [], test: [2] }, /the validation fold, got none/],
  ])('%s is refused', (_, indices, message) => {
    expect(() => importedSplit(session(50), indices)).toThrow(message);
  });
});
