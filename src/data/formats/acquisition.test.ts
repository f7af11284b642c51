// Blackrock, Neuralynx, EDF and BrainVision files made here: scaling, clocks, pauses, resets and broken endings.
import { describe, expect, test } from 'vitest';
import { openFile, openFiles } from '../readers';
import type { OpenFile } from './fileFormat';
import {
  inMemory,
  madeBlackrock,
  madeBrainVision,
  madeEdf,
  madeNeuralynx,
  madeValue,
  Writer,
} from './madeFiles';

const open = (bytes: Uint8Array) => openFile(inMemory('made.bin', bytes));
const ranges = (file: OpenFile, series = 0) =>
  file.series[series].gaps?.map((gap) => [gap.startSample, gap.endSample]);

describe('Blackrock', () => {
  test.each([
    ['2.3', { packets: [{ ticks: 0, count: 1200 }] }],
    ['3.0', { magic: 'BRSMPGRP', version: [3, 0], packets: [{ ticks: 0, count: 1200 }] }],
    [
      '3.0 in NEURALCD, precise',
      {
        magic: 'BRSMPGRP',
        version: [3, 0],
        ticksPerS: 1e9,
        packets: Array.from({ length: 1200 }, (_, i) => ({ ticks: i * 1e6, count: 1 })),
      },
    ],
  ] as [string, Parameters<typeof madeBlackrock>[0]][])(
    '%s: values in microvolts, in any slice',
    async (_, options) => {
      const file = await open(madeBlackrock(options));
      expect(file.series).toMatchObject([
        {
          path: 'electrodes',
          kind: 'lfp',
          shape: [1200, 3],
          rateHz: 1000,
          unit: 'uV',
          columns: ['elec1', 'elec2', 'elec3'],
        },
      ]);
      for (const [start, end] of [
        [0, 1200],
        [17, 18],
        [1199, 1200],
        [5, 5],
      ]) {
        const values = await file.readSlice('electrodes', start, end);
        expect(values.length).toBe(3 * (end - start));
        values.forEach((value, k) => {
          expect(value).toBeCloseTo(madeValue(start + Math.floor(k / 3), k % 3) / 4, 4);
        });
      }
      const session = await file.readSession({ lfp: 'electrodes' });
      expect(session.lfp.data.length).toBe(3600);
    },
  );

  const CLOCKS: [
    string,
    Parameters<typeof madeBlackrock>[0],
    number[][],
    RegExp | undefined,
    number,
  ][] = [
    ['starts late', { packets: [{ ticks: 60000, count: 500 }] }, [], undefined, 2],
    [
      'pause of 100 ms',
      {
        packets: [
          { ticks: 0, count: 500 },
          { ticks: 18000, count: 500 },
        ],
      },
      [[500, 600]],
      /1 pause, 0.100 s/,
      0,
    ],
    [
      'no pause between packets',
      {
        packets: [
          { ticks: 0, count: 500 },
          { ticks: 15000, count: 500 },
        ],
      },
      [],
      undefined,
      0,
    ],
    [
      'clock reset',
      {
        packets: [
          { ticks: 90000, count: 500 },
          { ticks: 0, count: 700 },
        ],
      },
      [[500, 1500]],
      /clock was reset 1 time;/,
      -1.5,
    ],
    [
      'broken off',
      { packets: [{ ticks: 0, count: 500, statedCount: 900 }] },
      [],
      /states 900 samples and holds 500/,
      0,
    ],
    [
      'count never written',
      { packets: [{ ticks: 0, count: 500, statedCount: 0 }] },
      [],
      /states 0 samples and holds 500/,
      0,
    ],
    [
      'precise clock with a pause',
      {
        magic: 'BRSMPGRP',
        version: [3, 0],
        ticksPerS: 1e9,
        packets: Array.from({ length: 6000 }, (_, i) => ({
          ticks: (i + (i >= 5000 ? 250 : 0)) * 1e6,
          count: 1,
        })),
      },
      [[5000, 5250]],
      /1 pause,/,
      0,
    ],
  ];
  test.each(CLOCKS)('%s', async (_, options, gaps, warning, startS) => {
    const file = await open(madeBlackrock(options));
    expect(ranges(file)).toEqual(gaps);
    expect(file.series[0].startS).toBeCloseTo(startS, 6);
    if (warning) expect(file.warnings.join()).toMatch(warning);
    else expect(file.warnings).toEqual([]);
    for (const [from, to] of gaps) {
      const values = await file.readSlice('electrodes', from - 1, to + 1);
      const isKnown = Array.from({ length: to - from + 2 }, (_, i) =>
        Number.isFinite(values[3 * i]),
      );
      expect(isKnown).toEqual([true, ...new Array(to - from).fill(false), true]);
    }
  });
});

describe('Neuralynx', () => {
  const even = Array.from({ length: 4 }, (_, r) => ({ timeUs: 5e6 + r * 512000, count: 512 }));
  test('scale, sign, time and a short last record', async () => {
    const header =
      '-SamplingFrequency 1000\n-ADBitVolts 1e-7\n-InputInverted True\n-AcqEntName "LFP 1"\n';
    const file = await open(
      madeNeuralynx([...even, { timeUs: 5e6 + 4 * 512000, count: 100 }], header),
    );
    expect(file.series).toMatchObject([
      { path: 'LFP 1', shape: [2148, 1], rateHz: 1000, startS: 5 },
    ]);
    const values = await file.readSlice('LFP 1', 510, 514);
    [510, 511, 512, 513].forEach((i, k) => {
      expect(values[k]).toBeCloseTo(-0.1 * madeValue(i, 0), 4);
    });
  });
  test('a missing record and a short one are gaps', async () => {
    const file = await open(madeNeuralynx([even[0], { ...even[1], count: 500 }, even[3]]));
    expect(ranges(file)).toEqual([[1012, 1536]]);
  });
  test('a clock that runs back is a reset', async () => {
    const file = await open(madeNeuralynx([even[2], even[0]]));
    expect(ranges(file)).toEqual([[512, 1512]]);
    expect(file.warnings.join()).toMatch(/reset/);
  });
});

describe('EDF and BDF', () => {
  test.each([
    ['EDF', false, undefined],
    ['BDF', true, undefined],
    ['EDF+D', false, [0, 1, 2, 3, 4]],
    ['BDF+D', true, [0, 1, 2, 3, 4]],
  ] as const)('%s: channels by rate and unit', async (_, isBdf, startsS) => {
    const file = await open(madeEdf({ isBdf, startsS }));
    expect(
      file.series.map(({ path, kind, shape, rateHz, unit, columns }) => [
        path,
        kind,
        shape,
        rateHz,
        unit,
        columns,
      ]),
    ).toEqual([
      ['electrodes at 200 Hz', 'lfp', [1000, 2], 200, 'uV', ['Fp1', 'C3']],
      ['behaviour at 100 Hz', 'behaviour', [500, 1], 100, 'N', ['Force']],
    ]);
    const values = await file.readSlice('electrodes at 200 Hz', 195, 405);
    values.forEach((value, k) => {
      const unitGain = k % 2 ? 1000 : 1;
      expect(value).toBeCloseTo(0.1 * unitGain * madeValue(195 + Math.floor(k / 2), k % 2), 2);
    });
    const session = await file.readSession({
      lfp: 'electrodes at 200 Hz',
      behaviour: ['behaviour at 100 Hz'],
    });
    expect(session.subject).toBe('S01');
  });
  test('pauses of a discontinuous recording are gaps', async () => {
    const file = await open(madeEdf({ startsS: [0, 1, 2.5, 3.5] }));
    expect(ranges(file, 0)).toEqual([[400, 500]]);
    expect(ranges(file, 1)).toEqual([[200, 250]]);
  });
  test('fewer records than stated are read with a warning; unknown counts are counted', async () => {
    const cut = await open(madeEdf({ statedCount: 9 }));
    expect(cut.warnings.join()).toMatch(/states 9 records and the file holds 5/);
    expect((await open(madeEdf({ statedCount: -1 }))).series[0].shape[0]).toBe(1000);
  });
});

describe('BrainVision', () => {
  test.each([
    [{}],
    [{ isVectorized: true }],
    [{ isFloat: true }],
    [{ isFloat: true, isVectorized: true }],
  ])('%o: the same values in any order and type', async (options) => {
    const { header, data, markers } = madeBrainVision(options);
    const [file] = await openFiles([
      inMemory('made.eeg', data),
      inMemory('made.vhdr', header),
      inMemory('made.vmrk', markers),
    ]);
    expect(file.series.map(({ path, shape, unit, rateHz }) => [path, shape, unit, rateHz])).toEqual(
      [
        ['electrodes', [600, 2], 'uV', 500],
        ['behaviour', [600, 1], 'N', 500],
      ],
    );
    const values = await file.readSlice('electrodes', 100, 103);
    values.forEach((value, k) => {
      const gain = k % 2 ? 0.0005 : 0.5;
      expect(value).toBeCloseTo(gain * madeValue(100 + Math.floor(k / 2), k % 2), 4);
    });
    expect((await file.readSlice('behaviour', 7, 8))[0]).toBeCloseTo(2 * madeValue(7, 2), 4);
  });
  test('a new segment is a gap of unknown length', async () => {
    const { header, data, markers } = madeBrainVision({
      isVectorized: true,
      markers: 'Mk1=New Segment,,1,1,0\nMk2=New Segment,,201,1,0',
    });
    const [file] = await openFiles([
      inMemory('made.vhdr', header),
      inMemory('made.eeg', data),
      inMemory('made.vmrk', markers),
    ]);
    expect(ranges(file)).toEqual([[200, 700]]);
    expect((await file.readSlice('behaviour', 700, 701))[0]).toBe(2 * madeValue(200, 2));
    expect(file.warnings.join()).toMatch(/resumed 1 time;/);
  });
});

describe('refusals', () => {
  const blackrock = madeBlackrock({ packets: [{ ticks: 0, count: 100 }] });
  const patched = (bytes: Uint8Array, at: number, values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };
  const CASES: [string, Uint8Array, RegExp][] = [
    [
      'Blackrock of a million channels',
      patched(blackrock, 310, [64, 66, 15, 0]),
      /got 30 and 1000000/,
    ],
    ['Blackrock without period', patched(blackrock, 286, [0, 0, 0, 0]), /sampling period/],
    ['Blackrock of headers only', blackrock.slice(0, 314 + 66 * 3), /got none/],
    [
      'Blackrock with a header that ends early',
      patched(blackrock, 10, [20, 0, 0, 0]),
      /channel headers before byte 20/,
    ],
    ['Neuralynx without a scale', madeNeuralynx([], '-SamplingFrequency 1000\n'), /ADBitVolts/],
    ['Neuralynx without records', madeNeuralynx([]), /got none/],
    [
      'Neuralynx record of 600',
      madeNeuralynx([{ timeUs: 0, count: 600 }]),
      /at most 512 samples in record 0/,
    ],
    [
      'Neuralynx pause of a year',
      madeNeuralynx([
        { timeUs: 0, count: 512 },
        { timeUs: 3e13, count: 512 },
      ]),
      /mostly continuous/,
    ],
    ['EDF without records', madeEdf({ recordCount: 0 }), /got 0 records/],
    ['EDF+D without times', madeEdf({ startsS: [Number.NaN, 1] }), /expected a time in record 0/],
    [
      'BrainVision of no channels',
      new TextEncoder().encode(
        'Brain Vision Data Exchange Header File\n[Common Infos]\nDataFile=a.eeg\n[Binary Infos]\nBinaryFormat=INT_16',
      ),
      /1 to 10000 channels/,
    ],
    [
      'Blackrock events',
      new Writer().text('NEURALEV').zeros(500).finish(),
      /choose the .ns2 or .ns5/,
    ],
  ];
  test.each(CASES)('%s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toThrow(message);
    await expect(open(bytes)).rejects.toThrow(/^\[\w+\] expected [^\n]+, got [^\n]+: [^\n]+$/);
  });
});
