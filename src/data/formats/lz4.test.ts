// LZ4: frames that the reference tool wrote, tables packed with it, and damaged frames.
import { CompressionType, compressionRegistry, tableFromArrays, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openFile } from '../readers';
import { inflateLz4 } from './lz4';
import { inMemory, Writer } from './madeFiles';

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
/** 300 bytes of 7, with content size and block checksums off. */
const SEVENS = fromBase64('BCJNGGxALAEAAAAAAABUDAAAAB8HAQD/FFAHBwcHBwAAAAA0FPof');
/** 3000 bytes of 2 + 2 sin(i / 90), at level 9 without a checksum. */
const WAVE = fromBase64(
  'BCJNGGBAgkkAAAAfAgEAAx8DAQAiHwQBAG4PuAAjHwIBABkfAQEAIh8AAQBuD7cAIg8aARofAjUC//UPNgIED2sE8R8CawT///////82UAQEBAQEAAAAAA==',
);

describe('frames of the lz4 tool', () => {
  test('a run', () => {
    expect(inflateLz4(SEVENS)).toEqual(new Uint8Array(300).fill(7));
  });
  test('a wave', () => {
    const wanted = Uint8Array.from({ length: 3000 }, (_, i) =>
      Math.round(2 + 2 * Math.sin(i / 90)),
    );
    expect(inflateLz4(WAVE)).toEqual(wanted);
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
            expect(inflateLz4(damaged).length).toBeLessThanOrEqual(255 * damaged.length);
          } catch (error) {
            expect(String(error)).toMatch(/\[lz4\] expected .*, got .*: /);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** A frame of one stored block. */
function stored(data: Uint8Array): Uint8Array {
  const writer = new Writer().u32(0x184d2204).bytes([0x60, 0x40, 0x82]);
  return writer
    .u32((data.length | 0x80000000) >>> 0)
    .bytes(data)
    .u32(0)
    .finish();
}

describe('Feather', () => {
  const time = Float64Array.from({ length: 300 }, (_, i) => i / 100);
  const lfp = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i));
  const table = tableFromArrays({ time, 'lfp 1': lfp, 'hand vel': lfp.slice() });

  test.each(['none', 'LZ4'])('%s: columns become series on the time column', async (packing) => {
    compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: stored, decode: inflateLz4 });
    const bytes = tableToIPC(table, 'file', packing === 'LZ4' ? CompressionType.LZ4_FRAME : null);
    const file = await openFile(inMemory('made.feather', bytes));
    expect(file.series.map(({ path, kind, shape }) => [path, kind, shape])).toEqual([
      ['electrodes', 'lfp', [300, 1]],
      ['behaviour', 'behaviour', [300, 1]],
    ]);
    expect(file.series[0].rateHz).toBeCloseTo(100, 6);
    expect(await file.readSlice('electrodes', 100, 200)).toEqual(lfp.slice(100, 200));
  });

  test('Zstd is refused with what to do', async () => {
    // Only the magic and length of Zstd, which is all that the library asks of an encoder.
    compressionRegistry.set(CompressionType.ZSTD, {
      encode: () => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0),
    });
    const bytes = tableToIPC(table, 'file', CompressionType.ZSTD);
    await expect(openFile(inMemory('made.feather', bytes))).rejects.toThrow(
      /got Zstd: save it again/,
    );
  });
});
