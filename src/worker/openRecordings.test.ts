// Opening and importing: mapped as asked, long ones as frames, cancelled without a trace, one bad file harming no other.
import { describe, expect, it } from 'vitest';
import { writeArrow } from '../data/formats/arrow';
import { applyMapping } from '../data/mapping';
import { openFile } from '../data/readers';
import { syntheticSessions } from '../data/synthetic';
import { groupsOf } from './fileGroups';
import { MappingShelf } from './mappingShelf';
import { OpenRecordings } from './openRecordings';
import { startParserHere } from './parserHere.test-support';
import type { DataSettings, ImportProgress, OpenedFile, OpenOutcome } from './recordingsApi';
import { memoryFolder } from './storage';

const DATA: DataSettings = {
  frontEnd: 'offline-paper',
  notchHz: 50,
  behaviourAsVelocity: false,
  split: 'contiguous',
};
const RATE_HZ = 1000;
const LENGTH_S = 8;

/** Seconds of two LFP columns and one of behaviour, with a clock. */
function tableFile(name: string, lengthS = 3, rateHz = 100): File {
  const rows = Array.from(
    { length: lengthS * rateHz },
    (_, i) => `${i / rateHz},${i % 7},${i % 5},${i % 3}`,
  );
  return new File([['time,lfp 1,lfp 2,cursor x', ...rows].join('\n')], name);
}

function made(options: { mostRawValues?: number; hanging?: string; shelf?: MappingShelf } = {}) {
  const told: (ImportProgress | undefined)[] = [];
  let started = 0;
  const opened = new OpenRecordings(
    () => {
      started += 1;
      return startParserHere(options.hanging);
    },
    options.shelf ?? new MappingShelf(memoryFolder()),
    (progress) => void told.push(progress),
    () => Promise.reject(new Error('[gpu] none in this test')),
    options.mostRawValues,
  );
  return { opened, told, started: () => started };
}

function fileOf(outcome: OpenOutcome): OpenedFile {
  if (!('file' in outcome)) throw new Error(outcome.fault.details);
  return outcome.file;
}

describe('OpenRecordings', () => {
  it('reads what the mapping says, and keeps where it came from', async () => {
    const { opened } = made();
    const [outcome] = await opened.open([tableFile('day.csv')]);
    const { token, proposal, reasons } = fileOf(outcome);
    expect(reasons.length).toBeGreaterThan(0);
    const mapping = { ...proposal, lfp: { ...proposal.lfp, gain: -2, unit: 'mV' } };
    const session = await opened.import(token, mapping, DATA);
    expect(session?.lfp.units[0]).toBe('mV');
    expect([...session!.lfp.data.slice(2, 4)]).toEqual([-2, -2]);
    const { files, frontEnd, ...origin } = session!.provenance!;
    const sha256OfBlocks = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(files).toEqual([{ name: 'day.csv', byteLength: expect.any(Number), sha256OfBlocks }]);
    expect(frontEnd).toBeUndefined();
    expect(origin.mapping).toEqual(mapping);
    expect(origin.sourceRateHz).toBeCloseTo(100, 9);
    opened.close(token);
    await expect(opened.import(token, mapping, DATA)).rejects.toThrow(/closed/);
  });

  it('brings a long recording to frames on the way, in either case the same series', async () => {
    const file = tableFile('long.csv', LENGTH_S, RATE_HZ);
    const values = LENGTH_S * RATE_HZ * 2;
    const short = made({ mostRawValues: values });
    const [asIs] = await short.opened.open([file]);
    const raw = await short.opened.import(fileOf(asIs).token, fileOf(asIs).proposal, DATA);
    expect(raw?.alreadyFrames).toBe(false);
    expect(raw?.lfp.sampleCount).toBe(LENGTH_S * RATE_HZ);
    const long = made({ mostRawValues: values - 1 });
    const [reduced] = await long.opened.open([file]);
    const { token, proposal } = fileOf(reduced);
    const frames = await long.opened.import(token, proposal, DATA);
    expect(frames?.alreadyFrames).toBe(true);
    expect(frames?.lfp.rateHz).toBe(100);
    expect(frames?.provenance?.frontEnd).toMatchObject({
      kind: DATA.frontEnd,
      notchHz: 50,
    });
    expect(frames?.warnings.join()).toMatch(/its samples were not kept/);
    expect(frames?.behaviour).toEqual(raw?.behaviour);
    expect(long.told.some((progress) => progress?.fraction !== undefined)).toBe(true);
    expect(long.told.at(-1)).toBeUndefined();
  });

  it('leaves nothing behind when cancelled, and can begin again', async () => {
    const { opened, told, started } = made();
    const [outcome] = await opened.open([tableFile('day.csv', LENGTH_S, RATE_HZ)]);
    const { token, proposal } = fileOf(outcome);
    const reading = opened.import(token, proposal, DATA);
    await Promise.resolve();
    opened.cancel();
    expect(await reading).toBeUndefined();
    expect(told.at(-1)).toBeUndefined();
    const session = await opened.import(token, proposal, DATA);
    expect(session?.lfp.sampleCount).toBe(LENGTH_S * RATE_HZ);
    expect(started()).toBeLessThanOrEqual(2);
  });

  it('ends a parser that hangs with a message, and reads what was opened before in another', async () => {
    const { opened, started } = made({ hanging: 'hangs.csv' });
    const [good] = await opened.open([tableFile('good.csv')]);
    const outcomes = await opened.open([tableFile('hangs.csv'), tableFile('also good.csv')]);
    const why = expect.stringMatching(/reading "hangs\.csv", got none for 4\.0 s/);
    expect(outcomes).toMatchObject([
      { fileName: 'hangs.csv', fault: { why } },
      { file: { fileName: 'also good.csv' } },
    ]);
    const { token, proposal } = fileOf(good);
    expect((await opened.import(token, proposal, DATA))?.name).toBe('good');
    expect(started()).toBe(2);
  });

  it('offers what was confirmed for a file of this shape before, where it says something else', async () => {
    const shelf = new MappingShelf(memoryFolder());
    const { opened } = made({ shelf });
    const [first] = await opened.open([tableFile('day 1.csv')]);
    expect(fileOf(first).remembered).toBeUndefined();
    const { token, proposal } = fileOf(first);
    const mapping = { ...proposal, lfp: { ...proposal.lfp, columns: ['lfp 2'], gain: 1000 } };
    const session = await opened.import(token, mapping, DATA);
    expect(session?.lfp.names).toEqual(['lfp 2']);
    const [second] = await made({ shelf }).opened.open([tableFile('day 2.csv')]);
    expect(fileOf(second).remembered).toEqual({ mapping, from: 'day 1' });
    expect(fileOf(second).proposal).toEqual(proposal);
  });

  it('has a saved session back as it was', async () => {
    const [session] = syntheticSessions({ sessionCount: 1, durationS: 10, channelCount: 3 });
    const bytes = writeArrow({ ...session, channelMask: Float32Array.of(1, 0, 1) });
    const file = new File([bytes as Uint8Array<ArrayBuffer>], 'a.arrow');
    const { opened } = made();
    const { token, proposal } = fileOf((await opened.open([file]))[0]);
    const plain = await openFile({
      name: file.name,
      byteLength: bytes.length,
      slice: async (start, end) => bytes.slice(start, end),
    });
    expect(await opened.import(token, proposal, DATA)).toEqual(await applyMapping(plain, proposal));
  });

  it.each<[string, string[], string[][]]>([
    [
      'one recording of three files',
      ['a.vhdr', 'b.eeg', 'b.vmrk'],
      [['a.vhdr', 'b.eeg', 'b.vmrk']],
    ],
    ['two of them, by name', ['a.vhdr', 'b.vhdr', 'b.eeg'], [['a.vhdr'], ['b.vhdr', 'b.eeg']]],
    ['channels', ['LFP1.ncs', 'x.csv', 'LFP2.ncs'], [['LFP1.ncs', 'LFP2.ncs'], ['x.csv']]],
    ['a recording and a table', ['d.ns2', 'hand.csv'], [['d.ns2', 'hand.csv']]],
    ['two recordings apart', ['d.ns2', 'e.edf'], [['d.ns2'], ['e.edf']]],
    ['movement beside broadband', ['d.nwb', 'd.mat', 'e.nwb'], [['d.nwb', 'd.mat'], ['e.nwb']]],
    [
      'references and their file',
      ['d.nwb.lindi.json', 'e.lindi.json', 'e.nwb', 'd.nwb', 'd.json'],
      [
        ['d.nwb.lindi.json', 'd.nwb', 'd.json'],
        ['e.lindi.json', 'e.nwb'],
      ],
    ],
  ])('groups %s', (_, names, expected) => {
    const groups = groupsOf(names.map((name) => new File([], name)));
    expect(groups.map((group) => group.map(({ name }) => name))).toEqual(expected);
  });

  it('tells of each file that it cannot read', async () => {
    const { opened } = made();
    const outcomes = await opened.open([
      new File(['no recording'], 'notes.bin'),
      tableFile('good.csv'),
    ]);
    expect(outcomes).toHaveLength(2);
    expect(outcomes[0]).toMatchObject({
      fileName: 'notes.bin',
      fault: { what: 'notes.bin could not be opened.' },
    });
    expect(fileOf(outcomes[1]).fileName).toBe('good.csv');
  });

  it('reads the good one of two that were taken for a pair', async () => {
    const { opened } = made();
    const outcomes = await opened.open([
      new File(['no recording'], 'cut.nwb'),
      tableFile('good.csv'),
    ]);
    expect(outcomes).toHaveLength(2);
    expect(outcomes[0]).toMatchObject({ fileName: 'cut.nwb' });
    expect(outcomes[0]).toHaveProperty('fault');
    expect(fileOf(outcomes[1]).fileName).toBe('good.csv');
  });
});
