import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { paced } from './dawnPolling';

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
    { work: 'of anything else, long', isNative: false, lookMs: 0.3, looks: 5, immediate: 5 },
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
      // To JavaScript a bound function is native code.
      const callback = isNative ? again.bind(undefined) : again;
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
    const callback = (() => {}).bind(undefined);
    schedule(callback);
    vi.advanceTimersByTime(100);
    schedule(callback);
    expect(queue).toHaveLength(2);
  });
});
