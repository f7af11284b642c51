// Zarr: references into an NWB file (LINDI, made by .ci/make-lindi.py) and folders, equal to what HDF5 gives.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { serveFolder, serveLocally } from '../httpServer.test-support';
import { openHttpSource } from '../httpSource';
import { applyMapping, proposeMapping } from '../mapping';
import { type FileSource, openFile, openFiles } from '../readers';
import type { Session } from '../session';
import type { OpenFile } from './fileFormat';
import { inMemory } from './madeFiles';
import { openZarr } from './zarrFile';

const FOLDER = join(__dirname, 'fixtures');
const original = new Uint8Array(readFileSync(join(FOLDER, 'lindi.nwb')));
const references = readFileSync(join(FOLDER, 'lindi.nwb.lindi.json'), 'utf8');

function fromText(name: string, text: string): FileSource {
  return inMemory(name, new TextEncoder().encode(text));
}

async function sessionOf(file: OpenFile): Promise<Session> {
  try {
    return await applyMapping(file, proposeMapping(file).mapping);
  } finally {
    file.close();
  }
}

describe('LINDI', () => {
  test('beside its file, the series and the session that HDF5 gives', async () => {
    const sources = [fromText('lindi.nwb.lindi.json', references), inMemory('lindi.nwb', original)];
    const [lindi, hdf5] = await openFiles(sources);
    expect([lindi.format, lindi.name, lindi.subject]).toEqual(['nwb', 'lindi', 'M1']);
    const packing = { compression: expect.any(String) };
    expect(lindi.series.map((series) => ({ ...series, chunk: undefined }))).toEqual(
      hdf5.series.map((series) => ({
        ...series,
        chunk: undefined,
        ...(series.compression && packing),
      })),
    );
    const path = '/processing/ecephys/LFP/ElectricalSeries';
    expect(lindi.series.find((series) => series.path === path)).toMatchObject({
      chunk: [150, 2],
      columns: ['d', 'b', 'a'],
    });
    const values = await lindi.readSlice(path, 149, 152);
    // 37 and 101 per sample and channel, channel gains of 1, 2 and 4.
    const value = (i: number, c: number) => (((i * 37 + c * 101) % 2001) - 1000) * 2 ** c;
    expect([...values]).toEqual([149, 150, 151].flatMap((i) => [0, 1, 2].map((c) => value(i, c))));
    const session = await sessionOf(lindi);
    expect(session).toEqual(await sessionOf(hdf5));
    expect(session.behaviour?.gaps).toHaveLength(1);
    expect([...(session.channelMask ?? [])]).toEqual([1, 0, 1]);
  });

  test('by address, and its file by the address in it', async () => {
    const server = await serveLocally(original);
    const json = references.replace('"u": "lindi.nwb"', `"u": "${server.origin}/ranges/a.nwb"`);
    const index = await serveLocally(new TextEncoder().encode(json));
    try {
      const source = await openHttpSource(`${index.origin}/ranges/a.nwb.lindi.json`);
      const { name, lfp } = await sessionOf(await openFile(source));
      expect([name, lfp]).toEqual([
        'a',
        (await sessionOf(await openFile(inMemory('lindi.nwb', original)))).lfp,
      ]);
    } finally {
      await Promise.all([server.stop(), index.stop()]);
    }
  });

  const KEY = 'processing/ecephys/LFP/ElectricalSeries/data';

  test('an array of too many chunks is read from the file that is linked', async () => {
    const { refs, ...rest } = JSON.parse(references);
    const attributes = JSON.parse(refs[`${KEY}/.zattrs`]);
    attributes._EXTERNAL_ARRAY_LINK = { link_type: 'hdf5_dataset', url: 'lindi.nwb', name: KEY };
    refs[`${KEY}/.zattrs`] = JSON.stringify(attributes);
    for (const key of Object.keys(refs)) if (/data\/\d\.\d$/.test(key)) delete refs[key];
    refs['processing/behavior/Position/hand/data/0.0'] =
      JSON.parse(references).refs['processing/behavior/Position/hand/data/0.0'];
    const [linked, hdf5] = await openFiles([
      fromText('linked.lindi.json', JSON.stringify({ refs, ...rest })),
      inMemory('lindi.nwb', original),
    ]);
    const { lfp } = await sessionOf(linked);
    expect(lfp).toEqual((await sessionOf(hdf5)).lfp);
  });

  test('an array in one block is read in parts', async () => {
    const values = Float32Array.from({ length: 600_002 }, (_, i) => Math.sin(i));
    const bytes = new Uint8Array(100 + values.byteLength);
    bytes.set(new Uint8Array(values.buffer), 100);
    let most = 0;
    const big: FileSource = {
      ...inMemory('big.h5', bytes),
      async slice(start, end) {
        most = Math.max(most, end - start);
        return bytes.slice(start, end);
      },
    };
    const array = { zarr_format: 2, shape: [300_001, 2], chunks: [300_001, 2], dtype: '<f4' };
    const refs = {
      'run/lfp/.zarray': { ...array, order: 'C', fill_value: 0, filters: null, compressor: null },
      'run/lfp/0.0': ['big.h5', 100, values.byteLength],
    };
    const source = fromText('big.lindi.json', JSON.stringify({ refs }));
    const file = await openZarr(source, [big]);
    expect(await file?.readSlice('run.lfp', 131_070, 131_075)).toEqual(
      values.slice(2 * 131_070, 2 * 131_075),
    );
    expect(await file?.readSlice('run.lfp', 300_000, 300_001)).toEqual(values.slice(-2));
    expect(most).toBe(2 ** 20);
  });

  const changed = (change: (refs: Record<string, unknown>) => void) => {
    const json = JSON.parse(references);
    change(json.refs);
    return JSON.stringify(json);
  };
  test.each<[string, string, RegExp]>([
    ['cut short', references.slice(0, 5000), /\[zarr\] expected whole JSON/],
    [
      'its file not there',
      references,
      /expected the file "lindi.nwb" that "a.lindi.json" refers to.*choose both/,
    ],
    ['no references', '{"refs": {}}', /expected an array of at least 16 samples/],
    ['other JSON', '{"TaskName": "grip", "PowerLineFrequency": 50}', /got an unknown format/],
  ])('%s is refused', async (_, text, message) => {
    const opening = openFile(fromText('a.lindi.json', text)).then(sessionOf);
    await expect(opening).rejects.toThrow(message);
  });
  test.each<[string, (refs: Record<string, unknown>) => void, RegExp]>([
    [
      'a range outside the file',
      (refs) => {
        refs[`${KEY}/0.0`] = ['lindi.nwb', 13000, 1000];
      },
      /expected processing.*data\/0.0 at bytes 13000 to 14000/,
    ],
    [
      'a chunk that becomes more than its size',
      (refs) => {
        const bomb = zlibSync(new Uint8Array(2 ** 20));
        refs[`${KEY}/0.0`] = `base64:${Buffer.from([...bomb, 0, 0, 0, 0]).toString('base64')}`;
      },
      /more than the 600 bytes of a chunk/,
    ],
    [
      'a chunk of absurd size',
      (refs) => {
        const array = JSON.parse(String(refs[`${KEY}/.zarray`]));
        refs[`${KEY}/.zarray`] = { ...array, chunks: [1e9, 1e9] };
      },
      /chunks of at most 268435456 bytes/,
    ],
    [
      'an unknown filter',
      (refs) => {
        const array = JSON.parse(String(refs[`${KEY}/.zarray`]));
        refs[`${KEY}/.zarray`] = { ...array, filters: [{ id: 'bitshuffle' }] };
      },
      /bitshuffle/,
    ],
  ])('%s is refused in one sentence', async (_, change, message) => {
    const sources = [fromText('a.lindi.json', changed(change)), inMemory('lindi.nwb', original)];
    const [file] = await openFiles(sources);
    await expect(sessionOf(file)).rejects.toThrow(message);
    await expect(openFiles(sources).then(([again]) => sessionOf(again))).rejects.toThrow(
      /^\[[\w -]+\] expected [^\n]+: [^\n]+$/,
    );
  });
});

/** 128 float32 of i % 16, packed by numcodecs. */
const PACKED = {
  blosc:
    'AgEhBAACAAAAAgAAcAAAABQAAAALAAAAHwABAGdQAAAAAAALAAAAHwABAGdQAAAAAAAbAAAA/wEAgABAgKDA4AAQIDBAUGBwEABYUDBAUGBwGwAAAP8BAD9AQEBAQEBBQUFBQUFBQRAAWFBBQUFBQQ==',
  lz4: 'AAIAABEAAQDxK4A/AAAAQAAAQEAAAIBAAACgQAAAwEAAAOBAAAAAQQAAEEEAACBBAAAwQQAAQEEAAFBBAABgQQAAcEE/AA9AAP+kUEEAAHBB',
  zstd: 'KLUv/WAAAVUCANQDAACAPwAAAEAAAEBAAACAQAAAoEAAAMBAAADgQAAAAEEAABBBAAAgQQAAMEEAAEBBAABQQQAAYEEAAHBBAAMAt0NQYIHAAGAB',
};

describe.each(Object.entries(PACKED))('packed by %s', (id, packed) => {
  const array = { zarr_format: 2, shape: [64, 2], chunks: [64, 2], dtype: '<f4' };
  const text = (chunk: string, chunks = [64, 2]) =>
    JSON.stringify({
      refs: {
        'lfp/.zarray': { ...array, chunks, order: 'C', fill_value: 0, compressor: { id } },
        'lfp/0.0': `base64:${chunk}`,
      },
    });

  test('is read', async () => {
    const file = await openFile(fromText('a.json', text(packed)));
    const values = await file.readSlice('lfp', 0, 64);
    expect(values).toEqual(Float32Array.from({ length: 128 }, (_, i) => i % 16));
  });

  test('is refused when it states more than a chunk has', async () => {
    const file = await openFile(fromText('a.json', text(packed, [32, 2])));
    await expect(file.readSlice('lfp', 0, 16)).rejects.toThrow(/^\[\w+\] expected .*512/);
  });
});

/** 40 samples of 3 channels in chunks of 16 x 2, the last ones filled up. */
function chunksOf(value: (i: number, c: number) => number): Map<string, Uint8Array> {
  const chunks = new Map<string, Uint8Array>();
  for (const r of [0, 1, 2]) {
    for (const k of [0, 1]) {
      const data = Float32Array.from({ length: 32 }, (_, n) =>
        value(16 * r + (n >> 1), 2 * k + (n & 1)),
      );
      chunks.set(`${r}.${k}`, new Uint8Array(data.buffer));
    }
  }
  return chunks;
}

describe('a folder', () => {
  const value = (i: number, c: number) => 10 * i + c;
  const shape = { shape: [40, 3] };
  const v2 = {
    zarr_consolidated_format: 1,
    metadata: {
      '.zgroup': { zarr_format: 2 },
      'run/.zgroup': { zarr_format: 2 },
      'run/lfp/.zarray': {
        ...shape,
        zarr_format: 2,
        chunks: [16, 2],
        dtype: '<f4',
        order: 'C',
        fill_value: 'NaN',
        filters: null,
        compressor: { id: 'zlib', level: 1 },
      },
    },
  };
  const v3 = {
    zarr_format: 3,
    node_type: 'group',
    consolidated_metadata: {
      kind: 'inline',
      metadata: {
        run: { zarr_format: 3, node_type: 'group', attributes: {} },
        'run/lfp': {
          ...shape,
          zarr_format: 3,
          node_type: 'array',
          data_type: 'float32',
          chunk_grid: { name: 'regular', configuration: { chunk_shape: [16, 2] } },
          chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
          codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
          fill_value: 'NaN',
          attributes: {},
        },
      },
    },
  };
  const folder = (files: Map<string, Uint8Array>) => async (path: string) => {
    const bytes = files.get(path);
    return bytes && inMemory(path, bytes);
  };

  test.each<[string, string, object, (key: string) => string, (bytes: Uint8Array) => Uint8Array]>([
    ['2', '.zmetadata', v2, (key) => `run/lfp/${key}`, (bytes) => zlibSync(bytes)],
    ['3', 'zarr.json', v3, (key) => `run/lfp/c/${key.replace('.', '/')}`, (bytes) => bytes],
  ])('of version %s', async (_, name, entry, keyOf, pack) => {
    const chunks = [...chunksOf(value)].map(([key, bytes]): [string, Uint8Array] => [
      keyOf(key),
      pack(bytes),
    ]);
    // One chunk is not stored: all fill value.
    const files = new Map(chunks.filter(([key]) => key !== keyOf('1.1')));
    const source = { ...fromText(name, JSON.stringify(entry)), beside: folder(files) };
    const file = await openFile({ ...source, path: `/data/mouse.zarr/${name}` });
    expect([file.format, file.name]).toEqual(['zarr', 'mouse']);
    expect(file.series).toMatchObject([{ path: 'run.lfp', shape: [40, 3], chunk: [16, 2] }]);
    const values = await file.readSlice('run.lfp', 15, 33);
    const wanted = Array.from({ length: 18 * 3 }, (_, n) => {
      const [i, c] = [15 + Math.floor(n / 3), n % 3];
      return i >= 16 && i < 32 && c === 2 ? Number.NaN : value(i, c);
    });
    expect([...values]).toEqual(wanted);
  });

  test('of an NWB file by address, equal to what HDF5 gives', async () => {
    const { refs } = JSON.parse(references) as { refs: Record<string, unknown> };
    const files = new Map<string, Uint8Array>();
    const metadata: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(refs)) {
      const [, start, length] = Array.isArray(value) ? (value as number[]) : [];
      const text = String(value);
      if (/\/?\.z\w+$/.test(key)) metadata[key] = JSON.parse(text);
      else if (Array.isArray(value)) files.set(key, original.subarray(start, start + length));
      else if (text.startsWith('base64:')) files.set(key, Buffer.from(text.slice(7), 'base64'));
      else files.set(key, Buffer.from(text, 'latin1'));
    }
    const entry = JSON.stringify({ zarr_consolidated_format: 1, metadata });
    files.set('.zmetadata', new TextEncoder().encode(entry));
    const served = new Map([...files].map(([key, bytes]) => [`mouse.nwb.zarr/${key}`, bytes]));
    const server = await serveFolder(served);
    try {
      const file = await openFile(await openHttpSource(`${server.origin}/mouse.nwb.zarr/`));
      expect([file.format, file.name]).toEqual(['nwb', 'mouse']);
      const { lfp, behaviour, channelMask } = await sessionOf(file);
      const hdf5 = await sessionOf(await openFile(inMemory('lindi.nwb', original)));
      expect({ lfp, behaviour, channelMask }).toEqual({
        lfp: hdf5.lfp,
        behaviour: hdf5.behaviour,
        channelMask: hdf5.channelMask,
      });
      await expect(openHttpSource(`${server.origin}/other.zarr`)).rejects.toThrow(
        /expected .zmetadata or zarr.json in .*consolidate_metadata/,
      );
    } finally {
      server.stop();
    }
  });
});
