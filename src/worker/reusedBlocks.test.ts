// Reading through one buffer gives the file's bytes, and so its fingerprint, block by block.
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../data/provenance';
import { fileSourceFromBlob } from '../data/readers';
import { fileSourceInOneBuffer } from './reusedBlocks';

/** More than one of the fingerprint's blocks of 16 MiB. */
const BYTES = 2 ** 24 + 12_345;

describe('fileSourceInOneBuffer', () => {
  const bytes = Uint8Array.from({ length: BYTES }, (_, i) => (i * 2654435761) >>> 24);
  const file = new File([bytes], 'a.nwb');

  it('reads long and short slices in any order, in one buffer', async () => {
    const source = fileSourceInOneBuffer(file);
    const buffers = new Set<number>();
    for (const [start, end] of [
      [0, 2 ** 20],
      [5, 9],
      [2 ** 24 - 3, BYTES],
      [100, 100],
      [BYTES - 2, BYTES + 50],
      [0, 2 ** 20],
    ]) {
      const got = await source.slice(start, end);
      expect(Buffer.compare(got, bytes.subarray(start, end))).toBe(0);
      buffers.add(got.buffer.byteLength);
    }
    expect([...buffers]).toEqual([2 ** 20]);
  });

  it('has the fingerprint that reading otherwise has', async () => {
    const plain = await fingerprint(fileSourceFromBlob(file));
    expect(await fingerprint(fileSourceInOneBuffer(file))).toEqual(plain);
  });
});
