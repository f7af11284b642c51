// The running z-score: any chunking, no look ahead, gaps left out, and the fixed statistics as the control.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Features } from './features';
import { fitNormalisation, LfpNormaliser, type Normalisation, normalise } from './normalisation';
import { RunningZScore } from './runningZScore';

const WIDTH = 3;
const FRAMES = 400;
const TRAIN = [{ start: 0, end: 200 }];

/** Four standard errors of a mean over the 1000 frames that a time constant of 500 weighs. */
const ESTIMATE_TOLERANCE = 0.13;

/** Columns that drift, each at its own offset and scale; the second channel is rejected. */
function features(runningZScoreS: number | undefined, change: Partial<Features> = {}): Features {
  return {
    sessionId: 'id',
    sessionName: 'drifting',
    synthetic: true,
    frameRateHz: 100,
    frameCount: FRAMES,
    channelCount: WIDTH,
    bandCount: 1,
    lfp: Float32Array.from({ length: WIDTH * FRAMES }, (_, i) => drifting(i)),
    channelMask: Float32Array.of(1, 0, 1),
    behaviour: Float32Array.from({ length: FRAMES }, (_, i) => i),
    behaviourNames: ['x'],
    behaviourUnits: ['cm'],
    frontEnd: 'none',
    groupDelayMs: 0,
    ...(runningZScoreS !== undefined && { runningZScoreS }),
    ...change,
  };
}

function drifting(i: number): number {
  const frame = Math.floor(i / WIDTH);
  const column = i % WIDTH;
  return 10 ** column * (100 + 0.05 * frame + Math.sin(1.7 * i) * (1 + frame / FRAMES));
}

function fitted(session: Features): Normalisation {
  return fitNormalisation(session, TRAIN);
}

describe('of any session', () => {
  test.each([undefined, 0.5, 30])('any chunking gives the same bits, over %s s', (seconds) => {
    const gaps = Uint8Array.from({ length: FRAMES }, (_, i) => (i > 50 && i < 90 ? 0 : 1));
    const session = features(seconds, { frameValid: gaps });
    const norm = fitted(session);
    const whole = normalise(session, norm).lfp;
    const chunk = fc.record({ frames: fc.integer({ min: 1, max: 90 }), isCopied: fc.boolean() });
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 20 }), (chunks) => {
        let stream = new LfpNormaliser(norm, session.channelMask);
        const parts: number[] = [];
        for (let start = 0, i = 0; start < FRAMES; i++) {
          const { frames, isCopied } = chunks[i % chunks.length];
          const end = Math.min(FRAMES, start + frames);
          if (isCopied) {
            const before = stream;
            stream = stream.copy();
            // What the first one sees from now on is its own affair.
            before.skip(session.lfp.map((value) => -value));
          }
          const data = session.lfp.subarray(start * WIDTH, end * WIDTH);
          parts.push(...stream.push(data, gaps.subarray(start, end)));
          start = end;
        }
        expect(Float32Array.from(parts)).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  test('frames that were skipped count as seen', () => {
    const session = features(0.5);
    const norm = fitted(session);
    const stream = new LfpNormaliser(norm, session.channelMask);
    const cut = 123 * WIDTH;
    stream.skip(session.lfp.subarray(0, cut));
    expect(stream.push(session.lfp.subarray(cut))).toEqual(normalise(session, norm).lfp.slice(cut));
  });

  test('a changed frame changes no frame before it, and those after it', () => {
    const session = features(0.5);
    const norm = fitted(session);
    const before = normalise(session, norm).lfp;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: FRAMES - 2 }), (frame) => {
        const cut = frame * WIDTH;
        const lfp = session.lfp.map((value, i) =>
          i < cut || i >= cut + WIDTH ? value : 3 * value,
        );
        const after = normalise({ ...session, lfp }, norm).lfp;
        expect(after.subarray(0, cut)).toEqual(before.subarray(0, cut));
        expect(after.subarray(cut + WIDTH)).not.toEqual(before.subarray(cut + WIDTH));
      }),
      { numRuns: 40 },
    );
  });

  test('frames of a gap are not learnt from', () => {
    const frameValid = Uint8Array.from({ length: FRAMES }, (_, i) => (i >= 100 && i < 200 ? 0 : 1));
    const session = features(0.5, { frameValid });
    const norm = fitted(session);
    const lfp = session.lfp.map((value, i) => (frameValid[Math.floor(i / WIDTH)] ? value : 1e6));
    const tail = (one: Features) => normalise(one, norm).lfp.subarray(200 * WIDTH);
    expect(tail({ ...session, lfp })).toEqual(tail(session));
    // Control: without the gap they are.
    const { frameValid: _gap, ...ungapped } = session;
    expect(tail({ ...ungapped, lfp })).not.toEqual(tail(session));
  });

  test('statistics that never move are those of the training fold, to the bit (control)', () => {
    const fixed = features(undefined);
    const still = features(Number.POSITIVE_INFINITY);
    const running = features(0.5);
    const expected = normalise(fixed, fitted(fixed));
    expect(normalise(still, fitted(still)).lfp).toEqual(expected.lfp);
    const followed = normalise(running, fitted(running));
    expect(followed.lfp).not.toEqual(expected.lfp);
    expect(followed.lfp.subarray(0, WIDTH)).toEqual(expected.lfp.subarray(0, WIDTH));
    expect(followed.behaviour).toEqual(expected.behaviour);
    expect([...followed.lfp].filter((value, i) => i % WIDTH === 1 && value !== 0)).toEqual([]);
  });

  test.each([0, -1, Number.NaN])('a time constant of %s s is refused', (seconds) => {
    expect(() => fitted(features(seconds))).toThrow(/expected a time constant above 0 s/);
  });
});

describe('what it follows', () => {
  /** One column around `mean`, scored by statistics that start elsewhere. */
  const scoresOf = (mean: number, deviation: number, frames: number) => {
    const zScore = new RunningZScore({
      mean: Float32Array.of(0),
      scale: Float32Array.of(1),
      timeConstantFrames: 500,
    });
    // Uniform steps of the golden ratio: variance 1/12, no random generator needed.
    const data = Float32Array.from(
      { length: frames },
      (_, i) => mean + deviation * Math.sqrt(12) * (((i * 0.618034) % 1) - 0.5),
    );
    return zScore.score(data);
  };

  test('a step of offset and scale is forgotten after some time constants', () => {
    const scored = scoresOf(40, 5, 8000);
    expect(scored[0]).toBeGreaterThan(10);
    const last = scored.subarray(7000);
    const mean = last.reduce((sum, value) => sum + value, 0) / last.length;
    const variance = last.reduce((sum, value) => sum + (value - mean) ** 2, 0) / last.length;
    expect(Math.abs(mean)).toBeLessThan(ESTIMATE_TOLERANCE);
    expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(ESTIMATE_TOLERANCE);
  });

  test('after one time constant a step weighs 1/e', () => {
    const zScore = new RunningZScore({
      mean: Float32Array.of(0),
      scale: Float32Array.of(1e6),
      timeConstantFrames: 500,
    });
    zScore.learn(new Float32Array(500).fill(1e6));
    const [scored] = zScore.copy().score(Float32Array.of(1e6));
    const variance = Math.exp(-1) + Math.exp(-1) * (1 - Math.exp(-1));
    expect(scored).toBeCloseTo(Math.exp(-1) / Math.sqrt(variance), 6);
  });

  test('a channel that was flat comes back as ten first deviations at most', () => {
    const zScore = new RunningZScore({
      mean: Float32Array.of(7),
      scale: Float32Array.of(2),
      timeConstantFrames: 100,
    });
    expect([...zScore.score(new Float32Array(5000).fill(7))]).toEqual(Array(5000).fill(0));
    expect(zScore.score(Float32Array.of(9))[0]).toBeCloseTo(10, 5);
  });
});
