// Zstandard: frames that the reference tool wrote, what they may become, and damaged ones.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Writer } from './madeFiles';
import { inflateZstd } from './zstd';

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
/** 300 bytes of 7, at level 19. */
const SEVENS = fromBase64('KLUv/WAsAEUAAAgHAQAoKhAC');
/** 3000 bytes of 2 + 2 sin(i / 90), at level 19. */
const WAVE = fromBase64('KLUv/WC4ClUBAFgCAwQDAgEAAQIBAg2gYD6w8/FF4i/ADbUrEcBR1czTpzpn6ulTnZQ8Ag==');
/** The same through a pipe at level 3, so that its length is not written, with a checksum. */
const STREAMED_WAVE = fromBase64(
  'KLUv/QRY1QMAxAICAgMEAwIBAAECAwQDAgEAAQIDBAMCAQABAgMEAwIBAAECAwQDAgEAAQIDBCsQADxJztNkOcWnp5NpSs7zKdMpmaeT+VR0XibTKT69nExTcp5PmU7RvJzMp6LzMplO8enpZJmi83zKcorm5WQ+FZ2XyXSKT08n+9qEt7Yi',
);
const wave = Uint8Array.from({ length: 3000 }, (_, i) => Math.round(2 + 2 * Math.sin(i / 90)));

describe('frames of the zstd tool', () => {
  test.each([
    ['a run', SEVENS, new Uint8Array(300).fill(7)],
    ['a wave', WAVE, wave],
    ['a wave of unstated length', STREAMED_WAVE, wave],
  ])('%s', (_, packed, wanted) => {
    expect(inflateZstd(packed, wanted.length)).toEqual(wanted);
    expect(() => inflateZstd(packed, wanted.length - 1)).toThrow(/\[zstd\] expected at most/);
  });
});

/** Blocks of one byte repeated 128 KiB times each: 4 bytes become 131,072. */
function bomb(blockCount: number, header: Uint8Array): Uint8Array {
  const writer = new Writer().u32(0xfd2fb528).bytes(header);
  for (let i = 0; i < blockCount; i++) {
    writer.u24(((2 ** 17) << 3) | (1 << 1) | Number(i === blockCount - 1)).u8(0);
  }
  return writer.finish();
}

describe('bombs', () => {
  const stated = (bytes: number) => new Writer().u8(0xa0).u32(bytes).finish();
  test.each([
    [
      'of stated length',
      bomb(1000, stated(1000 * 2 ** 17)),
      /at most 1048576 bytes, got 131072000/,
    ],
    ['of unstated length', bomb(1000, Uint8Array.of(0, 0x38)), /at most 1048576 bytes, got more/],
    ['with a large window', bomb(1, Uint8Array.of(0, 0xa0)), /window of at most 134217728/],
  ])('%s are refused', (_, packed, message) => {
    expect(() => inflateZstd(packed, 2 ** 20)).toThrow(message);
  });
  test('a length that so few blocks cannot have is refused before memory is taken', () => {
    expect(() => inflateZstd(bomb(1, stated(2 ** 30)), 2 ** 31)).toThrow(
      /expected at most \d+ bytes/,
    );
  });
  test('within the limit they are read (control)', () => {
    const bytes = inflateZstd(bomb(4, stated(4 * 2 ** 17)), 2 ** 20);
    expect([bytes.length, bytes.some((byte) => byte !== 0)]).toEqual([2 ** 19, false]);
  });
});

test('damaged frames are refused or read, never endless', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(WAVE, STREAMED_WAVE),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(),
      (whole, at, flip, end) => {
        const damaged = whole.slice(0, 1 + (end % whole.length));
        damaged[at % damaged.length] ^= flip;
        try {
          expect(inflateZstd(damaged, 2 ** 20).length).toBeLessThanOrEqual(2 ** 20);
        } catch (error) {
          expect(String(error)).toMatch(/\[zstd\] expected .*, got .*: /);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
