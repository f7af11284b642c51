// NumPy arrays and archives: every type and order NumPy writes, and every way a file can be wrong.
import { type Zippable, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { applyMapping, proposeMapping } from '../mapping';
import { type FileSource, openFile } from '../readers';
import { parseNpy } from './npy';

function npy(descr: string, shape: number[], data: ArrayBufferView, isFortran = false): Uint8Array {
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': ${isFortran ? 'True' : 'False'}, 'shape': (${list}), }`;
  const header = new TextEncoder().encode(`${dict.padEnd(117)}\n`);
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(header, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

function inMemory(bytes: Uint8Array, name = 'made.npz'): FileSource {
  return {
    name,
    byteLength: bytes.length,
    slice: async (start, end) => bytes.slice(start, end),
  };
}

const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

function realmFile(changes: Zippable = {}): Uint8Array {
  return zipSync({
    'lfp_data.npy': npy('<f4', [2, 1, 300], ramp(600)),
    'targets.npy': npy('<f4', [300, 2], ramp(600)),
    'frame_rate_hz.npy': npy('<f4', [], Float32Array.of(100)),
    ...changes,
  });
}

describe('parseNpy', () => {
  const TYPES: [string, ArrayBufferView, number[]][] = [
    ['<f4', Float32Array.of(1.5, -2), [1.5, -2]],
    ['<f8', Float64Array.of(1e-9, 3), [1e-9, 3]],
    [
      '<f2',
      Uint16Array.of(0x3e00, 0xc000, 0x0001, 0x7c00),
      [1.5, -2, 2 ** -24, Number.POSITIVE_INFINITY],
    ],
    ['|i1', Int8Array.of(-1, 2), [-1, 2]],
    ['|u1', Uint8Array.of(255, 2), [255, 2]],
    ['<i2', Int16Array.of(-300, 2), [-300, 2]],
    ['<u2', Uint16Array.of(65535), [65535]],
    ['<i4', Int32Array.of(-70000), [-70000]],
    ['<u4', Uint32Array.of(4294967295), [4294967295]],
    ['<i8', BigInt64Array.of(-9007199254740991n), [-9007199254740991]],
    ['<u8', BigUint64Array.of(9007199254740991n), [9007199254740991]],
    ['|b1', Uint8Array.of(1, 0), [1, 0]],
  ];
  test.each(TYPES)('%s', (descr, data, wanted) => {
    expect([...parseNpy(npy(descr, [wanted.length], data), 'a').data]).toEqual(wanted);
  });

  test('Fortran order comes back in C order', () => {
    const columns = Float32Array.of(0, 3, 1, 4, 2, 5);
    expect([...parseNpy(npy('<f4', [2, 3], columns, true), 'a').data]).toEqual([0, 1, 2, 3, 4, 5]);
    const cube = parseNpy(
      npy('<f4', [2, 2, 2], Float32Array.of(0, 4, 2, 6, 1, 5, 3, 7), true),
      'a',
    );
    expect([...cube.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test.each([
    [
      'cut short',
      npy('<f4', [9], ramp(3)),
      /expected 36 bytes for shape \(9\) in "a", got 12: the file is cut/,
    ],
    ['absurd shape', npy('<f8', [1e9, 1e9], ramp(3)), /expected 8000000000000000000 bytes/],
    [
      'big-endian',
      npy('>f4', [3], ramp(3)),
      /expected little-endian numbers in "a", got type ">f4"/,
    ],
    ['objects', npy('|O', [3], ramp(3)), /got type "\|O"/],
    ['other bytes', Uint8Array.of(1, 2, 3), /expected a NumPy array header/],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => parseNpy(bytes, 'a')).toThrow(message);
  });
});

describe('archives', () => {
  test("REALM's layout: [channel, band, frame] becomes [frame, channel * bands + band]", async () => {
    const file = await openFile(
      inMemory(realmFile({ 'lfp_data.npy': npy('<f4', [2, 3, 300], ramp(1800)) })),
    );
    const session = await applyMapping(file, proposeMapping(file).mapping);
    expect(session.bands.length).toBe(3);
    expect([...session.lfp.data.subarray(6, 12)]).toEqual([1, 301, 601, 901, 1201, 1501]);
    expect(session.alreadyFrames).toBe(true);
    expect(session.behaviour?.names).toEqual(['target 1', 'target 2']);
    expect([...(session.behaviour?.data.subarray(0, 4) ?? [])]).toEqual([0, 1, 2, 3]);
  });

  test('feature blocks: contiguous in time, logarithms of magnitudes, artefacts clipped', async () => {
    const features = Float32Array.from({ length: 2 * 50 * 1 * 2 }, (_, i) =>
      i % 2 === 0 ? Math.sin(i) : Math.exp(Math.sin(0.3 * i)),
    );
    features[2 * 70 + 1] = 2e8;
    const file = await openFile(
      inMemory(
        zipSync({
          'features.npy': npy('<f4', [2, 50, 1, 2], features),
          'finger.npy': npy('<f4', [2, 50, 5], ramp(500)),
          'signed.npy': npy('|b1', [2], Uint8Array.of(1, 0)),
        }),
      ),
    );
    const session = await applyMapping(file, proposeMapping(file).mapping);
    expect(session.lfp.sampleCount).toBe(100);
    expect(session.lfp.data[0]).toBe(features[0]);
    expect(session.lfp.data[3]).toBeCloseTo(Math.sin(0.3 * 3), 5);
    expect(session.lfp.data[2 * 70 + 1]).toBeLessThan(10);
    expect(session.behaviour?.names).toEqual(['thumb', 'index', 'middle', 'ring', 'little']);
  });

  const whole = realmFile();
  const nan = new Float32Array(600).fill(Number.NaN);
  const BAD: [string, Uint8Array, RegExp][] = [
    ['truncated zip', whole.subarray(0, whole.length - 200), /expected a whole zip archive/],
    [
      'no LFP',
      zipSync({ 'spikes.npy': npy('<f4', [3], ramp(3)) }),
      /expected an array lfp_data.*got spikes \(3\)/,
    ],
    ['no arrays', zipSync({ 'readme.txt': new Uint8Array(3) }), /got no arrays/],
    [
      'targets of another length',
      realmFile({ 'targets.npy': npy('<f4', [299, 2], ramp(598)) }),
      /expected targets of shape \(300, K\)/,
    ],
    [
      'truncated array',
      realmFile({ 'lfp_data.npy': npy('<f4', [2, 1, 300], ramp(10)) }),
      /expected 2400 bytes/,
    ],
    [
      'frame rate of zero',
      realmFile({ 'frame_rate_hz.npy': npy('<f4', [], Float32Array.of(0)) }),
      /expected a positive frame_rate_hz/,
    ],
    [
      'too short',
      realmFile({
        'lfp_data.npy': npy('<f4', [2, 1, 50], ramp(100)),
        'targets.npy': npy('<f4', [50, 2], ramp(100)),
      }),
      /expected at least 1 s of LFP, got 0.500 s/,
    ],
    [
      'only NaN behaviour',
      realmFile({ 'targets.npy': npy('<f4', [300, 2], nan) }),
      /expected known behaviour values, got only NaN/,
    ],
    [
      'dead channels',
      realmFile({ 'lfp_data.npy': npy('<f4', [2, 1, 300], new Float32Array(600)) }),
      /expected at least one channel whose values change/,
    ],
    ['a single array', npy('<f4', [3], ramp(3)), /expected a sampling rate for made/],
    ['text', new TextEncoder().encode('time,x,y\n'), /got an unknown format/],
    ['nothing', new Uint8Array(0), /got an empty file/],
    ['MATLAB', new TextEncoder().encode('MATLAB 5.0 MAT-file'), /expected a MATLAB header/],
    [
      'damaged HDF5',
      new TextEncoder().encode('\x89HDF\r\n\x1a\n rest').subarray(1),
      /expected a whole HDF5 file in .*, got a damaged one/,
    ],
  ];
  test.each(BAD)('%s is refused in one sentence', async (_, bytes, message) => {
    const read = async () => {
      const file = await openFile(inMemory(bytes));
      await applyMapping(file, proposeMapping(file).mapping);
    };
    await expect(read()).rejects.toThrow(message);
    await expect(read()).rejects.toThrow(/^\[\w+\] expected [^\n]+: [^\n]+$/);
  });

  test('gaps and dead channels are reported, not fatal', async () => {
    const data = ramp(600);
    data.fill(Number.NaN, 100, 130);
    data.fill(7, 300);
    const file = await openFile(
      inMemory(realmFile({ 'lfp_data.npy': npy('<f4', [2, 1, 300], data) })),
    );
    const session = await applyMapping(file, proposeMapping(file).mapping);
    expect([...(session.channelMask ?? [])]).toEqual([1, 0]);
    expect(session.warnings.join(' ')).toMatch(/never change: ch 2.*5\.00 %.*longest run 0\.300 s/);
  });
});

describe('arrays of any other layout', () => {
  test('an archive lists its arrays with the clocks beside them', async () => {
    const bytes = zipSync({
      'ecog.npy': npy('<f4', [400, 4], ramp(1600)),
      'fs.npy': npy('<f8', [], Float64Array.of(200)),
      'time.npy': npy(
        '<f8',
        [50],
        Float64Array.from({ length: 50 }, (_, i) => 1 + i / 25),
      ),
      'force.npy': npy('<f4', [2, 50], ramp(100)),
    });
    const file = await openFile(inMemory(bytes));
    const found = file.series.map(({ path, kind, shape, rateHz }) => [path, kind, shape, rateHz]);
    expect(found).toContainEqual(['ecog', 'lfp', [400, 4], 200]);
    expect(found).toContainEqual(['force', 'behaviour', [50, 2], 25]);
    expect([...(await file.readSlice('force', 1, 3))]).toEqual([1, 51, 2, 52]);
    const session = await file.readSession({ lfp: 'ecog', behaviour: ['force'] });
    expect([session.lfp.rateHz, session.behaviour?.startS]).toEqual([200, 1]);
  });

  const ORDERS: [string, Uint8Array][] = [
    [
      'samples first',
      npy(
        '<i2',
        [500, 2],
        Int16Array.from({ length: 1000 }, (_, i) => i),
      ),
    ],
    ['Fortran order', npy('<i2', [500, 2], turned(500, 2), true)],
    ['channels first', npy('<i2', [2, 500], turned(500, 2))],
  ];
  test.each(ORDERS)('a single array, %s, with the rate stated', async (_, bytes) => {
    const file = await openFile(inMemory(bytes, 'lfp.npy'));
    expect(file.series).toMatchObject([
      { path: 'lfp', kind: 'lfp', shape: [500, 2], rateHz: undefined },
    ]);
    expect([...(await file.readSlice('lfp', 10, 12))]).toEqual([20, 21, 22, 23]);
    const session = await file.readSession({ lfp: 'lfp', rateHz: { lfp: 250 } });
    expect([session.lfp.rateHz, session.lfp.data[999]]).toEqual([250, 999]);
  });
});

/** 0, 1, 2, ... of `[rows, columns]`, stored column after column. */
function turned(rows: number, columns: number): Int16Array {
  return Int16Array.from(
    { length: rows * columns },
    (_, i) => (i % rows) * columns + Math.floor(i / rows),
  );
}
