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
  const moves = Array.from({ length: 2000 }, (_, i) => `${i / 500},${Math.cos(i / 50)}`);
  writeFileSync(join(folder, 'hand.csv'), `time,hand vel x\n${moves.join('\n')}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(...names: string[]) {
  const terminal = collected();
  const paths = names.map((name) => join(folder, name));
  const options = parseOptions(RECORDING_OPTIONS, ['--data', ...paths]);
  const [features] = await readRecordings(options, terminal);
  return { features, said: terminal.noted.join('\n') };
}

test('two files on clocks that nobody aligned: said once, beside why each series was taken', async () => {
  const { features, said } = await read('brain.ns2', 'hand.csv');
  expect(features.behaviourNames).toHaveLength(1);
  expect(said).toMatch(/Proposed as LFP: /);
  expect(said.match(/assumed to begin together, which nobody has stated/g)).toHaveLength(1);
});

test('one file has one clock (control)', async () => {
  const { said } = await read('brain.ns2');
  expect(said).toMatch(/Proposed as LFP: /);
  expect(said).not.toMatch(/assumed/);
});
