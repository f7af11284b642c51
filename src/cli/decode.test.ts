// `decode` of a recording: frame by frame it gives what `evaluate` scores, in the recording's own units.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeArrow } from '../data/formats/arrow';
import { syntheticSessions } from '../data/synthetic';
import { scorePredictions } from '../evaluate/metrics';
import { writeModelFile } from '../model/modelFile';
import { readSafetensors } from '../model/safetensors';
import { TINY_CONFIG, tinyWeights } from '../model/tinyModel.test-support';
import { studio } from './studio';
import { collected } from './terminal.test-support';

/** Of scores: streaming in f32 beside the whole stretch at once in float64. */
const SCORE_TOLERANCE = 1e-4;
const FRAMES = 3000;
const TEST_FRAMES = 600;

const [session] = syntheticSessions({ sessionCount: 1, durationS: 30, channelCount: 4, seed: 4 });
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-decode-'));
  writeFileSync(at('one.arrow'), writeArrow(session));
  writeFileSync(at('blind.arrow'), writeArrow({ ...session, behaviour: undefined }));
  const running = { normalise: 'running', normalise_s: '5' };
  for (const [name, channelCount, metadata] of [
    ['plain', 4, {}],
    ['wide', 6, {}],
    ['narrow', 3, {}],
    ['running', 4, running],
  ] as const) {
    const config = { ...TINY_CONFIG, channelCount };
    writeFileSync(
      at(`${name}.safetensors`),
      writeModelFile(config, tinyWeights(config), { ...metadata }),
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(line: string) {
  const terminal = collected();
  const args = line.split(' ').map((word) => word.replace('DIR', folder));
  const exitCode = await studio(args, terminal);
  return { exitCode, noted: terminal.noted.join('\n') };
}

async function decoded(model: string, recording = 'one') {
  const line = `decode --model DIR/${model}.safetensors --data DIR/${recording}.arrow --guard 1`;
  const { exitCode, noted } = await run(`${line} --path cpu --out DIR/out.safetensors`);
  expect([exitCode, noted]).toEqual([0, expect.stringMatching(/frames 2400 to 3000/)]);
  const { shape, data } = readSafetensors(readFileSync(at('out.safetensors'))).tensors.get(
    'behaviour',
  )!;
  expect(shape).toEqual([1, TEST_FRAMES, 2]);
  return { behaviour: data, noted };
}

const truth = session.behaviour!.data.slice(2 * (FRAMES - TEST_FRAMES));

describe('a recording', () => {
  const scores: number[] = [];

  test.each(['plain', 'wide', 'running'])(
    'through the %s model scores as evaluated',
    async (model) => {
      const { behaviour, noted } = await decoded(model);
      expect(noted).toMatch(/behaviour in cm\/s/);
      const { exitCode } = await run(
        `evaluate --model DIR/${model}.safetensors --data DIR/one.arrow --guard 1 --segment-frames ${TEST_FRAMES} --lag-frames 0 --device cpu --out DIR/scores.json`,
      );
      expect(exitCode).toBe(0);
      const [{ evaluations }] = JSON.parse(readFileSync(at('scores.json'), 'utf8'));
      const expected = evaluations[0].score;
      const { names, units } = session.behaviour!;
      const score = scorePredictions(behaviour, truth, names, units);
      for (const [k, { r2, r }] of score.outputs.entries()) {
        expect(Math.abs(Number(r2) - expected.outputs[k].r2)).toBeLessThan(SCORE_TOLERANCE);
        expect(Math.abs(Number(r) - expected.outputs[k].r)).toBeLessThan(SCORE_TOLERANCE);
      }
      scores.push(Number(score.meanR2));
    },
  );

  test('normalised in another way gives another score (control)', () => {
    expect(scores).toHaveLength(3);
    expect(Math.abs(scores[0] - scores[2])).toBeGreaterThan(10 * SCORE_TOLERANCE);
  });

  test('without behaviour has no units', async () => {
    const inUnits = (await decoded('plain')).behaviour;
    const { behaviour, noted } = await decoded('plain', 'blind');
    expect(noted).toMatch(/behaviour in standard deviations/);
    // A line through two of the frames predicts the third.
    const [a, b, c] = [0, 200, 400].map((t) => [behaviour[2 * t], inUnits[2 * t]]);
    const slope = (b[1] - a[1]) / (b[0] - a[0]);
    expect(Math.abs(slope - 1)).toBeGreaterThan(0.1);
    expect(c[1]).toBeCloseTo(a[1] + slope * (c[0] - a[0]), 2);
  });

  test.each([
    ['--data DIR/one.arrow --input DIR/x', 2, /--data does not go with --input/],
    ['--input DIR/x --notch 50', 2, /--notch needs --data/],
    ['', 2, /--input FILE or --data FILE is missing/],
    ['--data DIR/one.arrow DIR/blind.arrow', 2, /--data expected one recording, got 2/],
  ])('%s', async (words, code, message) => {
    const line = `decode --model DIR/plain.safetensors --out DIR/x ${words}`.trim();
    const { exitCode, noted } = await run(line);
    expect([exitCode, noted]).toEqual([code, expect.stringMatching(message)]);
  });

  test('of more channels than the model is refused', async () => {
    const { exitCode, noted } = await run(
      'decode --model DIR/narrow.safetensors --data DIR/one.arrow --guard 1 --out DIR/x',
    );
    expect([exitCode, noted]).toEqual([1, expect.stringMatching(/at most 3 channels as in the/)]);
  });
});
