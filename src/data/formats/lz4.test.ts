// LZ4: frames that the reference tool wrote, and damaged ones.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inflateLz4 } from './lz4';

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
/** 300 bytes of 7, with content size and block checksums off. */
const SEVENS = fromBase64('BCJNGGxALAEAAAAAAABUDAAAAB8HAQD/FFAHBwcHBwAAAAA0FPof');
/** 3000 bytes of 2 + 2 sin(i / 90), at level 9 without a checksum. */
const WAVE = fromBase64(
  'BCJNGGBAgkkAAAAfAgEAAx8DAQAiHwQBAG4PuAAjHwIBABkfAQEAIh8AAQBuD7cAIg8aARofAjUC//UPNgIED2sE8R8CawT///////82UAQEBAQEAAAAAA==',
);

describe('frames of the lz4 tool', () => {
  test('a run', () => {
    expect(inflateLz4(SEVENS, 300)).toEqual(new Uint8Array(300).fill(7));
  });
  test('a wave', () => {
    const wanted = Uint8Array.from({ length: 3000 }, (_, i) =>
      Math.round(2 + 2 * Math.sin(i / 90)),
    );
    expect(inflateLz4(WAVE, 3000)).toEqual(wanted);
  });
  test('what becomes more than allowed is refused', () => {
    expect(() => inflateLz4(SEVENS, 299)).toThrow(/expected at most 299 bytes, got more/);
  });
  test('damaged ones are refused or read, never endless', () => {
    fc.assert(
      fc.property(
        fc.nat(WAVE.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(WAVE.length),
        (at, flip, end) => {
          const damaged = WAVE.slice(0, Math.max(end, at + 1));
          damaged[at] ^= flip;
          try {
            expect(inflateLz4(damaged, 2 ** 20).length).toBeLessThanOrEqual(255 * damaged.length);
          } catch (error) {
            expect(String(error)).toMatch(/\[lz4\] expected .*, got .*: /);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
