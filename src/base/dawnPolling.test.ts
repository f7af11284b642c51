import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced } from './dawnPolling';

/** A proxy prints as native code does. */
const native = (callback: () => void): (() => void) => new Proxy(callback, {});

describe('paced', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    { work: 'native, done at once', isNative: true, lookMs: 0, looks: 5, immediate: 5 },
    { work: 'native, long', isNative: true, lookMs: 0.3, looks: 5, immediate: 1 },
    { work: 'bound JavaScript, long', isNative: false, lookMs: 0.3, looks: 5, immediate: 5 },
  ])(
    '$work: $immediate of $looks looks without a pause',
    ({ isNative, lookMs, looks, immediate }) => {
      const queue: (() => void)[] = [];
      const schedule = paced((callback: () => void) => queue.push(callback));
      let left = looks;
      const again = (): void => {
        vi.advanceTimersByTime(lookMs);
        if (--left > 0) schedule(callback);
      };
      const callback = isNative ? native(again) : again.bind(undefined);
      schedule(callback);
      let pauses = 0;
      while (left > 0) {
        const next = queue.shift();
        if (next) next();
        else {
          pauses++;
          vi.advanceTimersByTime(1);
        }
      }
      expect(looks - pauses).toBe(immediate);
    },
  );

  it('begins anew with every piece of work', () => {
    const queue: (() => void)[] = [];
    const schedule = paced((callback: () => void) => queue.push(callback));
    const callback = native(() => {});
    schedule(callback);
    vi.advanceTimersByTime(100);
    schedule(callback);
    expect(queue).toHaveLength(2);
  });
});
