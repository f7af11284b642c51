// MATLAB files, single arrays and tables made here: classes, layouts, clocks, units, and every refusal.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as H5 from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyMapping, proposeMapping } from '../mapping';
import { type FileSource, openFile, openFiles } from '../readers';
import type { OpenFile } from './fileFormat';
import { joinFiles } from './joinFiles';
import {
  inMemory,
  type MadeMat,
  madeMat5,
  madeNeuralynx,
  matDoubles,
  matStruct,
  Writer,
} from './madeFiles';

const ramp = (count: number, step = 1, first = 0) =>
  Array.from({ length: count }, (_, i) => first + i * step);
const openMat = (variables: Record<string, MadeMat>, isCompressed?: boolean) =>
  openFile(inMemory('made.mat', madeMat5(variables, isCompressed)));
const openText = (text: string) => openFile(inMemory('made.csv', new TextEncoder().encode(text)));
const listed = (file: OpenFile) =>
  file.series.map(({ path, kind, shape, rateHz }) => [
    path,
    kind,
    ...shape,
    // Rates of time stamps carry their rounding.
    rateHz && Number(rateHz.toFixed(6)),
  ]);

let folder = '';
beforeAll(async () => {
  await H5.ready;
  folder = mkdtempSync(join(tmpdir(), 'mat-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An HDF5 file on disk. */
function made(name: string, write: (root: H5.File) => void): FileSource {
  const path = join(folder, name);
  const root = new H5.File(path, 'w');
  write(root);
  root.flush();
  root.close();
  return {
    name,
    path,
    byteLength: statSync(path).size,
    slice: async () => new Uint8Array(HDF5_HEAD),
  };
}
const HDF5_HEAD = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

describe('MATLAB v5 to v7', () => {
  const TYPES: [string, number, Uint8Array, number[]][] = [
    ['int8 in double', 1, new Uint8Array(Int8Array.from(ramp(20, 1, -9)).buffer), ramp(20, 1, -9)],
    ['uint8', 2, Uint8Array.from(ramp(20)), ramp(20)],
    ['int16', 3, new Uint8Array(Int16Array.from(ramp(20, -300)).buffer), ramp(20, -300)],
    ['uint16', 4, new Uint8Array(Uint16Array.from(ramp(20, 3000)).buffer), ramp(20, 3000)],
    ['int32', 5, new Uint8Array(Int32Array.from(ramp(20, -1e5)).buffer), ramp(20, -1e5)],
    ['uint32', 6, new Uint8Array(Uint32Array.from(ramp(20, 1e6)).buffer), ramp(20, 1e6)],
    ['single', 7, new Uint8Array(Float32Array.from(ramp(20, 0.5)).buffer), ramp(20, 0.5)],
    ['double', 9, new Uint8Array(Float64Array.from(ramp(20, 0.25)).buffer), ramp(20, 0.25)],
    ['int64', 12, new Uint8Array(BigInt64Array.from(ramp(20, -7), BigInt).buffer), ramp(20, -7)],
  ];
  test.each(TYPES)('%s, compressed or not', async (_, type, bytes, wanted) => {
    for (const isCompressed of [true, false]) {
      const file = await openMat({ x: { class: 6, type, dims: [20, 1], bytes } }, isCompressed);
      expect([...(await file.readSlice('x', 0, 20))]).toEqual(wanted);
    }
  });

  test('structures and cells are folders; rates, times and labels beside an array are its own', async () => {
    const file = await openMat({
      rec: matStruct({
        fs: matDoubles([500]),
        lfp: matDoubles(ramp(3000), [1000, 3]),
        labels: { cells: [{ text: 'left' }, { text: 'right' }, { text: 'deep' }] },
        hand: matStruct({
          time: matDoubles(ramp(100, 0.02, 5)),
          pos: matDoubles(ramp(200), [2, 100]),
        }),
        parts: { cells: [matDoubles(ramp(50)), { text: 'no numbers' }] },
      }),
    });
    expect(listed(file)).toEqual([
      ['rec.lfp', 'lfp', 1000, 3, 500],
      ['rec.hand.pos', 'behaviour', 100, 2, 50],
      ['rec.parts{1}', 'unknown', 50, 1, 500],
    ]);
    expect(file.series[0].columns).toEqual(['left', 'right', 'deep']);
    expect([...(await file.readSlice('rec.lfp', 1, 3))]).toEqual([1, 1001, 2001, 2, 1002, 2002]);
    expect([...(await file.readSlice('rec.hand.pos', 1, 3))]).toEqual([2, 3, 4, 5]);
    expect((await file.readClock('rec.hand.pos')).startS).toBe(5);
  });

  test('a pause between time stamps is a gap', async () => {
    const time = [...ramp(60, 0.01), ...ramp(60, 0.01, 1)];
    const file = await openMat({ t: matDoubles(time), lfp: matDoubles(ramp(240), [120, 2]) });
    const { gaps, sampleCount } = await file.readClock('lfp');
    expect([sampleCount, gaps]).toEqual([160, [{ startSample: 60, endSample: 100 }]]);
    const values = await file.readSlice('lfp', 59, 101);
    expect([values[0], values[2], values[83]]).toEqual([59, Number.NaN, 180]);
  });

  test('trials of subjects lie where their times say; the time between them is a gap', async () => {
    const trial = (startS: number, first: number) => [
      matDoubles(ramp(100, 0.01, startS)),
      matDoubles(ramp(200, 1, first), [100, 2]),
      {
        fields: ['Spike', 'LFP'],
        dims: [3, 1],
        values: [
          matDoubles([1, 2]),
          matDoubles(ramp(2000, 1, first)),
          matDoubles([]),
          matDoubles([], [0, 0]),
          matDoubles([]),
          matDoubles(ramp(2000, 2, first)),
        ],
      },
    ];
    const trials: MadeMat = {
      fields: ['Time', 'HandVel', 'Neuron'],
      dims: [1, 2],
      values: [...trial(3, 0), ...trial(6, 5000)],
    };
    const file = await openMat({ Subject: matStruct({ Trial: trials }) });
    expect(listed(file)).toEqual([
      ['Subject(1).LFP', 'lfp', 8000, 2, 2000],
      ['Subject(1).HandVel', 'behaviour', 400, 2, 100],
    ]);
    expect(file.series[0].gaps).toEqual([{ startSample: 2000, endSample: 6000 }]);
    expect([...(await file.readSlice('Subject(1).LFP', 6001, 6002))]).toEqual([5001, 5002]);
    const { mapping } = proposeMapping(file);
    const session = await applyMapping(file, mapping);
    expect(session.lfp.gaps).toEqual([{ startSample: 2000, endSample: 6000 }]);
    expect(session.behaviour?.names).toEqual(['hand x velocity', 'hand y velocity']);
  });

  const trialsAt = (startsS: number[]): MadeMat => ({
    fields: ['Time', 'HandVel', 'Neuron'],
    dims: [1, startsS.length],
    values: startsS.flatMap((startS, t) => [
      matDoubles(ramp(100, 0.01, startS)),
      matDoubles(ramp(200, 1, 1000 * t), [100, 2]),
      {
        fields: ['LFP'],
        dims: [2, 1],
        // The second trial lacks its first unit.
        values: [matDoubles(t === 1 ? [] : ramp(2000, 1, 10000 * t)), matDoubles(ramp(2000, -1))],
      },
    ]),
  });
  test('a unit that one trial lacks keeps its column; overlapping trials are trimmed', async () => {
    const file = await openMat({ Subject: matStruct({ Trial: trialsAt([0, 2, 2.75]) }) });
    const [lfp] = file.series;
    expect(lfp.gaps).toEqual([{ startSample: 2000, endSample: 4000 }]);
    expect([...(await file.readSlice(lfp.path, 4000, 4001))]).toEqual([Number.NaN, 0]);
    // The third trial begins 500 samples in, where the second has ended.
    expect([...(await file.readSlice(lfp.path, 6000, 6001))]).toEqual([20500, -500]);
  });
  test('trials that each count from zero are laid one after the other', async () => {
    const file = await openMat({ Subject: matStruct({ Trial: trialsAt([0, 0, 0]) }) });
    expect(file.warnings.join()).toMatch(/one after the other/);
    for (const { path, startS, rateHz = 0, gaps = [] } of file.series) {
      expect(startS).toBe(0);
      expect(gaps.length).toBe(2);
      expect(gaps[1].endSample / rateHz).toBeCloseTo(3.98, 1);
      expect((await file.readSlice(path, gaps[1].endSample, gaps[1].endSample + 1))[1]).toBe(
        path.endsWith('LFP') ? 0 : 2100,
      );
    }
  });

  test('kinematics alone are refused, together with the broadband file they are one recording', async () => {
    const kinematics = inMemory(
      'indy_1.mat',
      madeMat5({
        t: matDoubles(ramp(750, 0.004, 10), [1, 750]),
        cursor_pos: matDoubles(ramp(1500), [2, 750]),
        target_pos: matDoubles(ramp(1500), [2, 750]),
        finger_pos: matDoubles(ramp(2250), [3, 750]),
      }),
    );
    const alone = await openFile(kinematics);
    expect(listed(alone).map(([path]) => path)).toEqual(['cursor_pos', 'target_pos', 'finger_pos']);
    expect(() => proposeMapping(alone)).toThrow(
      /together with this file if it holds the behaviour/,
    );
    const broadband = made('indy_1.nwb', (root) => {
      root.create_dataset({ name: 'nwb_version', data: '1.0.6' });
      const group = root
        .create_group('acquisition')
        .create_group('timeseries')
        .create_group('broadband');
      group.create_dataset({
        name: 'data',
        data: Int16Array.from({ length: 4 * 30000 }, (_, i) => 1000 * Math.sin(i / 40)),
        shape: [30000, 4],
      });
      (group.get('data') as H5.Dataset).create_attribute('conversion', 1e-6);
      group.create_dataset({
        name: 'timestamps',
        data: Float64Array.from({ length: 30000 }, (_, i) => 10 + i / 10000),
      });
    });
    const [file] = await openFiles([kinematics, broadband]);
    expect(file.format).toBe('several files');
    const { mapping, reasons } = proposeMapping(file);
    expect([mapping.lfp.path, mapping.behaviour[0].path]).toEqual([
      '/acquisition/timeseries/broadband',
      'cursor_pos',
    ]);
    expect(reasons.join(' ')).toMatch(/cursor/);
    const session = await applyMapping(file, mapping);
    file.close();
    expect([session.lfp.rateHz, session.lfp.startS, session.behaviour?.rateHz]).toEqual([
      expect.closeTo(1000, 3),
      10,
      expect.closeTo(250, 3),
    ]);
    expect(session.behaviour?.units).toEqual(['mm', 'mm']);
  });

  const deep = (levels: number): MadeMat =>
    levels === 0 ? matDoubles(ramp(20)) : { cells: [deep(levels - 1)] };
  const CASES: [string, Record<string, MadeMat>, RegExp][] = [
    [
      'sparse',
      { s: { class: 5, type: 9, dims: [4, 4], bytes: new Uint8Array(64) } },
      /s \(a sparse matrix\)/,
    ],
    [
      'complex',
      { z: { class: 6, type: 9, dims: [20, 1], bytes: new Uint8Array(160), flags: 8 } },
      /z \(complex numbers\)/,
    ],
    ['a hundred levels of cells', { c: deep(100) }, /at most 32 levels/],
    [
      'sizes beyond the bytes',
      { x: { class: 6, type: 9, dims: [1e9, 1e9], bytes: new Uint8Array(80) } },
      /expected 1000000000000000000 numbers/,
    ],
    ['a billion cells', { c: { cells: [], dims: [1e9, 1] } }, /expected 1000000000 values/],
    [
      'only short arrays',
      { a: matDoubles([1, 2]) },
      /at least 16 samples in "made.mat", got a \(2\)/,
    ],
    ['no variables', {}, /got no variables/],
  ];
  test.each(CASES)('%s is refused', async (_, variables, message) => {
    await expect(openMat(variables)).rejects.toThrow(message);
  });

  test('a bomb of zeros is refused by the size it states', async () => {
    const bomb = madeMat5({ x: matDoubles(ramp(20)) });
    const stated = new Writer().u32(14).u32(0x7fffffff).zeros(64).finish();
    const { zlibSync } = await import('fflate');
    const packed = zlibSync(stated);
    const file = new Writer()
      .bytes(bomb.subarray(0, 128))
      .u32(15)
      .u32(packed.length)
      .bytes(packed)
      .finish();
    await expect(openFile(inMemory('bomb.mat', file))).rejects.toThrow(
      /at most 1073741824 bytes .* got 2147483655/,
    );
  });
});

describe('HDF5 without a schema', () => {
  test('arrays in groups, read in slices either way round', async () => {
    const file = await openFile(
      made('plain.h5', (root) => {
        const group = root.create_group('session');
        group.create_dataset({ name: 'fs', data: 1000, shape: [], dtype: '<d' });
        group.create_dataset({
          name: 'lfp',
          data: Float32Array.from(ramp(4000)),
          shape: [4, 1000],
          chunks: [4, 100],
          compression: 'gzip',
        });
      }),
    );
    expect(listed(file)).toEqual([['session.lfp', 'lfp', 1000, 4, 1000]]);
    expect(file.series[0]).toMatchObject({ chunk: [100, 4], compression: 'deflate' });
    expect([...(await file.readSlice('session.lfp', 998, 1000))]).toEqual([
      998, 1998, 2998, 3998, 999, 1999, 2999, 3999,
    ]);
    file.close();
  });
});

describe('tables', () => {
  const rows = (count: number, row: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => row(i)).join('\n');
  const CASES: [string, string, unknown[][]][] = [
    [
      'commas, header',
      `time,lfp1,lfp2,force\n${rows(40, (i) => `${i / 100},${i},${2 * i},${i}`)}`,
      [
        ['electrodes', 'lfp', 40, 2, 100],
        ['behaviour', 'behaviour', 40, 1, 100],
      ],
    ],
    [
      'byte order mark, tabs, carriage returns',
      `\ufefftime\tlfp\r\n${rows(40, (i) => `${i / 100}\t${i}`).replace(/\n/g, '\r\n')}\r\n`,
      [['electrodes', 'lfp', 40, 1, 100]],
    ],
    [
      'semicolons and decimal commas',
      `time;lfp\n${rows(40, (i) => `${String(i / 100).replace('.', ',')};${String(i + 0.5).replace('.', ',')}`)}`,
      [['electrodes', 'lfp', 40, 1, 100]],
    ],
    [
      'milliseconds by name',
      `time_ms,lfp\n${rows(40, (i) => `${i * 10},${i}`)}`,
      [['electrodes', 'lfp', 40, 1, 100]],
    ],
    [
      'milliseconds by value',
      `time,lfp\n${rows(40, (i) => `${i * 10},${i}`)}`,
      [['electrodes', 'lfp', 40, 1, 100]],
    ],
    [
      'quotes, missing values, row numbers, text',
      `,"lfp, left",note,lfp 2\n${rows(40, (i) => `${i},${i % 3 ? i : 'n/a'},"a ""b""",${i}`)}`,
      [['electrodes', 'lfp', 40, 2, undefined]],
    ],
    [
      'no header, blanks',
      rows(40, (i) => `${2 * i}  ${i / 2} -1e-3`),
      [['auxiliary', 'unknown', 40, 3, undefined]],
    ],
  ];
  test.each(CASES)('%s', async (_, text, wanted) => {
    const file = await openText(text);
    expect(listed(file)).toEqual(wanted);
  });

  test('values, gaps and a stated rate', async () => {
    const text = `time,lfp\n${rows(200, (i) => `${i / 100 + (i >= 100 ? 1 : 0)},${i % 7 ? i : ''}`)}`;
    const file = await openText(text);
    const { gaps } = await file.readClock('electrodes');
    expect(gaps).toEqual([{ startSample: 100, endSample: 200 }]);
    const values = await file.readSlice('electrodes', 98, 202);
    expect([values[0], values[1], values[2], values[102]]).toEqual([
      Number.NaN,
      99,
      Number.NaN,
      100,
    ]);
    const bare = await openText(`a,b\n${rows(400, (i) => `${Math.sin(i)},${i}`)}`);
    const { mapping } = proposeMapping(bare);
    await expect(applyMapping(bare, mapping)).rejects.toThrow(
      /expected a sampling rate for auxiliary/,
    );
    const session = await applyMapping(bare, {
      ...mapping,
      lfp: { path: 'auxiliary', rateHz: 200, columns: ['b'], gain: -2, unit: 'uV', offsetS: 3 },
    });
    expect([
      session.lfp.rateHz,
      session.lfp.startS,
      session.lfp.names,
      session.lfp.units,
      session.lfp.data[5],
    ]).toEqual([200, 3, ['b'], ['uV'], -10]);
    // Asked of the person who opens the file, settled in the session.
    expect(bare.warnings.join()).toMatch(/give the rate/);
    expect(session.warnings.join()).not.toMatch(/give the rate/);
  });

  test.each([
    ['a row too long', `a,b\n${rows(20, (i) => `${i},1`)}\n1,2,3`, /expected 2 columns in line 22/],
    ['ten rows', `a,b\n${rows(10, (i) => `${i},1`)}`, /at least 16 rows/],
    ['words', rows(40, () => 'one,two'), /an unknown format/],
  ])('%s is refused', async (_, text, message) => {
    await expect(openText(text)).rejects.toThrow(message);
  });
});

describe('several files', () => {
  test('LFP and behaviour on different clocks are brought together by an offset', async () => {
    const records = Array.from({ length: 8 }, (_, r) => ({ timeUs: 7e6 + r * 512000, count: 512 }));
    const lfp = inMemory('csc1.ncs', madeNeuralynx(records));
    const rows = ramp(400).map((i) => `${i / 100},${i}`);
    const hand = inMemory('hand.csv', new TextEncoder().encode(`time,hand x\n${rows.join('\n')}`));
    const [first, second] = await openFiles([lfp, hand]);
    const file = joinFiles([
      { source: lfp, file: first },
      { source: hand, file: second },
    ]);
    const choice = { lfp: 'CSC1', behaviour: ['behaviour'] };
    await expect(file.readSession(choice)).rejects.toThrow(/the clocks do not match/);
    const session = await file.readSession({ ...choice, offsetS: { behaviour: 7 } });
    expect([session.lfp.startS, session.behaviour?.startS]).toEqual([7, 7]);
  });
});

describe('mappings', () => {
  test('apply to the next file of the same shape, and say so when they do not', async () => {
    const first = await openMat({
      rec: matStruct({
        fs: matDoubles([200]),
        lfp: matDoubles(ramp(800), [400, 2]),
        vel: matDoubles(ramp(400)),
      }),
    });
    const { mapping, reasons } = proposeMapping(first);
    expect(reasons.length).toBe(2);
    expect(JSON.parse(JSON.stringify(mapping))).toEqual(mapping);
    const next = await openMat({
      again: matStruct({
        fs: matDoubles([200]),
        lfp: matDoubles(ramp(1200, -1), [600, 2]),
        vel: matDoubles(ramp(600)),
      }),
    });
    const session = await applyMapping(next, mapping);
    expect([session.lfp.sampleCount, session.lfp.data[1], session.behaviour?.sampleCount]).toEqual([
      600, -600, 600,
    ]);
    const other = await openMat({ x: matDoubles(ramp(100)) });
    await expect(applyMapping(other, mapping)).rejects.toThrow(
      /expected the series rec.lfp in a file of the same shape, got x/,
    );
  });
});
