// Frames replayed as if live are the frames that training saw.
import { describe, expect, it } from 'vitest';
import { normalise } from '../data/normalisation';
import type { Session } from '../data/session';
import { syntheticSessions } from '../data/synthetic';
import { Preparer } from './preparing';
import type { DataSettings } from './recordingsApi';
import { ReplaySource } from './replaySource';

/** In standard deviations: what the filters remember of the time before they were settled. */
const SETTLED_TOLERANCE = 1e-3;

const settings: DataSettings = {
  frontEnd: 'realtime',
  notchHz: 60,
  behaviourAsVelocity: false,
  split: 'contiguous',
};
const [session] = syntheticSessions({ sessionCount: 1, durationS: 120, channelCount: 4, seed: 3 });
const frames: Session = { ...session, id: 'frames', alreadyFrames: true };

describe.each([
  { name: 'realtime', session, data: settings },
  { name: 'realtime, random folds', session, data: { ...settings, split: 'random-5s' as const } },
  { name: 'offline-paper', session, data: { ...settings, frontEnd: 'offline-paper' as const } },
  { name: 'already frames', session: frames, data: settings },
  { name: 'realtime, running z-score', session, data: { ...settings, runningZScoreS: 5 } },
  { name: 'already frames, running', session: frames, data: { ...settings, runningZScoreS: 5 } },
])('ReplaySource of $name', ({ session: recording, data }) => {
  const prepared = new Preparer().prepare(recording, data);
  const source = new ReplaySource(recording, prepared, data);
  const expected = normalise(prepared.features, source.normalisation).lfp;
  const width = prepared.features.channelCount;

  it('gives every frame of the test fold once, as training saw it, and again after a rewind', () => {
    for (let round = 0; round < 2; round++) {
      let worst = 0;
      let frame = source.range.start;
      for (let next = source.next(); next; next = source.next(), frame++) {
        expect(next.frame).toBe(frame);
        expect(next.lfp.length).toBe(width);
        next.lfp.forEach((value, c) => {
          worst = Math.max(worst, Math.abs(value - expected[frame * width + c]));
        });
      }
      expect(frame).toBe(source.range.end);
      expect(worst).toBeLessThan(SETTLED_TOLERANCE);
      source.rewind();
    }
  });
});

it('is not fooled by any frames (control): neighbouring frames differ by more than the tolerance', () => {
  const prepared = new Preparer().prepare(session, settings);
  const source = new ReplaySource(session, prepared, settings);
  const a = source.next()!.lfp;
  const b = source.next()!.lfp;
  expect(Math.max(...a.map((value, c) => Math.abs(value - b[c])))).toBeGreaterThan(
    10 * SETTLED_TOLERANCE,
  );
});

it('starts a running z-score from all that went before (control): the training statistics give others', () => {
  const [running, fixed] = [{ ...settings, runningZScoreS: 5 }, settings].map(
    (data) => new ReplaySource(session, new Preparer().prepare(session, data), data).next()!.lfp,
  );
  expect(Math.max(...running.map((value, c) => Math.abs(value - fixed[c])))).toBeGreaterThan(
    10 * SETTLED_TOLERANCE,
  );
});
