// Remote recordings against a local server: with ranges, without, slow, busy, broken; and HDF5 read lazily over them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BLOCK_BYTES } from './blockCache';
import { blockingRange, type LocalServer, serveLocally } from './httpServer.test-support';
import { fileNameOf, openHttpSource } from './httpSource';
import { createSyncReader } from './httpSync';
import { proposeMapping } from './mapping';
import { openFile } from './readers';

const LENGTH = 3 * BLOCK_BYTES + 1234;
const bytes = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 2654435761) >>> 24);
const QUICK = { retryDelayMs: 5 };

let server: LocalServer;
beforeAll(async () => {
  server = await serveLocally(bytes);
});
afterAll(() => server.stop());

/** Compares large arrays without listing their values. */
function expectBytes(got: Uint8Array, start: number, end: number): void {
  expect(Buffer.compare(got, bytes.subarray(start, end))).toBe(0);
}

const at = (mode: string) => `${server.origin}/${mode}/sub-1/made.nwb?version=2`;

describe('reads the same bytes as the file holds', () => {
  test.each(['ranges', 'hidden', 'slow', 'busy', 'flaky'])(
    'from a server that is %s',
    async (mode) => {
      const source = await openHttpSource(at(mode), QUICK);
      expect([source.name, source.byteLength]).toEqual(['made.nwb', LENGTH]);
      expectBytes(await source.slice(10, 20), 10, 20);
      const [start, end] = [BLOCK_BYTES - 5, 3 * BLOCK_BYTES + 5];
      expectBytes(await source.slice(start, end), start, end);
      expectBytes(await source.slice(LENGTH - 3, LENGTH + 50), LENGTH - 3, LENGTH);
    },
  );

  test('any slices in any order, asked for together', async () => {
    const source = await openHttpSource(at('ranges'), QUICK);
    const range = fc
      .tuple(fc.nat(LENGTH), fc.nat(LENGTH))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 5 }), async (ranges) => {
        const got = await Promise.all(ranges.map(([start, end]) => source.slice(start, end)));
        ranges.forEach(([start, end], i) => {
          expectBytes(got[i], start, end);
        });
      }),
      { numRuns: 50 },
    );
  });
});

test('has the name that an archive gives the download it redirects to', async () => {
  const source = await openHttpSource(`${server.origin}/archive/assets/42/download/`, QUICK);
  expect([source.name, source.byteLength]).toEqual(['sub-7.nwb', LENGTH]);
  expectBytes(await source.slice(5, 9), 5, 9);
});

test('each block travels once, however often it is read', async () => {
  const before = await server.counted();
  const source = await openHttpSource(at('ranges'), QUICK);
  for (let i = 0; i < 100; i++) await source.slice(i * 1000, i * 1000 + 500);
  const after = await server.counted();
  expect(after.requests - before.requests).toBe(1 + 1);
  expect(after.sent - before.sent).toBe(BLOCK_BYTES);
});

test('progress grows with the bytes', async () => {
  const steps: number[] = [];
  const source = await openHttpSource(at('slow'), {
    onProgress: (received) => void steps.push(received),
  });
  await source.slice(0, LENGTH);
  expect(steps.length).toBeGreaterThan(5);
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps.at(-1)).toBe(LENGTH);
});

describe('is refused in one sentence', () => {
  test.each([
    ['whole', /\(HTTP ranges\) at http.*, got the whole file: download it and open the copy$/],
    ['missing', /got status 404: check the address/],
    ['login', /got status 403: check the address, and that it needs no login/],
    ['broken', /got a broken connection \(.+\): check that you are online/],
    ['grown', /got more: the file was changed meanwhile/],
  ])('%s', async (mode, message) => {
    const opening = openHttpSource(at(mode), QUICK).then((source) => source.slice(0, LENGTH));
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow(/^\[http\] expected [^\n]+, got [^\n]+: [^\n]+$/);
  });

  test('a connection that falls silent', async () => {
    const opening = openHttpSource(at('silent'), { retryDelayMs: 5, retries: 1, stallMs: 100 });
    await expect(opening).rejects.toThrow(/broken connection \(nothing for 0.1 s\)/);
  });

  test('no server at all', async () => {
    const opening = openHttpSource('http://127.0.0.1:9/x.nwb', { retryDelayMs: 5, retries: 1 });
    await expect(opening).rejects.toThrow(/broken connection .* \(CORS\)/);
  });
});

test('stops at once when told to', async () => {
  const controller = new AbortController();
  const source = await openHttpSource(at('slow'), { signal: controller.signal });
  const reading = source.slice(BLOCK_BYTES, LENGTH);
  setTimeout(() => controller.abort(new Error('stopped by the person')), 30);
  const startedMs = performance.now();
  await expect(reading).rejects.toThrow('stopped by the person');
  expect(performance.now() - startedMs).toBeLessThan(1000);
});

test.each([
  ['https://example.org/a/b%20c.nwb?x=1#y', 'b c.nwb'],
  ['https://example.org/assets/123/', '123'],
  ['https://example.org', 'recording'],
])('the name of %s', (url, name) => {
  expect(fileNameOf(url)).toBe(name);
});

const ECOG = join(__dirname, '../../../shared/data/monkey-ecog/monkey_ecog_64ch_1kHz.nwb');

test.skipIf(!existsSync(ECOG))(
  'an NWB file is listed and sliced over ranges without fetching the rest (skipped without shared/data)',
  async () => {
    const content = new Uint8Array(readFileSync(ECOG));
    const remote = await serveLocally(content);
    const url = `${remote.origin}/ranges/ecog.nwb`;
    const source = await openHttpSource(url, QUICK);
    const blocking = blockingRange(url);
    const readSync = createSyncReader(source.byteLength, blocking.fetchRange);
    const file = await openFile({ ...source, readSync });
    const { sent: toList } = await remote.counted();
    const { path: lfp } = proposeMapping(file).mapping.lfp;
    const slice = await file.readSlice(lfp, 150_000, 150_100);
    const { requests, sent } = await remote.counted();
    const local = await openFile({
      name: 'ecog.nwb',
      path: ECOG,
      byteLength: content.length,
      slice: async (start, end) => content.slice(start, end),
    });
    expect(file.series).toEqual(local.series);
    expect(slice).toEqual(await local.readSlice(lfp, 150_000, 150_100));
    console.log(
      `${content.length} bytes; ${toList} to list, ${sent} with a slice, ${requests} requests`,
    );
    expect(sent).toBeLessThan(0.4 * content.length);
    file.close();
    local.close();
    await blocking.stop();
    await remote.stop();
  },
);
