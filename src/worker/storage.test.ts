// One tab holds the storage; a tab that has just been reloaded waits for its last worker to let go.

import { expect, test } from 'vitest';
import { claimStorage } from './storage';

/** As the browser: grants after `freeAfterMs` unless the signal gives up before. */
const locksFreeAfter = (freeAfterMs: number) =>
  ({
    request: (_: string, { signal }: LockOptions, granted: () => Promise<void>) =>
      new Promise<void>((_resolve, reject) => {
        const timer = setTimeout(() => void granted(), freeAfterMs);
        signal!.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal!.reason);
        });
      }),
  }) as unknown as LockManager;

test.each([
  ['free', 0, true],
  ['held by the worker that is ending', 30, true],
  ['held by another tab', 60_000, false],
])('%s', async (_, freeAfterMs, expected) => {
  expect(await claimStorage(locksFreeAfter(freeAfterMs), 500)).toBe(expected);
});
