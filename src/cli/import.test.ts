// `inspect` and `import` on files made here: what is printed, what the session holds, and what is refused.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extractFeatures } from '../data/features';
import { readArrow } from '../data/formats/arrow';
import { inMemory, madeBlackrock, madeBrainVision } from '../data/formats/madeFiles';
import { fingerprint } from '../data/provenance';
import { openFile } from '../data/readers';
import { studio } from './studio';
import { collected } from './terminal.test-support';

let folder: string;
const vision = madeBrainVision({ sampleCount: 2400, markers: 'Mk1=New Segment,,1201,1,0' });
const blackrock = madeBlackrock({
  packets: [
    { ticks: 0, count: 2000 },
    { ticks: 90000, count: 2000 },
  ],
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-import-'));
  writeFileSync(join(folder, 'made.vhdr'), vision.header);
  writeFileSync(join(folder, 'made.eeg'), vision.data);
  writeFileSync(join(folder, 'made.vmrk'), vision.markers);
  writeFileSync(join(folder, 'paused.ns2'), blackrock);
  const rows = Array.from({ length: 1500 }, (_, i) => `${i / 500},${Math.sin(i / 9)},${i % 7}`);
  const moves = rows.map((_, i) => `${i / 500},${Math.cos(i / 50)}`);
  writeFileSync(join(folder, 'hand.csv'), `time,hand vel x\n${moves.join('\n')}`);
  writeFileSync(join(folder, 'table.csv'), `time,lfp1,lfp2\n${rows.join('\n')}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(line: string) {
  const terminal = collected();
  const args = line.split(' ').map((word) => word.replace('DIR', folder));
  const exitCode = await studio(args, terminal);
  return { exitCode, printed: terminal.printed.join('\n'), noted: terminal.noted };
}

describe('inspect', () => {
  test('prints the stated JSON of one recording', async () => {
    const { exitCode, printed, noted } = await run('inspect DIR/paused.ns2 --json');
    expect([exitCode, noted]).toEqual([0, []]);
    const inspected = JSON.parse(printed);
    expect(Object.keys(inspected)).toEqual(['format', 'series', 'warnings']);
    expect(inspected.format).toBe('blackrock');
    const [series] = inspected.series;
    expect(Object.keys(series)).toEqual([
      'path',
      'kind',
      'shape',
      'rateHz',
      'unit',
      'channels',
      'gaps',
      'chunk',
      'compression',
    ]);
    expect(series.kind).toBe('lfp');
    expect(series.gaps).toEqual([[2000, 3000]]);
    expect(series.shape).toEqual([5000, series.channels.length]);
    expect(series.rateHz).toBe(1000);
    expect(series.chunk).toBeNull();
    expect(inspected.warnings.join()).toMatch(/1 pause, /);
  });

  test('opens the parts of one recording together, before or after the option', async () => {
    const files = 'DIR/made.vhdr DIR/made.eeg DIR/made.vmrk';
    for (const line of [`inspect ${files} --json`, `inspect --json ${files}`]) {
      const { exitCode, printed } = await run(line);
      expect(exitCode).toBe(0);
      expect(JSON.parse(printed).format).toBe('brainvision');
    }
  });

  test('several recordings are an array; without --json lines', async () => {
    const several = await run('inspect DIR/paused.ns2 DIR/table.csv --json');
    expect(JSON.parse(several.printed).map(({ format }: { format: string }) => format)).toEqual([
      'blackrock',
      'table',
    ]);
    const { printed } = await run('inspect DIR/paused.ns2');
    expect(printed).toMatch(
      /paused\.ns2 \(blackrock\)\n {2}electrodes: lfp, 5000 x \d+, 5\.0 s, 1000 Hz, uV/,
    );
  });
});

describe('import', () => {
  test('writes frames with gaps and provenance, equal to the one-shot form', async () => {
    const { exitCode, printed, noted } = await run(
      'import DIR/paused.ns2 --out DIR/paused.arrow --notch 50 --save-mapping DIR/mapping.json',
    );
    expect([exitCode, noted.filter((line) => /^\[/.test(line))]).toEqual([0, []]);
    expect(printed).toMatch(/5 s from 1000\.0 to 100 Hz \(realtime\), [\d.]+ times real time/);
    const session = readArrow(new Uint8Array(readFileSync(join(folder, 'paused.arrow'))), 'p');
    expect(session.lfp.gaps).toEqual([{ startSample: 200, endSample: 351 }]);
    const source = inMemory('paused.ns2', blackrock);
    expect(session.provenance).toEqual({
      files: [await fingerprint(source)],
      mapping: { version: 1, lfp: { path: 'electrodes' }, behaviour: [] },
      frontEnd: {
        kind: 'realtime',
        frameRateHz: 100,
        notchHz: 50,
        reference: 'average',
        groupDelayMs: expect.any(Number),
      },
      sourceRateHz: 1000,
      softwareVersion: expect.stringMatching(/^REALM Studio \d/),
    });
    const whole = await (await openFile(source)).readSession({ lfp: 'electrodes' });
    const wanted = extractFeatures(whole, { kind: 'realtime', notchHz: 50 });
    const got = extractFeatures(session, { kind: 'realtime' });
    expect(got.frameValid).toEqual(wanted.frameValid);
    expect(got.lfp.subarray(0, 200 * got.channelCount)).toEqual(
      wanted.lfp.subarray(0, 200 * got.channelCount),
    );
    expect(got.groupDelayMs).toBe(wanted.groupDelayMs);
    expect(got.importedThrough?.notchHz).toBe(50);
    expect(JSON.parse(readFileSync(join(folder, 'mapping.json'), 'utf8'))).toEqual(
      session.provenance?.mapping,
    );
  });

  test('pairs of channels and band powers, with their delays', async () => {
    const { exitCode, noted } = await run(
      'import DIR/paused.ns2 --out DIR/powers.arrow --notch 50 --reference bipolar --bands 13-30 70-150',
    );
    expect(exitCode).toBe(0);
    expect(noted.join('\n')).toMatch(
      /Group delay: LFP [\d.]+ ms at 10 Hz, 13-30 Hz power [\d.]+ ms, 70-150 Hz power [\d.]+ ms\./,
    );
    const session = readArrow(new Uint8Array(readFileSync(join(folder, 'powers.arrow'))), 'p');
    expect(session.bands).toEqual(['raw', '13-30 Hz', '70-150 Hz']);
    const raw = await (await openFile(inMemory('paused.ns2', blackrock))).readSession({
      lfp: 'electrodes',
    });
    const [first, second] = raw.lfp.names;
    expect(session.lfp.names.slice(0, 2)).toEqual([
      `${first}-${second}`,
      `${first}-${second} 13-30 Hz`,
    ]);
    expect(session.lfp.units.slice(0, 2)).toEqual(['uV', 'ln uV²']);
    expect(session.channelMask?.at(-1)).toBe(0);
    expect(session.provenance?.frontEnd).toMatchObject({
      reference: 'bipolar',
      powerBandsHz: [
        [13, 30],
        [70, 150],
      ],
    });
  });

  test.each(['13', '30-13', 'beta'])('--bands %s is a usage error', async (band) => {
    const { exitCode, noted } = await run(
      `import DIR/paused.ns2 --out DIR/no.arrow --bands ${band}`,
    );
    expect(exitCode).toBe(2);
    expect(noted.join()).toMatch(/--bands expects LOW-HIGH in Hz/);
    expect(existsSync(join(folder, 'no.arrow'))).toBe(false);
  });

  test('a stated mapping: series, channels, gain and unit', async () => {
    const { exitCode } = await run(
      'import DIR/table.csv --out DIR/table.arrow --behaviour none --channels lfp2 --gain -2 --unit mV --reference none',
    );
    expect(exitCode).toBe(0);
    const { lfp } = readArrow(new Uint8Array(readFileSync(join(folder, 'table.arrow'))), 't');
    expect(lfp.names).toEqual(['lfp2']);
    expect(lfp.units).toEqual(['mV']);
  });

  test('movement of another file, aligned by events, equals that by the same offset', async () => {
    const files = 'DIR/paused.ns2 DIR/hand.csv';
    const events = '--align events --event-lfp 1.5 2.25 --event-behaviour 1 1.75';
    const byEvents = await run(
      `import ${files} --out DIR/events.arrow --save-mapping DIR/events.json ${events}`,
    );
    const byOffset = await run(`import ${files} --out DIR/offset.arrow --offset 0.5`);
    const nobody = await run(`import ${files} --out DIR/together.arrow --together`);
    expect([byEvents.exitCode, byOffset.exitCode, nobody.exitCode]).toEqual([0, 0, 0]);
    const read = (name: string) => readArrow(new Uint8Array(readFileSync(join(folder, name))), 'p');
    const [measured, offset, together] = ['events', 'offset', 'together'].map((name) =>
      read(`${name}.arrow`),
    );
    expect(measured.behaviour).toEqual(offset.behaviour);
    expect(measured.lfp).toEqual(offset.lfp);
    expect(together.behaviour).not.toEqual(offset.behaviour);
    expect(measured.provenance?.mapping.behaviour).toMatchObject([
      { offsetS: 0.5, alignedBy: { by: 'events', residualS: 0 } },
    ]);
    expect(measured.provenance?.files.map(({ name }) => name)).toEqual(['paused.ns2', 'hand.csv']);
    expect(byEvents.noted.join('\n')).toMatch(/Clocks: .* 0\.5 s later: the median of 2 events/);
    expect(byEvents.noted.join('\n')).not.toMatch(/assumed/);
    expect(nobody.noted.join('\n')).toMatch(/assumed to begin together, which nobody has stated/);
    const again = await run(`import ${files} --out DIR/again.arrow --mapping DIR/events.json`);
    expect(again.noted.join('\n')).toMatch(/measured on events of one recording/);
  });

  test('the rising edges of a pulse in both files are events too', async () => {
    const pulse = (i: number) => (i % 250 >= 125 ? 5 : 0);
    const rows = Array.from({ length: 1500 }, (_, i) => i);
    const lfp = rows.map((i) => `${i / 500},${Math.sin(i / 9)},${pulse(i)}`);
    const hand = rows.map((i) => `${i / 500 + 7},${Math.cos(i / 50)},${pulse(i)}`);
    writeFileSync(join(folder, 'pair.tsv'), `time,lfp1,ttl_a\n${lfp.join('\n')}`);
    writeFileSync(join(folder, 'pair.csv'), `time,hand vel x,ttl_b\n${hand.join('\n')}`);
    const sync = '--align events --sync-lfp ttl_a --sync-behaviour ttl_b';
    const words = `import DIR/pair.tsv DIR/pair.csv --out DIR/pair.arrow ${sync}`;
    const { exitCode, noted } = await run(words);
    expect([exitCode, noted.join('\n')]).toEqual([0, expect.stringMatching(/median of 6 events/)]);
    const session = readArrow(new Uint8Array(readFileSync(join(folder, 'pair.arrow'))), 'p');
    expect(session.provenance?.mapping.behaviour[0].offsetS).toBeCloseTo(-7, 6);
  });

  test.each([
    ['--align start', 1, /^\[align\] expected to learn when "paused\.ns2" began/],
    ['--align events --event-lfp 1', 1, /got 1 of the LFP and 0 of the behaviour/],
    ['--align events --event-lfp soon --event-behaviour 1', 2, /--event-lfp expected seconds/],
    ['--align offset', 2, /needs --offset/],
    ['--sync-lfp x', 2, /--sync-lfp needs --align events/],
    ['--align events --sync-lfp x --event-lfp 1', 2, /--sync-lfp does not go with/],
    ['--align events --sync-lfp x --sync-behaviour y', 1, /got "x", which 0 of them have/],
    ['--align start --offset 1', 2, /does not go with/],
    ['--event-lfp 1', 2, /needs --align events/],
  ])('%s', async (align, code, message) => {
    const { exitCode, noted } = await run(
      `import DIR/paused.ns2 DIR/hand.csv --out DIR/x.arrow ${align}`,
    );
    expect(exitCode).toBe(code);
    expect(noted.join('\n')).toMatch(message);
    expect(existsSync(join(folder, 'x.arrow'))).toBe(false);
  });

  test('one saved mapping for several recordings, into a folder', async () => {
    writeFileSync(join(folder, 'again.ns2'), blackrock);
    await run('import DIR/paused.ns2 --out DIR/one.arrow --save-mapping DIR/shared.json');
    const { exitCode, noted } = await run(
      'import DIR/paused.ns2 DIR/again.ns2 --out DIR/many/ --mapping DIR/shared.json',
    );
    expect([exitCode, noted.filter((line) => /^\[/.test(line))]).toEqual([0, []]);
    expect(readdirSync(join(folder, 'many')).sort()).toEqual(['again.arrow', 'paused.arrow']);
  });

  test.each([
    ['import DIR/paused.ns2 --out DIR/x.arrow --lfp other', 1, /^\[mapping\] expected a series/],
    ['import DIR/paused.ns2 --out DIR/x.arrow --mapping DIR/table.csv', 1, /got no JSON/],
    ['import DIR/paused.ns2 DIR/table.csv --out DIR/x.arrow', 1, /expected a folder for 2/],
    ['import DIR/paused.ns2 --out DIR/x.arrow --channels none', 1, /choose the columns again/],
    ['import --out DIR/x.arrow', 2, /--file FILE is missing/],
    ['import DIR/paused.ns2', 2, /--out SESSION\.arrow is missing/],
    ['inspect DIR/none', 1, /nothing there: check the path/],
  ])('%s', async (line, code, message) => {
    const { exitCode, noted } = await run(line);
    expect(exitCode).toBe(code);
    expect(noted.at(-1)).toMatch(message);
    expect(existsSync(join(folder, 'x.arrow'))).toBe(false);
  });
});
