// The turns of a loop that is paused, stepped, resumed and cancelled.
import { describe, expect, it } from 'vitest';
import { RunControl } from './runControl';

/** A loop that counts its rounds until it is cancelled. */
function startLoop(control: RunControl, most = 1000) {
  const loop = { rounds: 0, ended: undefined as string | undefined };
  const done = (async () => {
    while (loop.rounds < most) {
      if ((await control.turn()) === 'cancelled') {
        loop.ended = 'cancelled';
        return;
      }
      loop.rounds += 1;
    }
    loop.ended = 'done';
  })();
  return { loop, done };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('RunControl', () => {
  it('lets a loop run when nothing is asked', async () => {
    const { loop, done } = startLoop(new RunControl());
    await done;
    expect(loop).toEqual({ rounds: 1000, ended: 'done' });
  });

  it('holds a paused loop, gives one round per step, and lets it go on', async () => {
    const control = new RunControl();
    control.pause();
    const { loop, done } = startLoop(control);
    await settle();
    expect(loop.rounds).toBe(0);
    for (const expected of [1, 2, 3]) {
      control.step();
      await settle();
      expect(loop.rounds).toBe(expected);
      expect(control.isPaused).toBe(true);
    }
    control.resume();
    await done;
    expect(loop).toEqual({ rounds: 1000, ended: 'done' });
  });

  it('forgets steps that were owed when paused again', async () => {
    const control = new RunControl();
    control.step();
    control.step();
    control.pause();
    const { loop } = startLoop(control);
    await settle();
    expect(loop.rounds).toBe(0);
    control.cancel();
  });

  it('cancels a paused loop at once', async () => {
    const control = new RunControl();
    control.pause();
    const { loop, done } = startLoop(control);
    await settle();
    control.cancel();
    await done;
    expect(loop).toEqual({ rounds: 0, ended: 'cancelled' });
  });
});
