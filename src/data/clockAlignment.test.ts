// Clocks of two files: start times, shared events, and two made files whose clocks differ by a known offset.
import { describe, expect, test } from 'vitest';
import { MOST_RESIDUAL_S, offsetFromEvents, offsetFromStarts } from './clockAlignment';
import type { SeriesInfo } from './formats/fileFormat';
import { joinFiles } from './formats/joinFiles';
import { inMemory, madeBlackrock, madeEdf } from './formats/madeFiles';
import { type RecordingStart, startOfFields, startOfText } from './formats/recordingStart';
import { importSession } from './importSession';
import { applyMapping, type Mapping, proposeMapping } from './mapping';
import { forOtherRecordings, unalignedWarnings, withOffset } from './mappingClocks';
import { openFile, openFiles } from './readers';
import type { Session } from './session';

/** Differences of decimal fractions. */
const ROUNDING_S = 1e-9;

describe('shared events', () => {
  test.each<[string, number[], number[], number, number | undefined]>([
    ['one', [12], [2.5], 9.5, undefined],
    ['behaviour that began first', [1], [4], -3, undefined],
    ['three, exact', [10, 20, 31], [3, 13, 24], 7, 0],
    ['in any order', [31, 10, 20], [13, 24, 3], 7, 0],
    ['the median, not the mean', [10, 20, 30], [3, 13, 23.015], 7, 0.015],
    ['of an even count', [10, 20], [3, 13.01], 6.995, 0.005],
  ])('%s', (_, lfpS, behaviourS, offsetS, residualS) => {
    const found = offsetFromEvents(lfpS, behaviourS);
    expect(Math.abs(found.offsetS - offsetS)).toBeLessThan(ROUNDING_S);
    expect(found.alignedBy.by).toBe('events');
    if (residualS === undefined) expect(found.alignedBy.residualS).toBeUndefined();
    else expect(Math.abs(found.alignedBy.residualS! - residualS)).toBeLessThan(ROUNDING_S);
  });

  test.each<[string, number[], number[], RegExp]>([
    ['none', [], [], /got 0 of the LFP and 0/],
    ['one too many', [1, 2], [1], /got 2 of the LFP and 1 .*as many numbers/],
    ['not a number', [Number.NaN], [1], /the times of the same events/],
    ['others', [1, 2, 3], [1, 2, 3 + 2 * MOST_RESIDUAL_S], /to 20 ms, got 40\.0 ms/],
    ['a clock that runs faster', [0, 500, 1000], [0, 500.5, 1001], /one clock runs faster/],
  ])('refuses %s', (_, lfpS, behaviourS, message) => {
    expect(() => offsetFromEvents(lfpS, behaviourS)).toThrow(message);
  });
});

describe('start times', () => {
  const at = (text: string) => startOfText(text);
  const series = (fileName: string, recordingStart?: RecordingStart) =>
    ({ fileName, recordingStart }) as SeriesInfo;

  test.each<[string, string, string, number]>([
    ['the same zone', '2021-03-02T10:00:00.000Z', '2021-03-02T10:00:07.250Z', 7.25],
    ['other zones', '2021-03-02T10:00:00+02:00', '2021-03-02T07:59:00-0000', -60],
    ['over midnight', '2021-12-31T23:59:59.5Z', '2022-01-01T00:00:00.5Z', 1],
    ['local times of both', '2021-03-02T10:00:00', '2021-03-02 10:00:03', 3],
  ])('%s', (_, lfp, behaviour, offsetS) => {
    const found = offsetFromStarts(series('a', at(lfp)), series('b', at(behaviour)));
    expect(found.offsetS).toBe(offsetS);
    expect(found.alignedBy.by).toBe('start');
  });

  test.each<[string, string, string, RegExp]>([
    ['a date alone', '2021-03-02', '2021-03-02T10:00:00Z', /when "a" began, got no start time/],
    ['no start', '2021-03-02T10:00:00Z', '', /when "b" began/],
    ['one zone', '2021-03-02T10:00:00Z', '2021-03-02T10:00:00', /got a local one from "b"/],
  ])('refuses %s', (_, lfp, behaviour, message) => {
    expect(() => offsetFromStarts(series('a', at(lfp)), series('b', at(behaviour)))).toThrow(
      message,
    );
  });

  test('what is no date is no start; whole seconds are said to be coarse', () => {
    const stated = { isZoneStated: true, resolutionS: 1 };
    expect(startOfFields([0, 0, 0, 0, 0, 0, 0], stated)).toBeUndefined();
    expect(startOfFields([2021, 2, 31, 0, 0, 0], stated)).toBeUndefined();
    const coarse = at('2021-03-02T10:00:00Z');
    const { reason } = offsetFromStarts(series('a', coarse), series('b', coarse)).alignedBy;
    expect(reason).toMatch(/good to a second only/);
  });
});

describe('headers', () => {
  test('EDF: local time in whole seconds', async () => {
    const { recordingStart } = await openFile(inMemory('a.edf', madeEdf({})));
    const utcMs = Date.UTC(2020, 0, 1, 1, 1, 1);
    expect(recordingStart).toEqual({ utcMs, isZoneStated: false, resolutionS: 1 });
  });

  test('Blackrock: UTC to the millisecond, and none where the field is empty', async () => {
    const { recordingStart } = await openFile(lfpFile([2021, 3, 2, 2, 10, 0, 0, 250]));
    const utcMs = Date.UTC(2021, 2, 2, 10, 0, 0, 250);
    expect(recordingStart).toEqual({ utcMs, isZoneStated: true, resolutionS: 0.001 });
    expect((await openFile(lfpFile())).recordingStart).toBeUndefined();
  });
});

/** 20 s at 1000 Hz from time 0. */
function lfpFile(timeOrigin?: number[]) {
  const bytes = madeBlackrock({ packets: [{ ticks: 0, count: 20000 }] });
  timeOrigin?.forEach((field, i) => {
    new DataView(bytes.buffer).setUint16(294 + 2 * i, field, true);
  });
  return inMemory('lfp.ns2', bytes);
}

const MADE_OFFSET_S = 6.25;

/** Movement at 64 Hz, whose times are exact, the same 10 s of it on a clock that reads `aheadS` less. */
function handFile(aheadS: number) {
  const rows = Array.from({ length: 640 }, (_, i) => {
    return `${(5 + MADE_OFFSET_S + i / 64 - aheadS).toFixed(6)},${Math.sin(i / 20).toFixed(5)}`;
  });
  return inMemory('hand.csv', new TextEncoder().encode(`time,hand vel x\n${rows.join('\n')}`));
}

async function joined(aheadS: number, handStart?: RecordingStart) {
  const sources = [lfpFile([2021, 3, 2, 2, 10, 0, 0, 0]), handFile(aheadS)];
  const [lfp, hand] = await Promise.all(sources.map(openFile));
  const file = joinFiles([
    { source: sources[0], file: lfp },
    { source: sources[1], file: { ...hand, recordingStart: handStart } },
  ]);
  return { file, sources };
}

describe('two files whose clocks differ by a known offset', () => {
  const start: RecordingStart = {
    utcMs: Date.UTC(2021, 2, 2, 10, 0, 0) + 1000 * MADE_OFFSET_S,
    isZoneStated: true,
    resolutionS: 0.001,
  };
  const imported = async (
    { file, sources }: Awaited<ReturnType<typeof joined>>,
    mapping: Mapping,
  ) => importSession(file, sources, mapping, { frontEnd: { kind: 'realtime', notchHz: 50 } });

  test.each<[string, RecordingStart | undefined, (mapping: Mapping) => Mapping]>([
    ['start', start, (mapping) => mapping],
    [
      'events',
      undefined,
      (mapping) => {
        const measured = offsetFromEvents([8, 9], [8 - MADE_OFFSET_S, 9 - MADE_OFFSET_S]);
        const { lfp, behaviour } = mapping;
        const moved = behaviour.map((series) => ({ ...series, ...measured }));
        return { version: 1, lfp, behaviour: moved };
      },
    ],
  ])('by %s give the session of one clock', async (by, handStart, align) => {
    const same = await joined(0);
    const wanted = await imported(same, proposeMapping(same.file).mapping);
    const apart = await joined(MADE_OFFSET_S, handStart);
    const { mapping, reasons } = proposeMapping(apart.file);
    const session = await imported(apart, align(mapping));
    expect(session.lfp).toEqual(wanted.lfp);
    expect(session.behaviour).toEqual(wanted.behaviour);
    expect(session.provenance?.mapping.behaviour[0]).toMatchObject({
      offsetS: MADE_OFFSET_S,
      alignedBy: { by },
    });
    expect(reasons.at(-1)).toMatch(
      handStart ? /proposed 6\.25 s later, because .*; confirm it/ : /assumed to begin together/,
    );
    // Control: without the offset the movement comes too early.
    const unmoved = await imported(apart, forOtherRecordings(mapping));
    expect(unmoved.behaviour).not.toEqual(wanted.behaviour);
    const isUnstated = ({ warnings }: Session) =>
      warnings.some((warning) => /assumed to begin together/.test(warning));
    expect([session, unmoved].map(isUnstated)).toEqual([false, true]);
    const whole = await Promise.all(
      [align(mapping), forOtherRecordings(mapping)].map((one) => applyMapping(apart.file, one)),
    );
    expect(whole.map(isUnstated)).toEqual([false, true]);
  });

  test('a start time is taken anew from each file, events are not kept for others', async () => {
    const { file } = await joined(MADE_OFFSET_S, start);
    const { mapping } = proposeMapping(file);
    const later = await joined(MADE_OFFSET_S, { ...start, utcMs: start.utcMs + 2000 });
    const session = await imported(later, mapping);
    expect(session.provenance?.mapping.behaviour[0].offsetS).toBe(MADE_OFFSET_S + 2);
    const measured = withOffset(file, mapping, () => offsetFromEvents([9], [1]));
    expect(unalignedWarnings(file, measured)).toEqual([]);
    const kept = forOtherRecordings(measured);
    expect(kept.behaviour[0].offsetS).toBeUndefined();
    expect(unalignedWarnings(file, kept)).toHaveLength(1);
  });

  test('movement is joined to the only recording beside it', async () => {
    const [file, ...others] = await openFiles([lfpFile(), handFile(0)]);
    expect(others).toEqual([]);
    expect(file.series.map(({ fileName }) => fileName)).toEqual(['lfp.ns2', 'hand.csv']);
  });
});
