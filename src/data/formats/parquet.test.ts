// Parquet: files that pyarrow wrote (.ci/make-parquet.py), in slices, over HTTP, and what is refused.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serveLocally } from '../httpServer.test-support';
import { openHttpSource } from '../httpSource';
import { type FileSource, openFile } from '../readers';
import { inMemory } from './madeFiles';

const FOLDER = join(__dirname, 'fixtures');
const ROWS = 300;
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(FOLDER, `${name}.parquet`)));
const made = (name: string) => inMemory(`${name}.parquet`, bytesOf(name));

/** What the script wrote. */
const lfp = (i: number) => [((i * i) % 512) / 4 - 50, ((i * 37) % 1000) - 500];
const vel = (i: number) => (i % 10 === 3 ? Number.NaN : (i % 8) / 2);

const TABLES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.parquet'))
  .map((name) => name.replace('.parquet', ''))
  .filter((name) => name !== 'types');

test.each(TABLES)('%s', async (name) => {
  const file = await openFile(made(name));
  expect(file.format).toBe('parquet');
  expect(file.series.map(({ path, kind, shape, columns }) => [path, kind, shape, columns])).toEqual(
    [
      ['electrodes', 'lfp', [ROWS, 2], ['lfp 1', 'lfp 2']],
      ['behaviour', 'behaviour', [ROWS, 1], ['hand vel']],
    ],
  );
  const packing = /^(none|encodings)/.test(name) ? undefined : name.replace(/-v.$/, '');
  expect(file.series[0].compression?.replace('lz4_raw', 'lz4')).toBe(packing);
  expect(file.series[0].chunk).toEqual([130, 1]);
  expect(file.series[0].rateHz).toBeCloseTo(100, 6);
  for (const [start, end] of [
    [0, ROWS],
    [125, 133],
    [299, 300],
    [7, 7],
  ]) {
    const rows = Array.from({ length: end - start }, (_, i) => start + i);
    const electrodes = await file.readSlice('electrodes', start, end);
    expect(electrodes).toEqual(Float32Array.from(rows.flatMap(lfp)));
    expect(await file.readSlice('behaviour', start, end)).toEqual(Float32Array.from(rows, vel));
  }
});

test('times in nanoseconds, whole numbers without a sign; lists, dates and truths are left out', async () => {
  const file = await openFile(made('types'));
  expect(file.series.map(({ path, columns }) => [path, columns])).toEqual([
    ['electrodes', ['lfp unsigned', 'lfp long']],
  ]);
  expect(file.warnings.join()).toMatch(/left out: date, trials, is_moving/);
  expect((await file.readClock('electrodes')).rateHz).toBeCloseTo(100, 6);
  const values = await file.readSlice('electrodes', 250, 251);
  expect([...values]).toEqual([Math.fround(2 ** 32 - 750), Math.fround(2 ** 63)]);
});

/** Counts the bytes that are read. */
function counted(source: FileSource): { source: FileSource; bytes: () => number } {
  let bytes = 0;
  const slice = (start: number, end: number) => {
    bytes += end - start;
    return source.slice(start, end);
  };
  return { source: { ...source, slice }, bytes: () => bytes };
}

test('a slice reads its own pages only, and none twice', async () => {
  const { source, bytes } = counted(made('encodings'));
  const file = await openFile(source);
  await file.readSlice('electrodes', 140, 141);
  const before = bytes();
  await file.readSlice('electrodes', 140, 150);
  expect(bytes()).toBe(before);
  await file.readSlice('electrodes', 250, 251);
  // A page of 64 floats, and one of as many deltas.
  expect(bytes() - before).toBeGreaterThan(0);
  expect(bytes() - before).toBeLessThan(64 * 4 + 64);
});

test('over HTTP ranges the same', async () => {
  const server = await serveLocally(bytesOf('zstd-v2'));
  try {
    const file = await openFile(await openHttpSource(`${server.origin}/ranges/table.parquet`));
    const values = await file.readSlice('electrodes', 200, 210);
    expect(values).toEqual(
      Float32Array.from(Array.from({ length: 10 }, (_, i) => 200 + i).flatMap(lfp)),
    );
  } finally {
    await server.stop();
  }
});

describe('what is refused, in one sentence', () => {
  const whole = bytesOf('snappy-v2');
  const changed = (change: (view: DataView) => void) => {
    const bytes = whole.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  test.each<[string, Uint8Array, RegExp]>([
    ['cut short', whole.slice(0, 3000), /expected a whole Parquet file/],
    ['the magic alone', whole.slice(0, 4), /expected the end of a table/],
    [
      'metadata longer than the file',
      changed((view) => view.setUint32(whole.length - 8, 1e9, true)),
      /1000000000 bytes of metadata/,
    ],
    ['encrypted', new TextEncoder().encode('PARE0123456789'), /an encrypted Parquet file/],
  ])('%s', async (_, bytes, message) => {
    await expect(openFile(inMemory('made.parquet', bytes))).rejects.toThrow(message);
    await expect(openFile(inMemory('made.parquet', bytes))).rejects.toThrow(
      /^\[[\w -]+\] expected [^\n]+: [^\n]+$/,
    );
  });
});
