// Recordings for training: what was chosen unasked is said, and no clock is moved unasked.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { madeBlackrock } from '../data/formats/madeFiles';
import { parseOptions } from './options';
import { RECORDING_OPTIONS, readRecordings } from './recordings';
import { collected } from './terminal.test-support';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-recordings-'));
  writeFileSync(join(folder, 'brain.ns2'), madeBlackrock({ packets: [{ ticks: 0, count: 4000 }] }));
  writeFileSync(join(folder, 'other.ns2'), madeBlackrock({ packets: [{ ticks: 0, count: 3000 }] }));
  const moves = Array.from({ length: 2000 }, (_, i) => `${i / 500},${Math.cos(i / 50)}`);
  writeFileSync(join(folder, 'hand.csv'), `time,hand vel x\n${moves.join('\n')}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(names: string[], align = '') {
  const terminal = collected();
  const paths = names.map((name) => join(folder, name));
  const words = align.split(' ').filter((word) => word !== '');
  const options = parseOptions(RECORDING_OPTIONS, ['--data', ...paths, ...words]);
  const [features] = await readRecordings(options, terminal);
  return { features, said: terminal.noted.join('\n') };
}

test('two files on clocks that nobody aligned: said once, beside why each series was taken', async () => {
  const { features, said } = await read(['brain.ns2', 'hand.csv']);
  expect(features.behaviourNames).toHaveLength(1);
  expect(said).toMatch(/Proposed as LFP: /);
  expect(said.match(/assumed to begin together, which nobody has stated/g)).toHaveLength(1);
});

test('one file has one clock (control)', async () => {
  const { said } = await read(['brain.ns2']);
  expect(said).toMatch(/Proposed as LFP: /);
  expect(said).not.toMatch(/assumed/);
});

test('aligned by events, as by the same offset, and said', async () => {
  const pair = ['brain.ns2', 'hand.csv'];
  const events = await read(pair, '--align events --event-lfp 1.5 2 --event-behaviour 1 1.5');
  const offset = await read(pair, '--offset 0.5');
  const nobody = await read(pair);
  expect(events.features.behaviour).toEqual(offset.features.behaviour);
  expect(events.features.lfp).toEqual(offset.features.lfp);
  expect(nobody.features.behaviour).not.toEqual(offset.features.behaviour);
  expect(events.said).toMatch(/Clocks: .* 0\.5 s later: the median of 2 events/);
  expect(events.said).not.toMatch(/assumed/);
});

test('events of one recording are refused beside another', async () => {
  const events = '--align events --event-lfp 1.5 --event-behaviour 1';
  await expect(read(['brain.ns2', 'other.ns2'], events)).rejects.toThrow(
    '--event-lfp expected one recording, got 2',
  );
});
