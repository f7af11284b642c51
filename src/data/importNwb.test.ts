// A small NWB of the kind that fills disks (broadband, int16, gzip): imported with its signals intact and its provenance.
import { createHash } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as H5 from 'h5wasm/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExtractProgress } from './extractStream';
import { readArrow, writeArrow } from './formats/arrow';
import { importSession } from './importSession';
import { proposeMapping } from './mapping';
import { fingerprint } from './provenance';
import { type FileSource, openFile } from './readers';

const RATE_HZ = 24414.0625;
const CHANNELS = 6;
const SAMPLES = 6104 * 40;
const CONVERSION = 2.5e-7;
/** Pass band of the low-passes at 8 Hz, and one step of int16. */
const AMPLITUDE_TOLERANCE = 0.01;

let folder = '';
let path = '';
beforeAll(async () => {
  await H5.ready;
  folder = mkdtempSync(join(tmpdir(), 'broadband-'));
  path = join(folder, 'broadband.nwb');
  const data = new Int16Array(SAMPLES * CHANNELS);
  for (let i = 0; i < SAMPLES; i++) {
    const turn = (2 * Math.PI * i) / RATE_HZ;
    // Alternating signs survive the common average; the hum and the tone far above the frames do not.
    const wave = 2000 * Math.sin(8 * turn);
    const removed = 800 * Math.sin(50 * turn) + 500 * Math.sin(3000 * turn);
    for (let c = 0; c < CHANNELS; c++) data[i * CHANNELS + c] = (c % 2 ? -wave : wave) + removed;
  }
  const file = new H5.File(path, 'w');
  file.create_attribute('nwb_version', '2.6.0');
  const series = file.create_group('acquisition').create_group('broadband');
  series.create_attribute('neurodata_type', 'ElectricalSeries');
  series.create_dataset({
    name: 'data',
    data,
    shape: [SAMPLES, CHANNELS],
    chunks: [6104, CHANNELS],
    compression: 'gzip',
    compression_opts: 1,
  });
  const values = series.get('data') as H5.Dataset;
  values.create_attribute('unit', 'volts');
  values.create_attribute('conversion', CONVERSION);
  series.create_dataset({ name: 'starting_time', data: 0, shape: [], dtype: '<d' });
  (series.get('starting_time') as H5.Dataset).create_attribute('rate', RATE_HZ);
  file.flush();
  file.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function onDisk(): FileSource {
  const descriptor = openSync(path, 'r');
  return {
    name: 'broadband.nwb',
    path,
    byteLength: statSync(path).size,
    async slice(start, end) {
      const bytes = new Uint8Array(end - start);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start));
    },
  };
}

test('broadband becomes frames in blocks of whole chunks', async () => {
  const source = onDisk();
  const file = await openFile(source);
  const steps: ExtractProgress[] = [];
  const session = await importSession(file, [source], proposeMapping(file).mapping, {
    frontEnd: { kind: 'realtime', notchHz: 50 },
    blockValues: 5 * 6104 * CHANNELS,
    onProgress: (step) => void steps.push(step),
  });
  file.close();
  expect(steps.map(({ fraction }) => fraction)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => n / 8));
  expect(session.provenance?.sourceRateHz).toBe(RATE_HZ);
  expect(session.lfp.sampleCount).toBe(Math.ceil((SAMPLES / RATE_HZ) * 100));
  const { data, units } = session.lfp;
  expect(units[0]).toBe('uV');
  // Behind the notches' ringing, the 8 Hz wave is left alone: its root mean square is the amplitude's over sqrt 2.
  const from = 500 * CHANNELS;
  const squares = data.subarray(from).reduce((sum, value) => sum + value * value, 0);
  const amplitudeUv = Math.sqrt((2 * squares) / (data.length - from));
  const wantedUv = 2000 * CONVERSION * 1e6;
  expect(Math.abs(amplitudeUv / wantedUv - 1)).toBeLessThan(AMPLITUDE_TOLERANCE);
  expect(readArrow(writeArrow(session), 'broadband.arrow')).toEqual(session);
});

test('the fingerprint is the SHA-256 of the SHA-256 of each 16 MiB', async () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const { byteLength, sha256OfBlocks } = await fingerprint(onDisk());
  expect(byteLength).toBeLessThan(2 ** 24);
  expect(sha256OfBlocks).toBe(sha256(sha256(readFileSync(path))).toString('hex'));
  const large = new Uint8Array(2 ** 24 + 5).fill(7);
  const made = await fingerprint({
    name: 'large',
    byteLength: large.length,
    slice: async (start, end) => large.slice(start, end),
  });
  const digests = [large.subarray(0, 2 ** 24), large.subarray(2 ** 24)].map(sha256);
  expect(made.sha256OfBlocks).toBe(sha256(Buffer.concat(digests)).toString('hex'));
});
