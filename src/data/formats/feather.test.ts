// Feather tables of numbers, packed or not: columns become series on the time column, and bombs are refused.
import {
  CompressionType,
  compressionRegistry,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow';
import { expect, test } from 'vitest';
import { openFile } from '../readers';
import { registerCodecs } from './arrowTable';
import { inMemory, Writer } from './madeFiles';

const time = Float64Array.from({ length: 300 }, (_, i) => i / 100);
/** Ends in a long run of zeros, which is all that the packers below can pack. */
const lfp = Float32Array.from({ length: 300 }, (_, i) => (i < 150 ? Math.sin(i) : 0));
const table = tableFromArrays({ time, 'lfp 1': lfp, 'hand vel': lfp.slice() });

function runStart(data: Uint8Array): number {
  let start = data.length;
  while (start > 1 && data[start - 1] === data[start - 2]) start -= 1;
  return start;
}

/** LZ4: literals, one copy of the byte before, and five literals, with which a block must end. */
function lz4Packed(data: Uint8Array): Uint8Array {
  const end = data.length - 5;
  const start = Math.min(runStart(data), end - 4);
  const block = new Writer().u8(0xff);
  const length = (value: number) => {
    let rest = value - 15;
    for (; rest >= 255; rest -= 255) block.u8(255);
    block.u8(rest);
  };
  length(start);
  block.bytes(data.subarray(0, start)).u16(1);
  length(end - start - 4);
  const bytes = block
    .u8(5 << 4)
    .bytes(data.subarray(end))
    .finish();
  const frame = new Writer().u32(0x184d2204).bytes([0x60, 0x40, 0x82]).u32(bytes.length);
  return frame.bytes(bytes).u32(0).finish();
}

/** Zstandard: a stored block and a run, the length written. */
function zstdPacked(data: Uint8Array): Uint8Array {
  const start = runStart(data);
  const frame = new Writer().u32(0xfd2fb528).u8(0xa0).u32(data.length);
  frame.u24(start << 3).bytes(data.subarray(0, start));
  return frame
    .u24(((data.length - start) << 3) | (1 << 1) | 1)
    .u8(data[start - 1])
    .finish();
}

function packedAs(packing: 'none' | 'LZ4' | 'Zstd'): Uint8Array {
  if (packing === 'none') return tableToIPC(table, 'file');
  const isLz4 = packing === 'LZ4';
  const type = isLz4 ? CompressionType.LZ4_FRAME : CompressionType.ZSTD;
  // To write, the library wants to be able to read.
  registerCodecs();
  const decode = compressionRegistry.get(type)?.decode;
  compressionRegistry.set(type, { encode: isLz4 ? lz4Packed : zstdPacked, decode });
  return tableToIPC(table, 'file', type);
}

test.each(['none', 'LZ4', 'Zstd'] as const)('%s', async (packing) => {
  const file = await openFile(inMemory('made.feather', packedAs(packing)));
  expect(file.series.map(({ path, kind, shape }) => [path, kind, shape])).toEqual([
    ['electrodes', 'lfp', [300, 1]],
    ['behaviour', 'behaviour', [300, 1]],
  ]);
  expect(file.series[0].rateHz).toBeCloseTo(100, 6);
  expect(await file.readSlice('electrodes', 100, 200)).toEqual(lfp.slice(100, 200));
});

test.each(['LZ4', 'Zstd'] as const)('%s: all columns of a file share one limit', (packing) => {
  const bytes = packedAs(packing);
  // The times are not packed, because packing made them no smaller.
  registerCodecs(2 * lfp.byteLength - 1);
  expect(() => tableFromIPC(bytes)).toThrow(/expected at most 1199 bytes/);
  registerCodecs(2 * lfp.byteLength);
  expect(tableFromIPC(bytes).numRows).toBe(300);
});
