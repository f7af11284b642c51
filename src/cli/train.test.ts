// A training run through the real command line: stopped by Ctrl-C and resumed, it gives the same bytes as one that
// was never interrupted.

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeArrow } from '../data/formats/arrow';
import { syntheticSessions } from '../data/synthetic';
import { readModelFile } from '../model/modelFile';
import { studio } from './studio';
import { collected } from './terminal.test-support';

const MODELS = [
  'teacher.safetensors',
  'student.safetensors',
  'student-synthetic-1.safetensors',
  'scratch-synthetic-1.safetensors',
];

const LAUNCHER = fileURLToPath(new URL('../../.ci/studio.mjs', import.meta.url));

/** A software adapter compiles each kernel when it first runs, which can take a minute. */
const TIMEOUT_MS = 400_000;

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-train-'));
  const [first, second] = syntheticSessions({
    sessionCount: 2,
    durationS: 30,
    channelCount: 6,
    seed: 4,
  });
  writeFileSync(at('one.arrow'), writeArrow(first));
  writeFileSync(at('blind.arrow'), writeArrow({ ...second, behaviour: undefined }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SMALL =
  '--preset nano --segment-frames 50 --model-dim 16 --state-dim 8 --head-dim 8 --channel-dim 2 --batch 4 --guard 1 --epochs-teacher 3 --epochs-student 1 --epochs-finetune 1'.split(
    ' ',
  );

const trainArgs = (out: string): string[] => [
  'train',
  '--data',
  at('one.arrow'),
  at('blind.arrow'),
  '--out',
  at(out),
  '--scratch',
  ...SMALL,
];

interface Ended {
  readonly code: number | null;
  readonly noted: string;
}

/** Runs the command line in a process of its own; Ctrl-C when `interruptAt` appears on stderr. */
function launch(args: readonly string[], interruptAt?: RegExp): Promise<Ended> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let noted = '';
  let isSent = false;
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    noted += part;
    if (isSent || !interruptAt?.test(noted)) return;
    isSent = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, noted }));
  });
}

const read = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8'));

test(
  'Ctrl-C and --resume',
  async () => {
    const whole = await launch(trainArgs('whole'));
    expect(whole.code, whole.noted).toBe(0);
    expect(whole.noted).toContain('synthetic-2: no behaviour, so no fine-tuning');

    const stopped = await launch(trainArgs('parts'), /teacher {2}epoch 1\/3/);
    expect(stopped.code, stopped.noted).toBe(130);
    expect(stopped.noted).toContain('train --resume --out');
    expect(readdirSync(at('parts')).sort()).toEqual(['checkpoints', 'run.json']);

    const again = ['train', '--resume', '--out', at('parts')];
    const resumed = await launch(again);
    expect(resumed.code, resumed.noted).toBe(0);
    expect(resumed.noted).toMatch(/teacher: resuming after step \d+/);

    for (const name of MODELS) {
      const [a, b] = ['whole', 'parts'].map((run) => readModelFile(readFileSync(at(run, name))));
      expect(b.metadata, name).toEqual(a.metadata);
      // Equal numbers, not close ones.
      expect(b.weights, name).toEqual(a.weights);
    }
    expect(read('parts', 'history.json')).toEqual(read('whole', 'history.json'));
  },
  TIMEOUT_MS,
);

test('what a run leaves', async () => {
  const [teacher, student] = MODELS.map((name) => readModelFile(readFileSync(at('whole', name))));
  expect(teacher.config.bidirectional).toBe(true);
  expect(student.config).toMatchObject({ bidirectional: false, outputCount: 2, channelCount: 6 });
  expect(student.metadata).toMatchObject({ synthetic: 'True', front_end: 'realtime' });

  const [result, ...others] = read('whole', 'results.json');
  expect(others).toEqual([]);
  expect(result.evaluations.map(({ model }: { model: string }) => model)).toEqual([
    'student',
    'student from scratch',
    'ridge',
  ]);
  expect(readFileSync(at('whole', 'results.md'), 'utf8')).toContain('student (synthetic)');

  const model = at('whole', 'student-synthetic-1.safetensors');
  const scored = await run('evaluate', '--model', model, '--data', at('one.arrow'), '--guard', '1');
  expect(scored.exitCode, scored.noted).toBe(0);
  expect(scored.printed).toContain(`| ${result.evaluations[0].score.meanR2.toFixed(3)}`);
});

test(
  'a running z-score is in the model file, and evaluate repeats it',
  async () => {
    const tuning = ['--stages', 'finetune', '--student', at('whole', 'student.safetensors')];
    const running = ['--normalise', 'running', '--normalise-s', '5'];
    const data = ['--data', at('one.arrow')];
    const trained = await run(
      'train',
      ...data,
      '--out',
      at('run'),
      ...tuning,
      ...running,
      ...SMALL,
    );
    expect(trained.exitCode, trained.noted).toBe(0);
    const path = at('run', 'student-synthetic-1.safetensors');
    const { metadata } = readModelFile(readFileSync(path));
    expect(metadata).toMatchObject({ normalise: 'running', normalise_s: '5' });
    const fixed = readModelFile(readFileSync(at('whole', 'student-synthetic-1.safetensors')));
    expect(metadata.lfp_mean).toBe(fixed.metadata.lfp_mean);
    expect(fixed.metadata).not.toHaveProperty('normalise');

    const [{ evaluations }] = read('run', 'results.json');
    expect(evaluations[0].frontEnd).toBe('realtime, running z-score of 5 s');
    const scoresWith = async (...more: string[]): Promise<number[]> => {
      const out = at('scores.json');
      const args = ['--model', path, ...data, '--guard', '1', '--segment-frames', '50'];
      const scored = await run('evaluate', ...args, '--out', out, ...more);
      expect(scored.exitCode, scored.noted).toBe(0);
      const [result] = read('scores.json');
      return result.evaluations.map(({ score }: { score: { meanR2: number } }) => score.meanR2);
    };
    const [network, ridge] = await scoresWith();
    expect(network).toBeCloseTo(evaluations[0].score.meanR2, 5);
    expect(ridge).toBe(evaluations[1].score.meanR2);
    // Control: the other normalisation scores otherwise.
    const [otherNetwork, otherRidge] = await scoresWith('--normalise', 'training');
    expect(otherNetwork).not.toBeCloseTo(network, 5);
    expect(otherRidge).not.toBe(ridge);

    const alone = await run(
      'evaluate',
      '--model',
      path,
      ...data,
      '--normalise',
      'training',
      '--normalise-s',
      '5',
    );
    expect(alone.exitCode).toBe(2);
    expect(alone.noted).toMatch(/--normalise-s expected --normalise running/);
  },
  TIMEOUT_MS,
);

test.each([
  ['a run that has begun', [], /add --resume to continue it/],
  ['another seed', ['--resume', '--seed', '2'], /expected --seed \(not given\) .* got 2/],
])('%s is not overwritten', async (_, more, message) => {
  const args = more.length > 0 ? ['train', '--out', at('whole')] : trainArgs('whole');
  const { exitCode, noted } = await run(...args, ...more);
  expect(exitCode).toBe(1);
  expect(noted).toMatch(message);
});

async function run(...args: string[]) {
  const terminal = collected();
  const exitCode = await studio(args, terminal);
  return { exitCode, printed: terminal.printed.join('\n'), noted: terminal.noted.join('\n') };
}
