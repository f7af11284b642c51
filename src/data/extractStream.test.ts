// The streamed import against its one-shot form, for any block size; progress, cancel, and bounded reading.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExtractProgress, extractSession } from './extractStream';
import { extractFeatures, type FrontEndOptions } from './features';
import type { OpenFile } from './formats/fileFormat';
import { openRecording } from './formats/recording';
import { gridInMemory, type SeriesSource } from './formats/sampleGrid';
import { applyMapping, type Mapping } from './mapping';
import type { Signal } from './session';

/** Stated by the product; the two forms run the same operations in the same order. */
const TOLERANCE = 1e-6;

interface Made {
  rateHz: number;
  seconds: number;
  width: number;
  gap?: [fromS: number, toS: number];
  isGapStated?: boolean;
  flatChannel?: number;
  missingChannel?: number;
  rejected?: number;
}

function lfpOf({ rateHz, seconds, width, gap, isGapStated, ...faults }: Made): Signal {
  const sampleCount = Math.round(rateHz * seconds);
  const data = new Float32Array(sampleCount * width);
  for (let i = 0; i < sampleCount; i++) {
    const turn = (2 * Math.PI * i) / rateHz;
    for (let c = 0; c < width; c++) {
      const wave = 30 * Math.sin((3 + c) * turn) + 6 * Math.sin(50 * turn + c);
      data[i * width + c] = 100 * c + wave + ((i * 7919 + c * 104729) % 211) / 20;
      if (c === faults.flatChannel) data[i * width + c] = 7;
      if (c === faults.missingChannel && i % 3 === 0) data[i * width + c] = Number.NaN;
    }
  }
  const gaps = gap && [
    { startSample: Math.round(gap[0] * rateHz), endSample: Math.round(gap[1] * rateHz) },
  ];
  for (const { startSample, endSample } of gaps ?? []) {
    data.fill(Number.NaN, startSample * width, endSample * width);
  }
  return {
    rateHz,
    startS: 12.5,
    sampleCount,
    names: Array.from({ length: width }, (_, c) => `e${c}`),
    units: new Array<string>(width).fill('uV'),
    data,
    ...(isGapStated && { gaps }),
  };
}

function behaviourOf(seconds: number): Signal {
  const data = Float32Array.from({ length: 2 * Math.round(60 * seconds) }, (_, i) => Math.sin(i));
  return {
    rateHz: 60,
    startS: 12.4,
    sampleCount: data.length / 2,
    names: ['x', 'y'],
    units: ['cm', 'cm'],
    data,
  };
}

/** A file in memory that counts the largest read. */
function fileOf(made: Made) {
  let largest = 0;
  const sourceOf = (path: string, kind: 'lfp' | 'behaviour', signal: Signal): SeriesSource => ({
    info: {
      path,
      name: path,
      kind,
      shape: [signal.sampleCount, signal.names.length],
      rateHz: signal.rateHz,
      unit: signal.units[0],
      columns: [...signal.names],
    },
    columnMask:
      kind === 'lfp' && made.rejected !== undefined
        ? Float32Array.from(signal.names, (_, c) => (c === made.rejected ? 0 : 1))
        : undefined,
    async open() {
      const grid = gridInMemory(signal);
      return {
        ...grid,
        read(start, end) {
          if (kind === 'lfp') largest = Math.max(largest, (end - start) * signal.names.length);
          return grid.read(start, end);
        },
      };
    },
  });
  const file: OpenFile = openRecording({
    format: 'nwb',
    fileName: 'made.nwb',
    name: 'made',
    sources: [
      sourceOf('lfp', 'lfp', lfpOf(made)),
      sourceOf('hand', 'behaviour', behaviourOf(made.seconds)),
    ],
    warnings: [],
  });
  return { file, largestRead: () => largest };
}

const PLAIN: Mapping = { version: 1, lfp: { path: 'lfp' }, behaviour: [{ path: 'hand' }] };

async function bothForms(
  made: Made,
  mapping: Mapping,
  frontEnd: FrontEndOptions,
  blockValues?: number,
) {
  const { file } = fileOf(made);
  const wanted = extractFeatures(await applyMapping(file, mapping), frontEnd);
  const { session, frontEnd: applied } = await extractSession(file, mapping, {
    frontEnd,
    blockValues,
  });
  const origin = { files: [], mapping, sourceRateHz: made.rateHz, softwareVersion: '' };
  const imported = { ...session, provenance: { ...origin, frontEnd: applied } };
  return { wanted, session, got: extractFeatures(imported, frontEnd) };
}

/** @param least errors are relative to the value, or to this where it is smaller */
function expectSameFrames({ wanted, got }: Awaited<ReturnType<typeof bothForms>>, least = 1): void {
  const width = wanted.channelCount * wanted.bandCount;
  expect(got.bandCount).toBe(wanted.bandCount);
  expect(got.frameCount).toBe(wanted.frameCount);
  expect(got.groupDelayMs).toBeCloseTo(wanted.groupDelayMs, 9);
  expect(got.channelMask).toEqual(wanted.channelMask);
  // A gap after the last frame spoils none.
  const allValid = new Uint8Array(wanted.frameCount).fill(1);
  expect(got.frameValid ?? allValid).toEqual(wanted.frameValid ?? allValid);
  expect(got.behaviour).toEqual(wanted.behaviour);
  let worst = 0;
  wanted.lfp.forEach((value, i) => {
    if (wanted.frameValid?.[Math.floor(i / width)] === 0) return;
    worst = Math.max(worst, Math.abs(value - got.lfp[i]) / Math.max(least, Math.abs(value)));
  });
  expect(worst).toBeLessThan(TOLERANCE);
}

const RATES_HZ = [100, 250, 999.3, 1000, 2000, 6000, 24414.0625];

test('equals the one-shot form for any block size, rate, gap, fault and mapping', async () => {
  const cases = fc.record({
    rateHz: fc.constantFrom(...RATES_HZ),
    seconds: fc.integer({ min: 3, max: 6 }),
    // Bipolar needs two channels beside the flat, the missing and the rejected one.
    width: fc.constant(5),
    gap: fc.option(fc.constantFrom<[number, number]>([1, 1.4], [0, 0.3], [2.0013, 2.0019])),
    isGapStated: fc.boolean(),
    flatChannel: fc.option(fc.constant(1)),
    missingChannel: fc.option(fc.constant(2)),
    rejected: fc.option(fc.constant(0)),
    blockValues: fc.integer({ min: 50, max: 40_000 }),
    notchHz: fc.constantFrom<(0 | 50 | 60)[]>(0, 50, 60),
    reference: fc.constantFrom<('average' | 'bipolar' | 'none')[]>('average', 'bipolar', 'none'),
    powerBandsHz: fc.constantFrom<([number, number][] | undefined)[]>(undefined, [
      [8, 13],
      [20, 35],
    ]),
    gain: fc.constantFrom(1, -0.25),
    columns: fc.option(fc.constant(['e3', 'e2'])),
  });
  await fc.assert(
    fc.asyncProperty(
      cases,
      async ({ blockValues, notchHz, reference, powerBandsHz, gain, columns, ...rest }) => {
        const made = Object.fromEntries(
          Object.entries(rest).filter(([, value]) => value !== null),
        ) as unknown as Made;
        const isLong = made.rateHz > 3000;
        const mapping: Mapping = {
          ...PLAIN,
          lfp: { path: 'lfp', gain, offsetS: 0.25, ...(columns && { columns }) },
        };
        const isPairless = columns && reference === 'bipolar';
        const frontEnd: FrontEndOptions = {
          kind: 'realtime',
          notchHz,
          reference: isPairless ? 'average' : reference,
          ...(powerBandsHz && { powerBandsHz }),
        };
        const values = isLong ? 4000 + blockValues * 10 : blockValues;
        expectSameFrames(await bothForms(made, mapping, frontEnd, values));
      },
    ),
    { numRuns: 40 },
  );
});

test.each([
  { rateHz: 250, seconds: 130, width: 3, gap: [60, 61] as [number, number], blockValues: 5000 },
  { rateHz: 1000, seconds: 100, width: 2, flatChannel: 1, blockValues: 20_000 },
  { rateHz: 6000, seconds: 95, width: 2, blockValues: 100_000 },
  { rateHz: 100, seconds: 200, width: 2, isGapStated: true, blockValues: 999 },
])(
  'offline-paper in blocks of $rateHz Hz is its one-shot form',
  async ({ blockValues, ...made }) => {
    for (const reference of ['average', 'none'] as const) {
      const frontEnd = { kind: 'offline-paper', notchHz: 50, reference } as const;
      const forms = await bothForms(made, PLAIN, frontEnd, blockValues);
      const largest = forms.wanted.lfp.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expectSameFrames(forms, largest);
    }
  },
);

test('the delay counts the low-pass of broadband', async () => {
  const delayAt = async (rateHz: number, kind: 'realtime' | 'offline-paper') => {
    const { got } = await bothForms({ rateHz, seconds: 3, width: 2 }, PLAIN, { kind });
    return got.groupDelayMs;
  };
  // SciPy's group delay of butter(8, 400, fs=6000) at 10 Hz.
  const LOW_PASS_MS = 2.010078359;
  const atOneKilohertz = await delayAt(1000, 'realtime');
  expect(await delayAt(6000, 'realtime')).toBeCloseTo(atOneKilohertz + LOW_PASS_MS, 4);
  expect(await delayAt(6000, 'offline-paper')).toBeCloseTo(LOW_PASS_MS, 4);
  expect(await delayAt(1000, 'offline-paper')).toBe(0);
});

test('states what it was, and what was left out', async () => {
  const { session } = await bothForms(
    { rateHz: 6000, seconds: 4, width: 3, flatChannel: 1, gap: [1, 1.2] },
    PLAIN,
    { kind: 'realtime' },
  );
  expect(session.alreadyFrames).toBe(true);
  expect(session.lfp.rateHz).toBe(100);
  expect(session.lfp.startS).toBe(12.5);
  expect(session.warnings.map((warning) => warning.split(':')[0]).slice(0, 3)).toEqual([
    'lfp',
    'Left out, because they never change',
    'LFP has gaps',
  ]);
});

describe('long recordings', () => {
  const made = { rateHz: 2000, seconds: 20, width: 4 };
  const frontEnd: FrontEndOptions = { kind: 'realtime' };

  test('are read in slices no larger than asked for, with progress', async () => {
    const { file, largestRead } = fileOf(made);
    const steps: ExtractProgress[] = [];
    const onProgress = (step: ExtractProgress) => void steps.push(step);
    await extractSession(file, PLAIN, { frontEnd, blockValues: 16_000, onProgress });
    expect(largestRead()).toBe(16_000);
    expect(steps.map(({ fraction }) => fraction)).toEqual([
      0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
    ]);
    expect(steps.every(({ timesRealTime }) => timesRealTime > 0)).toBe(true);
    expect(steps.at(-1)?.remainingS).toBe(0);
  });

  test('stop between two blocks when told so', async () => {
    const { file } = fileOf(made);
    const controller = new AbortController();
    let blocks = 0;
    const onProgress = () => {
      blocks += 1;
      // From a task of its own, as a message would come.
      if (blocks === 2) setTimeout(() => controller.abort(new Error('stopped by the person')));
    };
    const { signal } = controller;
    await expect(
      extractSession(file, PLAIN, { frontEnd, blockValues: 16_000, onProgress, signal }),
    ).rejects.toThrow('stopped by the person');
    expect(blocks).toBeLessThanOrEqual(3);
  });
});

test('a series without a rate is refused in one sentence', async () => {
  const { file } = fileOf({ rateHz: Number.NaN, seconds: 3, width: 2 });
  await expect(extractSession(file, PLAIN, { frontEnd: { kind: 'realtime' } })).rejects.toThrow(
    /^\[import\] expected a sampling rate for lfp in "made.nwb", got none: /,
  );
});

test('a length that only a damaged file states is refused in one sentence', async () => {
  const { file } = fileOf({ rateHz: 1000, seconds: 3, width: 2 });
  const endless: OpenFile = {
    ...file,
    sources: file.sources.map((source) => ({
      ...source,
      open: async () => ({ ...(await source.open()), sampleCount: 2 ** 40 }),
    })),
  };
  await expect(extractSession(endless, PLAIN, { frontEnd: { kind: 'realtime' } })).rejects.toThrow(
    /^\[import\] expected at most \d+ values at frame rate, got \d+ x 2: /,
  );
});

/** Control: a changed front end must not pass as equal. */
test('another notch gives other frames (control)', async () => {
  const made = { rateHz: 1000, seconds: 4, width: 3 };
  const { wanted } = await bothForms(made, PLAIN, { kind: 'realtime', notchHz: 50 });
  const other = await bothForms(made, PLAIN, { kind: 'realtime', notchHz: 60 });
  expect(() => expectSameFrames({ ...other, wanted })).toThrow();
});
