// A model decodes with the normalisation that it was trained with, whatever the page shows now.
import { expect, test } from 'vitest';
import { readModelFile, writeModelFile } from '../model/modelFile';
import { TINY_CONFIG, tinyWeights } from '../model/tinyModel.test-support';
import { Models, normalisedAs } from './heldModel';
import type { DataSettings } from './recordingsApi';
import { memoryFolder } from './storage';

const settings: DataSettings = {
  frontEnd: 'realtime',
  notchHz: 60,
  behaviourAsVelocity: false,
  split: 'contiguous',
};
const config = TINY_CONFIG;
const weights = tinyWeights();
const recordOf = (data: DataSettings) => ({
  preset: 'tiny',
  seed: 1,
  adapter: 'any',
  trainedAt: '2020-01-01',
  synthetic: true,
  sessions: [],
  data,
  outputs: ['x', 'y'],
  units: ['cm', 'cm'],
});

test.each([
  { trained: 7, shown: undefined },
  { trained: 7, shown: 30 },
  { trained: undefined, shown: 30 },
])('trained over $trained s, shown $shown s', async ({ trained, shown }) => {
  const folder = memoryFolder();
  const data = { ...settings, ...(trained && { runningZScoreS: trained }) };
  await new Models(folder).hold('student', { config, weights, record: recordOf(data) });
  const models = new Models(folder);
  await models.restore();
  const now = { ...settings, notchHz: 50 as const, ...(shown && { runningZScoreS: shown }) };
  const used = normalisedAs(models.get('student')!, now);
  expect(used).toEqual({ ...data, notchHz: 50 });
  expect('runningZScoreS' in used).toBe(trained !== undefined);
});

test('a model of another program takes what is shown', () => {
  const now = { ...settings, runningZScoreS: 30 };
  expect(normalisedAs({ config, weights }, now)).toEqual(now);
});

test('a file of the command line keeps its running z-score, also when held and exported', async () => {
  const written = { normalise: 'running', normalise_s: '7' };
  const models = new Models(memoryFolder());
  await models.load(writeModelFile(config, weights, written));
  const exported = models.exported('student');
  expect(readModelFile(exported).metadata).toMatchObject(written);
  await models.load(exported);
  const now = { ...settings, runningZScoreS: 30 };
  expect(normalisedAs(models.get('student')!, now)).toEqual({ ...settings, runningZScoreS: 7 });
});
