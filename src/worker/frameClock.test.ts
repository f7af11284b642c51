// The clock of a replay: one frame per period, queues when late, no more than can be taken, no skipped frame.

import { describe, expect, test } from 'vitest';
import { FrameClock } from './frameClock';

const PERIOD_MS = 10;
const MOST = 4;

/** Rounds of a loop whose decoder takes so long: frames decoded in each. */
function replay(tookMs: readonly number[]): { counts: number[]; nowMs: number } {
  let nowMs = 1000;
  const clock = new FrameClock(nowMs);
  const counts = tookMs.map((took) => {
    nowMs = Math.max(nowMs, clock.next(nowMs, PERIOD_MS, false));
    const count = clock.queued(nowMs, PERIOD_MS, MOST);
    nowMs += took;
    return count;
  });
  return { counts, nowMs };
}

describe('frames per round', () => {
  test.each<[string, number[], number[]]>([
    ['one while the decoder keeps up', [3, 9, 10, 1], [1, 1, 1, 1]],
    ['those that have queued after a slow one', [35, 2, 2, 2], [1, 3, 1, 1]],
    ['the rest in the next round when too many have queued', [75, 2, 2, 2], [1, 4, 3, 1]],
  ])('%s', (_, tookMs, expected) => {
    expect(replay(tookMs).counts).toEqual(expected);
  });

  test('keep the pace of the recording', () => {
    const { counts, nowMs } = replay(Array.from({ length: 104 }, (_, i) => (i % 7 === 0 ? 31 : 2)));
    const frames = counts.reduce((sum, n) => sum + n, 0);
    // The first frame is due a period after the start; the last round ends 2 ms after its frame.
    expect(frames).toBeGreaterThan(counts.length);
    expect(nowMs).toBe(1000 + frames * PERIOD_MS + 2);
  });

  test('one where the decoder is lost: the clock waits for it', () => {
    expect(replay([500, 2, 2]).counts).toEqual([1, 1, 1]);
  });
});

test('a frame that is wanted now is due now, whatever the pace', () => {
  const clock = new FrameClock(0);
  expect(clock.next(3, PERIOD_MS, true)).toBe(3);
  expect(clock.next(4, PERIOD_MS, false)).toBe(13);
});
