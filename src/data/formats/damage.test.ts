// Damaged files of every format with a reader of its own: each is read or refused in one sentence, soon and in bounded memory.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { proposeMapping } from '../mapping';
import { type FileSource, openFiles } from '../readers';
import {
  inMemory,
  madeBlackrock,
  madeBrainVision,
  madeEdf,
  madeMat5,
  madeNeuralynx,
  matDoubles,
  matStruct,
  Writer,
} from './madeFiles';

const VARIANTS = 2000;
const MAX_MS = 5000;
/** One reading must not keep more than this beside the file. */
const MAX_EXTRA_BYTES = 2 ** 30;

const ramp = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(i));
const vision = madeBrainVision({ sampleCount: 1200, markers: 'Mk1=New Segment,,601,1,0' });

function npy(shape: string, count: number): Uint8Array {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  const writer = new Writer().bytes([0x93]).text('NUMPY').bytes([1, 0]).u16(118).text(`${dict}\n`);
  for (let i = 0; i < count; i++) writer.f32(50 + i);
  return writer.finish();
}

const fixture = (name: string) => new Uint8Array(readFileSync(join(__dirname, 'fixtures', name)));

const zarr = {
  metadata: {
    '.zgroup': { zarr_format: 2 },
    '.zattrs': { subject: 'M1' },
    'run/lfp/.zattrs': { unit: 'uV' },
    'run/lfp/.zarray': {
      zarr_format: 2,
      shape: [400, 3],
      chunks: [64, 2],
      dtype: '<f4',
      order: 'C',
      fill_value: 1.5,
      filters: null,
      compressor: null,
    },
  },
};
/** The first chunk, in the same file for want of a folder. */
const zarrChunk = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
const zarrReferences = {
  version: 1,
  refs: {
    ...zarr.metadata,
    'run/lfp/0.0': `base64:${Buffer.from(zarrChunk.buffer).toString('base64')}`,
    'run/lfp/0.1': `base64:${Buffer.from(zarrChunk.buffer).toString('base64')}`,
  },
};

/** The damaged part first; the others, if any, are whole. */
const FORMATS: [name: string, files: [name: string, bytes: Uint8Array][]][] = [
  [
    'Blackrock 2.3',
    [
      [
        'a.ns2',
        madeBlackrock({
          packets: [
            { ticks: 0, count: 900 },
            { ticks: 60000, count: 900 },
          ],
        }),
      ],
    ],
  ],
  [
    'Blackrock 3.0',
    [
      [
        'a.ns2',
        madeBlackrock({ magic: 'BRSMPGRP', version: [3, 0], packets: [{ ticks: 0, count: 1500 }] }),
      ],
    ],
  ],
  [
    'Blackrock 3.0, precise',
    [
      [
        'a.ns2',
        madeBlackrock({
          magic: 'BRSMPGRP',
          version: [3, 0],
          ticksPerS: 1e9,
          packets: Array.from({ length: 1100 }, (_, i) => ({ ticks: i * 1e6, count: 1 })),
        }),
      ],
    ],
  ],
  [
    'Neuralynx',
    [
      [
        'a.ncs',
        madeNeuralynx(Array.from({ length: 4 }, (_, r) => ({ timeUs: r * 512000, count: 512 }))),
      ],
    ],
  ],
  ['EDF', [['a.edf', madeEdf({})]]],
  ['EDF+D', [['a.edf', madeEdf({ startsS: [0, 1, 2.5] })]]],
  ['BDF', [['a.bdf', madeEdf({ isBdf: true })]]],
  [
    'BrainVision header',
    [
      ['made.vhdr', vision.header],
      ['made.eeg', vision.data],
      ['made.vmrk', vision.markers],
    ],
  ],
  [
    'BrainVision markers',
    [
      ['made.vmrk', vision.markers],
      ['made.vhdr', vision.header],
      ['made.eeg', vision.data],
    ],
  ],
  [
    'MATLAB v7',
    [
      [
        'a.mat',
        madeMat5({
          fs: matDoubles([200]),
          lfp: matDoubles(ramp(900), [300, 3]),
          s: matStruct({ note: { text: 'hello' }, c: { cells: [matDoubles(ramp(40))] } }),
        }),
      ],
    ],
  ],
  [
    'MATLAB v6',
    [
      [
        'a.mat',
        madeMat5(
          {
            fs: matDoubles([200]),
            lfp: matDoubles(ramp(900), [300, 3]),
            s: matStruct({ note: { text: 'hello' }, c: { cells: [matDoubles(ramp(40))] } }),
          },
          false,
        ),
      ],
    ],
  ],
  ['npy', [['a.npy', npy('400, 3', 1200)]]],
  [
    'npz',
    [
      [
        'a.npz',
        zipSync({ 'lfp_data.npy': npy('2, 1, 300', 600), 'frame_rate_hz.npy': npy('1,', 1) }),
      ],
    ],
  ],
  // Unpacked, so that damage reaches levels and keys.
  ['Parquet', [['a.parquet', fixture('none-v2.parquet')]]],
  ['Zarr', [['a.zarr.json', strToU8(JSON.stringify(zarrReferences))]]],
  [
    'LINDI',
    [
      ['a.lindi.json', fixture('lindi.nwb.lindi.json')],
      ['lindi.nwb', fixture('lindi.nwb')],
    ],
  ],
  [
    'table',
    [
      [
        'a.csv',
        strToU8(
          `time,lfp1,lfp2\n${ramp(300)
            .map((x, i) => `${i / 100},${x},${-x}`)
            .join('\n')}`,
        ),
      ],
    ],
  ],
];

const ONE_SENTENCE = /^\[[\w -]+\] expected [\s\S]+, got [\s\S]*: [^\n]+$/;

async function outcomeOf(sources: readonly FileSource[]): Promise<string> {
  const startedMs = performance.now();
  const before = memoryBytes();
  let outcome = 'read';
  try {
    for (const file of await openFiles(sources)) {
      const { mapping } = proposeMapping(file);
      const path = mapping.lfp.path;
      const { sampleCount } = await file.readClock(path);
      const slice = await file.readSlice(path, 0, Math.min(sampleCount, 100));
      const width = file.series.find((series) => series.path === path)?.columns.length ?? 0;
      expect(slice.length).toBe(Math.min(sampleCount, 100) * width);
      const session = await file.readSession({ lfp: path, rateHz: { [path]: 200 } });
      expect(session.lfp.data.length).toBe(session.lfp.sampleCount * session.lfp.names.length);
      file.close();
    }
  } catch (error) {
    outcome = error instanceof Error ? error.message : String(error);
    expect(outcome).toMatch(ONE_SENTENCE);
  }
  expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
  expect(memoryBytes() - before).toBeLessThan(MAX_EXTRA_BYTES);
  return outcome;
}

function memoryBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function sourcesOf(files: [string, Uint8Array][], damaged: Uint8Array): FileSource[] {
  return files.map(([name, bytes], i) => inMemory(name, i === 0 ? damaged : bytes));
}

describe.each(FORMATS)('%s', (_, files) => {
  const [, whole] = files[0];

  test('whole, it is read (control)', async () => {
    expect(await outcomeOf(sourcesOf(files, whole))).toBe('read');
  });

  test('cut short anywhere', async () => {
    const step = Math.max(1, Math.floor(whole.length / 300));
    for (let end = 0; end < whole.length; end += end < 600 ? 7 : step) {
      await outcomeOf(sourcesOf(files, whole.subarray(0, end)));
    }
  });

  test(`${VARIANTS} variants of flipped, repeated and extreme bytes`, async () => {
    const outcomes = new Map<string, number>();
    const place = fc.oneof(fc.nat(Math.min(whole.length, 700) - 1), fc.nat(whole.length - 1));
    const change = fc.record({
      at: place,
      value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
      isFlip: fc.boolean(),
      length: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = whole.slice();
        for (const { at, value, isFlip, length } of changes) {
          for (let i = at; i < Math.min(at + length, damaged.length); i++) {
            damaged[i] = isFlip ? damaged[i] ^ (value | 1) : value;
          }
        }
        const outcome = await outcomeOf(sourcesOf(files, damaged));
        const kind = outcome === 'read' ? 'read' : 'refused';
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      }),
      { numRuns: VARIANTS, endOnFailure: true },
    );
    console.log(Object.fromEntries(outcomes));
  }, 120_000);
});
