// Features: front end choice, behaviour clock, normalisation on the training fold, splits, segments, batches.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behaviourOnFrames, differentiate } from './behaviourClock';
import { extractFeatures, type Features, filterOptions } from './features';
import { createRealtimeFrontEnd } from './frontEnd/realtime';
import { fitNormalisation, LfpNormaliser, normalise } from './normalisation';
import { cutSegments, fillBatch, shuffleSegments } from './segments';
import type { Signal } from './session';
import { contiguousSplit, type FrameRange, randomSegmentSplit } from './splits';
import { syntheticSessions } from './synthetic';

const [session] = syntheticSessions({ sessionCount: 1, durationS: 20, channelCount: 5 });

function featuresOf(values: Partial<Features> = {}): Features {
  const frameCount = values.frameCount ?? 6000;
  return {
    sessionId: 'id',
    sessionName: 'made up',
    synthetic: true,
    frameRateHz: 100,
    frameCount,
    channelCount: 2,
    bandCount: 1,
    lfp: Float32Array.from({ length: 2 * frameCount }, (_, i) => Math.sin(i) * (1 + (i % 2)) + 1e4),
    channelMask: Float32Array.of(1, 1),
    behaviour: Float32Array.from({ length: frameCount }, (_, i) => i),
    behaviourNames: ['x'],
    behaviourUnits: ['cm'],
    frontEnd: 'none',
    groupDelayMs: 0,
    ...values,
  };
}

describe('extractFeatures', () => {
  test('realtime frames are those of the live front end, bit for bit', () => {
    const features = extractFeatures(session, { kind: 'realtime' });
    const live = createRealtimeFrontEnd({
      inputRateHz: session.lfp.rateHz,
      frameRateHz: 100,
      channelCount: 5,
      notchHz: 60,
      reference: 'average',
    });
    const frames: number[] = [];
    for (let i = 0; i < session.lfp.sampleCount; i += 7) {
      frames.push(...live.push(session.lfp.data.subarray(5 * i, 5 * (i + 7))));
    }
    expect(features.lfp).toEqual(Float32Array.from(frames));
    expect(features.groupDelayMs).toBe(live.groupDelayMs);
    expect(features.synthetic).toBe(true);
    expect(features.behaviour).toEqual(session.behaviour?.data);
  });

  test.each([undefined, 2])(
    'frames normalised one by one are those normalised at once, running over %s s',
    (runningZScoreS) => {
      const odd = { ...session, channelMask: Float32Array.of(1, 1, 0, 1, 1) };
      const features = extractFeatures(odd, { kind: 'realtime', notchHz: 50, runningZScoreS });
      const norm = fitNormalisation(features, contiguousSplit(features, { guardS: 1 }).train);
      const live = createRealtimeFrontEnd(filterOptions(odd, { kind: 'realtime', notchHz: 50 }));
      const normaliser = new LfpNormaliser(norm, odd.channelMask);
      const frames: number[] = [];
      for (let i = 0; i < 5 * session.lfp.sampleCount; i += 5) {
        const frame = live.push(session.lfp.data.subarray(i, i + 5));
        frames.push(...normaliser.push(frame));
      }
      expect(Float32Array.from(frames)).toEqual(normalise(features, norm).lfp);
    },
  );

  test('offline-paper differs from realtime but agrees on the clock', () => {
    const realtime = extractFeatures(session, { kind: 'realtime' });
    const paper = extractFeatures(session, { kind: 'offline-paper' });
    expect(paper.frameCount).toBe(realtime.frameCount);
    expect(paper.lfp).not.toEqual(realtime.lfp);
    expect(paper.behaviour).toEqual(realtime.behaviour);
  });

  test('sessions already at frame rate are passed through, gaps held, rejected channels zero', () => {
    const lfp: Signal = {
      rateHz: 20,
      startS: 0,
      sampleCount: 40,
      names: ['a', 'b'],
      units: ['', ''],
      data: Float32Array.from({ length: 80 }, (_, i) => (i === 10 ? Number.NaN : i)),
    };
    const features = extractFeatures(
      { ...session, lfp, alreadyFrames: true, channelMask: Float32Array.of(1, 0) },
      { kind: 'realtime' },
    );
    expect(features.frontEnd).toBe('none');
    expect(features.frameRateHz).toBe(20);
    expect([...features.lfp.subarray(8, 14)]).toEqual([8, 0, 8, 0, 12, 0]);
  });

  test('less than a second is refused', () => {
    const short = {
      ...session,
      lfp: { ...session.lfp, sampleCount: 100, data: session.lfp.data.slice(0, 500) },
    };
    expect(() => extractFeatures(short, { kind: 'realtime' })).toThrow(
      /expected at least 1 s of LFP/,
    );
  });
});

describe('behaviour on the frame clock', () => {
  function signal(values: number[], rateHz: number, startS = 0): Signal {
    return {
      rateHz,
      startS,
      sampleCount: values.length,
      names: ['x'],
      units: ['cm'],
      data: Float32Array.from(values),
    };
  }
  const gap = Number.NaN;
  const CASES: [string, Signal, number, number[]][] = [
    ['same clock', signal([1, 2, 3], 100), 0, [1, 2, 3]],
    ['half the rate', signal([0, 2, 4], 50), 0, [0, 1, 2, 3, 4, gap]],
    ['starts later', signal([5, 6], 100, 0.02), 0, [gap, gap, 5, 6, gap]],
    ['starts earlier', signal([0, 1, 2, 3], 100, -0.02), 0, [2, 3, gap]],
    ['gap of 50 ms', signal([0, gap, gap, gap, gap, 5], 100), 0, [0, 1, 2, 3, 4, 5]],
    [
      'gap of 60 ms',
      signal([0, gap, gap, gap, gap, gap, 6], 100),
      0,
      [0, gap, gap, gap, gap, gap, 6],
    ],
    ['slow clock of 10 Hz', signal([0, 10], 10), 0, [0, 1, 2, 3]],
  ];
  test.each(CASES)('%s', (_, behaviour, startS, wanted) => {
    const frames = behaviourOnFrames(behaviour, startS, 100, wanted.length);
    wanted.forEach((value, m) => {
      if (Number.isNaN(value)) expect(frames[m]).toBeNaN();
      else expect(frames[m]).toBeCloseTo(value, 5);
    });
  });

  test('velocity is the difference to the past', () => {
    const velocity = differentiate(signal([0, 1, 3], 100));
    expect([...velocity.data]).toEqual([gap, 100, 200]);
    expect(velocity.units).toEqual(['cm/s']);
  });
});

describe('normalisation', () => {
  const features = featuresOf();
  const train: FrameRange[] = [{ start: 0, end: 3000 }];

  test('the training fold gets mean 0 and deviation 1', () => {
    const scored = normalise(features, fitNormalisation(features, train));
    const refit = fitNormalisation(scored, train);
    expect(refit.lfpMean[0]).toBeCloseTo(0, 3);
    expect(refit.lfpScale[1]).toBeCloseTo(1, 3);
    expect(refit.behaviourScale[0]).toBeCloseTo(1, 3);
  });

  test('nothing outside the training fold matters', () => {
    const changed = featuresOf({ lfp: features.lfp.map((x, i) => (i < 6000 ? x : -9 * x)) });
    expect(fitNormalisation(changed, train)).toEqual(fitNormalisation(features, train));
    // Control: a change inside the fold does.
    const inside = featuresOf({ lfp: features.lfp.map((x, i) => (i === 0 ? -9 * x : x)) });
    expect(fitNormalisation(inside, train)).not.toEqual(fitNormalisation(features, train));
  });

  test('constant columns get scale 1, NaN is skipped, rejected channels stay zero', () => {
    const odd = featuresOf({
      lfp: new Float32Array(12000).fill(0.1),
      channelMask: Float32Array.of(1, 0),
      behaviour: Float32Array.from({ length: 6000 }, (_, i) =>
        i % 3 === 0 ? Number.NaN : (i % 3) * 2,
      ),
    });
    const norm = fitNormalisation(odd, train);
    expect([...norm.lfpScale]).toEqual([1, 1]);
    expect(norm.behaviourMean[0]).toBeCloseTo(3, 5);
    expect(norm.behaviourScale[0]).toBeCloseTo(1, 5);
    const scored = normalise(odd, norm);
    expect([...scored.lfp.subarray(0, 2)]).toEqual([0, 0]);
    expect(scored.behaviour?.[0]).toBeNaN();
  });
});

describe('splits', () => {
  const lengthOf = (ranges: FrameRange[]) =>
    ranges.reduce((sum, { start, end }) => sum + end - start, 0);

  test('contiguous: chronological, last fifth is test, guards between', () => {
    const split = contiguousSplit(featuresOf({ frameCount: 10000 }));
    expect(split.test).toEqual([{ start: 8000, end: 10000 }]);
    expect(split.validation).toEqual([{ start: 6500, end: 7500 }]);
    expect(split.train).toEqual([{ start: 0, end: 6000 }]);
  });

  test('contiguous: too short for its guards is refused', () => {
    expect(() => contiguousSplit(featuresOf({ frameCount: 1200 }))).toThrow(/shorter guard/);
    expect(contiguousSplit(featuresOf({ frameCount: 1200 }), { guardS: 1 }).train[0].end).toBe(640);
  });

  test('random: disjoint 72/8/20, fixed by the seed', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 5, max: 400 }), (seed, count) => {
        const clock = featuresOf({ frameCount: count * 500 + 13, lfp: new Float32Array(0) });
        const split = randomSegmentSplit(clock, { seed });
        const seen = new Set<number>();
        for (const { start, end } of [...split.train, ...split.validation, ...split.test]) {
          expect(end - start).toBe(500);
          expect(seen.has(start)).toBe(false);
          seen.add(start);
        }
        expect(seen.size).toBe(count);
        expect(Math.abs(lengthOf(split.test) / 500 - 0.2 * count)).toBeLessThanOrEqual(0.5);
        expect(randomSegmentSplit(clock, { seed })).toEqual(split);
      }),
      { numRuns: 30 },
    );
    const clock = featuresOf({ frameCount: 50000 });
    expect(randomSegmentSplit(clock, { seed: 1 })).not.toEqual(
      randomSegmentSplit(clock, { seed: 2 }),
    );
  });
});

describe('segments and batches', () => {
  const wide = featuresOf({ frameCount: 100 });
  const narrow = featuresOf({
    frameCount: 100,
    channelCount: 1,
    channelMask: Float32Array.of(1),
    lfp: Float32Array.from({ length: 100 }, (_, i) => i),
    behaviour: Float32Array.from({ length: 100 }, (_, i) => (i === 12 ? Number.NaN : i)),
  });

  test('segments stay inside their range', () => {
    const segments = cutSegments(
      [wide],
      [
        [
          { start: 3, end: 40 },
          { start: 90, end: 400 },
        ],
      ],
      10,
      5,
    );
    expect(segments.map((s) => s.startFrame)).toEqual([3, 8, 13, 18, 23, 28, 90]);
  });

  test('shuffling is a permutation fixed by seed and epoch', () => {
    const segments = cutSegments([wide], [[{ start: 0, end: 100 }]], 1, 1);
    const shuffled = shuffleSegments(segments, 7, 3);
    expect(shuffled).toEqual(shuffleSegments(segments, 7, 3));
    expect(shuffled).not.toEqual(shuffleSegments(segments, 7, 4));
    expect([...shuffled].sort((a, b) => a.startFrame - b.startFrame)).toEqual(segments);
  });

  test('narrow sessions are padded and unknown behaviour weighs nothing', () => {
    const batch = fillBatch(
      [wide, narrow],
      [
        { session: 1, startFrame: 10 },
        { session: 0, startFrame: 0 },
      ],
      4,
      2,
    );
    expect([...batch.lfp.subarray(0, 8)]).toEqual([10, 0, 11, 0, 12, 0, 13, 0]);
    expect(batch.lfp.subarray(8)).toEqual(wide.lfp.subarray(0, 8));
    expect([...batch.channelMask]).toEqual([1, 0, 1, 1]);
    expect([...batch.behaviour]).toEqual([10, 11, 0, 13, 0, 1, 2, 3]);
    expect([...batch.behaviourWeight]).toEqual([1, 1, 0, 1, 1, 1, 1, 1]);
  });

  test('a session without behaviour has weight 0', () => {
    const silent = featuresOf({ frameCount: 100, behaviour: undefined, behaviourNames: [] });
    const batch = fillBatch([silent, wide], [{ session: 0, startFrame: 0 }], 3, 2);
    expect([...batch.behaviourWeight]).toEqual([0, 0, 0]);
    expect(batch.behaviour.length).toBe(3);
  });

  test.each([
    ['bands', { bandCount: 2 }, /expected 1 bands/],
    [
      'behaviour',
      { behaviourNames: ['x', 'y'] },
      /expected 1 behaviour columns in every session, got 2/,
    ],
    ['channels', { channelCount: 9 }, /expected at most 2 channels, got 9/],
  ])('sessions whose %s differ are refused', (_, change, message) => {
    expect(() => fillBatch([wide, featuresOf(change)], [], 4, 2)).toThrow(message);
  });
});
