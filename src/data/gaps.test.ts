// Gaps: from samples to frames, to folds, to segments; nothing trained or tested may span one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractFeatures, type Features } from './features';
import { frameValidity, gapsOf, SETTLE_S, validRuns } from './gaps';
import { cutSegments } from './segments';
import type { Session, Signal } from './session';
import { contiguousSplit, randomSegmentSplit } from './splits';
import { syntheticSessions } from './synthetic';

const [whole] = syntheticSessions({ sessionCount: 1, durationS: 60, channelCount: 3 });

/** The session with NaN in `[fromS, toS)`, stated as a gap or left to be found. */
function withGap(fromS: number, toS: number, isStated: boolean): Session {
  const { lfp } = whole;
  const startSample = Math.round(fromS * lfp.rateHz);
  const endSample = Math.round(toS * lfp.rateHz);
  const data = lfp.data.slice().fill(Number.NaN, 3 * startSample, 3 * endSample);
  const gaps = isStated ? [{ startSample, endSample }] : undefined;
  return { ...whole, lfp: { ...lfp, data, gaps } };
}

describe('gaps of a signal', () => {
  const gap = Number.NaN;
  function signal(values: number[], gaps?: Signal['gaps']): Signal {
    const data = Float32Array.from(values);
    return {
      rateHz: 1,
      startS: 0,
      sampleCount: values.length / 2,
      names: ['a', 'b'],
      units: ['', ''],
      data,
      gaps,
    };
  }
  test.each([
    ['none', signal([1, 2, 3, 4]), []],
    ['one column missing is no gap', signal([1, gap, 3, gap]), []],
    ['all columns missing', signal([1, 1, gap, gap, gap, gap, 1, 1]), [[1, 3]]],
    [
      'at both ends',
      signal([gap, gap, 1, 1, gap, gap]),
      [
        [0, 1],
        [2, 3],
      ],
    ],
    [
      'stated and found ones merge',
      signal([1, 1, gap, gap, gap, gap, 1, 1], [{ startSample: 0, endSample: 2 }]),
      [[0, 3]],
    ],
  ])('%s', (_, made, wanted) => {
    expect(gapsOf(made).map((g) => [g.startSample, g.endSample])).toEqual(wanted);
  });
  test('rejected columns do not count', () => {
    const made = signal([1, gap, 3, gap]);
    expect(gapsOf(made, (c) => c === 1)).toEqual([{ startSample: 0, endSample: 2 }]);
  });
});

describe('frames', () => {
  test('a frame is valid exactly when no missing sample lies between it and the one before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 900 }),
        fc.integer({ min: 1, max: 90 }),
        fc.constantFrom(100, 250, 999.5),
        (startSample, length, rateHz) => {
          const endSample = startSample + length;
          const gaps = [{ startSample, endSample }];
          const filters = { settleS: 0, looksAhead: false };
          const valid = frameValidity(gaps, rateHz, 100, 100, filters);
          for (let m = 0; m < 100; m++) {
            const atSample = (m * rateHz) / 100;
            const since = ((m - 1) * rateHz) / 100;
            const touches = startSample <= atSample && endSample - 1 > since;
            if (touches) expect(valid?.[m]).toBe(0);
            if (atSample < startSample || since > endSample + rateHz / 100)
              expect(valid?.[m]).toBe(1);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test.each([
    ['realtime', true],
    ['realtime', false],
    ['offline-paper', true],
  ] as const)('%s, stated %s: masked, unknown behaviour, settling time', (kind, isStated) => {
    const features = extractFeatures(withGap(20, 22, isStated), { kind });
    const firstLost = kind === 'realtime' ? 2000 : 2000 - 100 * SETTLE_S;
    const lost = [...(features.frameValid ?? [])].flatMap((valid, m) => (valid ? [] : [m]));
    expect(lost[0]).toBe(firstLost);
    expect(lost[lost.length - 1]).toBe(2200 + 100 * SETTLE_S);
    for (const m of lost) expect(features.behaviour?.[m * 2]).toBeNaN();
    expect(features.lfp.every(Number.isFinite)).toBe(true);
  });

  test('control: a whole recording has no mask', () => {
    expect(extractFeatures(whole, { kind: 'realtime' }).frameValid).toBeUndefined();
  });
});

describe('folds and segments', () => {
  const features = extractFeatures(withGap(20, 22, true), { kind: 'realtime' });
  const isWhole = (start: number, end: number) =>
    features.frameValid?.subarray(start, end).every((valid) => valid === 1);

  test('no segment spans a gap, whatever its length and stride', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 200 }),
        (frames, stride) => {
          const range = { start: 0, end: features.frameCount };
          for (const { startFrame } of cutSegments([features], [[range]], frames, stride)) {
            expect(isWhole(startFrame, startFrame + frames)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
    // Control: without the mask the same call does span it.
    const blind: Features = { ...features, frameValid: undefined };
    const spans = cutSegments([blind], [[{ start: 0, end: 6000 }]], 100, 100);
    expect(spans.some(({ startFrame }) => !isWhole(startFrame, startFrame + 100))).toBe(true);
  });

  test('contiguous folds are cut at the gap', () => {
    const split = contiguousSplit(features, { guardS: 1 });
    expect(split.train).toEqual([
      { start: 0, end: 2000 },
      { start: 2251, end: 4000 },
    ]);
    for (const { start, end } of [...split.train, ...split.validation, ...split.test]) {
      expect(isWhole(start, end)).toBe(true);
    }
  });

  test('random segments leave the gap out', () => {
    const split = randomSegmentSplit(features, { seed: 1 });
    const ranges = [...split.train, ...split.validation, ...split.test];
    expect(ranges.length).toBe(11);
    for (const { start, end } of ranges) expect(isWhole(start, end)).toBe(true);
  });

  test('a fold of scraps is refused', () => {
    const frameValid = Uint8Array.from({ length: 6000 }, (_, m) => (m % 300 ? 1 : 0));
    expect(() => contiguousSplit({ ...features, frameValid }, { guardS: 1 })).toThrow(
      /expected 5 s without a gap in the training fold/,
    );
    expect(validRuns(frameValid, { start: 0, end: 6000 }).length).toBe(20);
  });
});
