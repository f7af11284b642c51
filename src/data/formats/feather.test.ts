// Feather tables of numbers, packed or not: columns become series on the time column, and bombs are refused.
import { tableFromArrays, tableFromIPC } from 'apache-arrow';
import { expect, test } from 'vitest';
import { openFile } from '../readers';
import { registerCodecs } from './arrowTable';
import { inMemory } from './madeFiles';
import { packedTable } from './packedArrow.test-support';

const time = Float64Array.from({ length: 300 }, (_, i) => i / 100);
/** Ends in a long run of zeros, which is all that the packers below can pack. */
const lfp = Float32Array.from({ length: 300 }, (_, i) => (i < 150 ? Math.sin(i) : 0));
const table = tableFromArrays({ time, 'lfp 1': lfp, 'hand vel': lfp.slice() });

test.each(['none', 'LZ4', 'Zstd'] as const)('%s', async (packing) => {
  const file = await openFile(inMemory('made.feather', packedTable(table, packing)));
  expect(file.series.map(({ path, kind, shape }) => [path, kind, shape])).toEqual([
    ['electrodes', 'lfp', [300, 1]],
    ['behaviour', 'behaviour', [300, 1]],
  ]);
  expect(file.series[0].rateHz).toBeCloseTo(100, 6);
  expect(await file.readSlice('electrodes', 100, 200)).toEqual(lfp.slice(100, 200));
});

test.each(['LZ4', 'Zstd'] as const)('%s: all columns of a file share one limit', (packing) => {
  const bytes = packedTable(table, packing);
  // The times are not packed, because packing made them no smaller.
  registerCodecs(2 * lfp.byteLength - 1);
  expect(() => tableFromIPC(bytes)).toThrow(/expected at most 1199 bytes/);
  registerCodecs(2 * lfp.byteLength);
  expect(tableFromIPC(bytes).numRows).toBe(300);
});
