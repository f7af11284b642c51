// NWB files made here, one peculiarity each: clocks, scaling, orientation, electrodes, and every refusal.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as H5 from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extractFeatures } from '../features';
import { applyMapping, proposeMapping } from '../mapping';
import { type FileSource, openFile } from '../readers';
import type { Session } from '../session';

let folder = '';
beforeAll(async () => {
  await H5.ready;
  folder = mkdtempSync(join(tmpdir(), 'nwb-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface SeriesSpec {
  type?: string;
  data: ArrayLike<number>;
  shape: number[];
  rateHz?: number;
  startS?: number;
  timestamps?: number[];
  attributes?: Record<string, number | string>;
  channelConversion?: number[];
  electrodes?: number[];
}

function addSeries(root: H5.File, path: string, spec: SeriesSpec) {
  let group: H5.Group = root;
  for (const part of path.split('/')) {
    group = (group.get(part) as H5.Group | null) ?? group.create_group(part);
  }
  group.create_attribute('neurodata_type', spec.type ?? 'ElectricalSeries');
  group.create_dataset({ name: 'data', data: Float32Array.from(spec.data), shape: spec.shape });
  const data = group.get('data') as H5.Dataset;
  for (const [name, value] of Object.entries({ unit: 'volts', ...spec.attributes })) {
    data.create_attribute(name, value);
  }
  if (spec.timestamps) {
    group.create_dataset({ name: 'timestamps', data: Float64Array.from(spec.timestamps) });
  } else if (spec.rateHz !== undefined) {
    group.create_dataset({ name: 'starting_time', data: spec.startS ?? 0, shape: [], dtype: '<d' });
    (group.get('starting_time') as H5.Dataset).create_attribute('rate', spec.rateHz);
  }
  if (spec.channelConversion) {
    group.create_dataset({
      name: 'channel_conversion',
      data: Float64Array.from(spec.channelConversion),
    });
  }
  if (spec.electrodes) {
    group.create_dataset({ name: 'electrodes', data: Int32Array.from(spec.electrodes) });
  }
}

let fileCount = 0;
function make(
  series: Record<string, SeriesSpec>,
  more: (root: H5.File) => void = () => {},
): FileSource {
  const path = join(folder, `made-${fileCount++}.nwb`);
  const root = new H5.File(path, 'w');
  root.create_attribute('nwb_version', '2.6.0');
  for (const [at, spec] of Object.entries(series)) addSeries(root, at, spec);
  more(root);
  root.flush();
  root.close();
  return onDisk(path);
}

function onDisk(path: string): FileSource {
  const bytes = new Uint8Array(readFileSync(path));
  return {
    name: 'made.nwb',
    path,
    byteLength: bytes.length,
    slice: async (start, end) => bytes.slice(start, end),
  };
}

async function read(source: FileSource): Promise<Session> {
  const file = await openFile(source);
  try {
    return await applyMapping(file, proposeMapping(file).mapping);
  } finally {
    file.close();
  }
}

const wave = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i) + 2);
const LFP: SeriesSpec = { data: wave(900), shape: [300, 3], rateHz: 200 };
const VELOCITY: SeriesSpec = {
  type: 'SpatialSeries',
  data: wave(300),
  shape: [150, 2],
  rateHz: 100,
  attributes: { unit: 'cm/s' },
};
const AT = { lfp: 'processing/ecephys/LFP/lfp', behaviour: 'processing/behavior/Velocity/hand' };

describe('what is read', () => {
  test.each<[string, Record<string, string>, number | undefined]>([
    ['none', {}, undefined],
    ['the session', { session_start_time: '2021-03-02T12:00:00.5+02:00' }, 500],
    [
      'the reference of its times',
      {
        session_start_time: '2021-03-02T10:00:09Z',
        timestamps_reference_time: '2021-03-02T10:00:01Z',
      },
      1000,
    ],
    ['free text of version 1', { session_start_time: 'Tue Mar 2 2021' }, undefined],
  ])('start: %s', async (_, datasets, afterTenMs) => {
    const source = make({ [AT.lfp]: LFP }, (root) => {
      for (const [name, data] of Object.entries(datasets)) root.create_dataset({ name, data });
    });
    const file = await openFile(source);
    file.close();
    const wanted = afterTenMs === undefined ? undefined : Date.UTC(2021, 2, 2, 10) + afterTenMs;
    expect(file.recordingStart?.utcMs).toBe(wanted);
  });

  test('conversion, channel conversion and offset; volts become microvolts', async () => {
    const session = await read(
      make({
        [AT.lfp]: {
          ...LFP,
          attributes: { conversion: 1e-6, offset: 5e-6 },
          channelConversion: [1, 10, 100],
        },
      }),
    );
    expect(session.lfp.units).toEqual(['uV', 'uV', 'uV']);
    for (const c of [0, 1, 2]) {
      expect(session.lfp.data[3 + c]).toBeCloseTo((Math.sin(3 + c) + 2) * 10 ** c + 5, 3);
    }
  });

  test('channel by time is turned, by time stamps, electrodes or the longer side', async () => {
    const byTime = await read(make({ [AT.lfp]: LFP }));
    const turned = Float32Array.from(
      { length: 900 },
      (_, i) => LFP.data[(i % 300) * 3 + Math.floor(i / 300)],
    );
    const spec = { ...LFP, data: turned, shape: [3, 300] };
    for (const series of [spec, { ...spec, electrodes: [0, 1, 2] }]) {
      expect((await read(make({ [AT.lfp]: series }))).lfp.data).toEqual(byTime.lfp.data);
    }
    // Two seconds of 500 channels: wider than long, and only the electrodes tell.
    const wide = {
      data: wave(202 * 500),
      shape: [202, 500],
      rateHz: 100,
      electrodes: Array.from({ length: 500 }, (_, i) => i),
    };
    expect((await read(make({ [AT.lfp]: wide }))).lfp.names.length).toBe(500);
  });

  test('every series keeps its own clock', async () => {
    const session = await read(
      make({ [AT.lfp]: { ...LFP, startS: 10 }, [AT.behaviour]: { ...VELOCITY, startS: 10.2 } }),
    );
    expect([session.lfp.startS, session.behaviour?.startS]).toEqual([10, 10.2]);
    const { behaviour } = extractFeatures(session, { kind: 'realtime' });
    expect(behaviour?.[2 * 19]).toBeNaN();
    expect(behaviour?.[2 * 20]).toBeCloseTo(2, 5);
    expect(session.behaviour?.units).toEqual(['cm/s', 'cm/s']);
  });

  test('time stamps with jitter are even, pauses become gaps', async () => {
    const jitter = Array.from({ length: 300 }, (_, i) => 5 + i / 200 + 0.001 * Math.sin(i));
    const even = await read(make({ [AT.lfp]: { ...LFP, rateHz: undefined, timestamps: jitter } }));
    expect(even.lfp.sampleCount).toBe(300);
    expect(even.lfp.rateHz).toBeCloseTo(200, 0);
    const paused = Array.from({ length: 300 }, (_, i) => i / 200 + (i >= 100 ? 0.5 : 0));
    const session = await read(
      make({ [AT.lfp]: { ...LFP, rateHz: undefined, timestamps: paused } }),
    );
    expect(session.lfp.sampleCount).toBe(400);
    expect(session.lfp.data[3 * 150]).toBeNaN();
    expect(session.lfp.data[3 * 200] / 1e6).toBeCloseTo(LFP.data[300], 5);
    expect(session.warnings.join()).toMatch(/longest run 0\.500 s/);
  });

  test('electrode labels and rejected electrodes', async () => {
    const session = await read(
      make({ [AT.lfp]: { ...LFP, electrodes: [3, 1, 0] } }, (root) => {
        const table = root
          .create_group('general')
          .create_group('extracellular_ephys')
          .create_group('electrodes');
        table.create_dataset({ name: 'label', data: ['a', 'b', 'c', 'd'] });
        table.create_dataset({ name: 'rejected', data: Int8Array.of(0, 1, 0, 0) });
      }),
    );
    expect(session.lfp.names).toEqual(['d', 'b', 'a']);
    expect([...(session.channelMask ?? [])]).toEqual([1, 0, 1]);
  });

  test('broadband is reduced on reading', async () => {
    const rateHz = 8000;
    const slow = Float32Array.from(
      { length: 2 * rateHz },
      (_, i) =>
        Math.sin((2 * Math.PI * 5 * i) / rateHz) + Math.sin((2 * Math.PI * 1500 * i) / rateHz),
    );
    const session = await read(
      make({ [AT.lfp]: { data: slow, shape: [2 * rateHz], rateHz, attributes: { unit: 'a.u.' } } }),
    );
    expect(session.lfp.rateHz).toBe(1000);
    expect(session.lfp.sampleCount).toBe(2000);
    for (let i = 500; i < 2000; i++) {
      // The low-pass delays by about 2 ms: 0.06 of a 5 Hz wave.
      expect(Math.abs(session.lfp.data[i] - Math.sin((2 * Math.PI * 5 * i) / 1000))).toBeLessThan(
        0.1,
      );
    }
    expect(session.warnings.join()).toMatch(/8000 Hz is reduced to 1000\.0 Hz/);
  });

  test('a pause in broadband is a gap of the reduced signal', async () => {
    const timestamps = Array.from({ length: 24000 }, (_, i) => i / 8000 + (i >= 12000 ? 0.25 : 0));
    const source = make({
      [AT.lfp]: { data: wave(24000), shape: [24000], timestamps, attributes: { unit: 'a.u.' } },
    });
    const file = await openFile(source);
    const path = `/${AT.lfp}`;
    expect((await file.readClock(path)).gaps).toEqual([{ startSample: 12000, endSample: 14000 }]);
    const around = await file.readSlice(path, 11999, 14001);
    expect([around[0], around[1], around[2000]].map(Number.isFinite)).toEqual([true, false, false]);
    expect(around[2001]).toBeCloseTo(Math.sin(12000) + 2, 4);
    const { lfp } = await applyMapping(file, proposeMapping(file).mapping);
    expect(lfp.gaps).toEqual([{ startSample: 1500, endSample: 1750 }]);
    const isKnown = Array.from(lfp.data, Number.isFinite);
    expect(isKnown.indexOf(false)).toBe(1500);
    expect(isKnown.lastIndexOf(false)).toBe(1749);
    file.close();
  });

  test('any slice holds what the whole holds, in either orientation', async () => {
    for (const shape of [
      [300, 3],
      [3, 300],
    ]) {
      const file = await openFile(make({ [AT.lfp]: { ...LFP, shape, electrodes: [0, 1, 2] } }));
      const path = `/${AT.lfp}`;
      const whole = await file.readSlice(path, 0, 300);
      for (const [start, end] of [
        [0, 1],
        [7, 130],
        [299, 300],
        [4, 4],
      ]) {
        expect(await file.readSlice(path, start, end)).toEqual(whole.slice(3 * start, 3 * end));
      }
      await expect(file.readSlice(path, 0, 301)).rejects.toThrow(
        /expected a range within the 300 samples/,
      );
      file.close();
    }
  });

  test('NWB 1 names ancestors instead of types', async () => {
    const source = make(
      { 'acquisition/timeseries/broadband': { ...LFP, type: 'TimeSeries' } },
      (root) => {
        const group = root.get('acquisition/timeseries/broadband') as H5.Group;
        group.create_attribute('ancestry', ['TimeSeries', 'ElectricalSeries']);
      },
    );
    expect((await read(source)).lfp.names.length).toBe(3);
  });

  test('from bytes in memory, without a path, the same session', async () => {
    const source = make({ [AT.lfp]: LFP, [AT.behaviour]: VELOCITY });
    const { path: _, ...inMemory } = source;
    expect(await read(inMemory)).toEqual(await read(source));
  });

  test('two behaviour series are joined on the first clock', async () => {
    const file = await openFile(
      make({
        [AT.lfp]: LFP,
        [AT.behaviour]: VELOCITY,
        'processing/behavior/force': { ...VELOCITY, type: 'TimeSeries', shape: [300], rateHz: 200 },
      }),
    );
    const session = await file.readSession({
      lfp: `/${AT.lfp}`,
      behaviour: [`/${AT.behaviour}`, '/processing/behavior/force'],
    });
    file.close();
    expect(session.behaviour?.names).toEqual(['hand x', 'hand y', 'force']);
    expect(session.behaviour?.data[3 * 10 + 2]).toBeCloseTo(VELOCITY.data[20], 5);
  });
});

describe('what is refused, in one sentence', () => {
  const late = { ...VELOCITY, startS: 100 };
  const backwards = Array.from({ length: 300 }, (_, i) => (i === 150 ? 0 : i / 200));
  const CASES: [string, () => FileSource, RegExp][] = [
    [
      'no LFP',
      () => make({ [AT.behaviour]: VELOCITY }),
      /expected an ElectricalSeries with LFP.*got \/processing\/behavior/,
    ],
    ['no series at all', () => make({}), /got no time series/],
    [
      'no clock',
      () => make({ [AT.lfp]: { ...LFP, rateHz: undefined } }),
      /expected a sampling rate or 300 time stamps/,
    ],
    [
      'clocks that do not meet',
      () => make({ [AT.lfp]: LFP, [AT.behaviour]: late }),
      /expected behaviour on the LFP's clock \(0\.00 to 1\.50 s\), got 100\.00/,
    ],
    [
      'time running backwards',
      () => make({ [AT.lfp]: { ...LFP, rateHz: undefined, timestamps: backwards } }),
      /expected increasing time stamps/,
    ],
    [
      'too short',
      () => make({ [AT.lfp]: { ...LFP, data: wave(30), shape: [10, 3] } }),
      /expected at least 1 s of LFP/,
    ],
    [
      'other HDF5',
      () => make({}, (root) => root.delete_attribute('nwb_version')),
      /expected an array of at least 16 samples in "made.nwb", got no variables/,
    ],
    [
      'cut short',
      () => {
        const { path = '' } = make({ [AT.lfp]: LFP });
        truncateSync(path, 4000);
        return onDisk(path);
      },
      /expected a whole HDF5 file in "made\.nwb", got a damaged one \(.*truncated/,
    ],
  ];
  test('cut short anywhere, it is refused in one sentence', async () => {
    const source = make({ [AT.lfp]: LFP, [AT.behaviour]: VELOCITY });
    const { path = '', byteLength } = source;
    const whole = readFileSync(path);
    for (let end = 16; end < byteLength; end += Math.ceil(byteLength / 150)) {
      const cut = join(folder, 'cut.nwb');
      writeFileSync(cut, whole.subarray(0, end));
      await expect(read(onDisk(cut))).rejects.toThrow(/^\[[\w -]+\] expected [^\n]+: [^\n]+$/);
    }
  });

  test.each(CASES)('%s', async (_, source, message) => {
    const made = source();
    await expect(read(made)).rejects.toThrow(message);
    await expect(read(made)).rejects.toThrow(/^\[[\w -]+\] expected [^\n]+: [^\n]+$/);
  });

  test('a series that is not there', async () => {
    const file = await openFile(make({ [AT.lfp]: LFP }));
    await expect(file.readSession({ lfp: '/nowhere' })).rejects.toThrow(/got "\/nowhere"/);
    file.close();
  });
});
