// Wrong calls and unusable files: one sentence on stderr, the right exit code, and nothing written.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseOptions } from './options';
import { formatTime } from './progress';
import { studio } from './studio';
import { collected } from './terminal.test-support';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-studio-'));
  writeFileSync(join(folder, 'text.npz'), 'not a recording');
  writeFileSync(join(folder, 'text.safetensors'), 'not a model');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(line: string) {
  const terminal = collected();
  const args = line.split(' ').filter((word) => word !== '');
  const exitCode = await studio(
    args.map((word) => word.replace('DIR', folder)),
    terminal,
  );
  return { exitCode, printed: terminal.printed.join('\n'), noted: terminal.noted };
}

describe('wrong usage', () => {
  test.each([
    ['', /COMMAND \[options\]/],
    [
      'fly',
      /expected a command \(devices, inspect, import, train, evaluate, forward, decode\), got "fly"/,
    ],
    ['forward', /\[forward\] --model FILE is missing/],
    ['forward --model a --input b', /--out FILE is missing/],
    ['forward --model a --input b --out c --device tpu', /--device expected gpu or cpu, got "tpu"/],
    ['forward --speed 3', /Unknown option '--speed'/],
    ['devices now', /Unexpected argument 'now'/],
    ['train --out DIR/run', /--data FILE is missing/],
    ['train --data x', /--out DIR.* is missing/],
    [
      'train --data x --out DIR/run --preset huge',
      /--preset expected .*nano, got "huge"|--preset expected/,
    ],
    ['train --data x --out DIR/run --epochs-teacher 1.5', /whole number from 1, got "1.5"/],
    ['train --data x --out DIR/run --layers 0', /whole number from 1, got "0"/],
    ['train --data x --out DIR/run --dropout much', /a number from 0, got "much"/],
    ['train --data x --out DIR/run --stages teacher,cat', /--stages expected some of .* got "cat"/],
    ['train --data x --out DIR/run --stages student', /needs the stage teacher or --teacher/],
    ['decode --model a --input b --out c --frame-rate 0', /a number from 1, got "0"/],
    ['decode --model a --input b --out c --at-once 0', /a whole number from 1, got "0"/],
  ])('%s', async (line, message) => {
    const { exitCode, noted } = await run(line);
    expect(exitCode).toBe(2);
    expect(noted).toHaveLength(1);
    expect(noted[0]).toMatch(message);
  });
});

describe('unusable files', () => {
  test.each([
    ['forward --model DIR/none --input b --out c', /none", got nothing there: check the path/],
    ['forward --model DIR --input b --out c', /got a folder: name a file in it/],
    ['forward --model DIR/text.safetensors --input b --out c', /^\[safetensors\] expected/],
    ['train --data DIR/text.npz --out DIR/run', /^\[open\] expected a.* recording/],
    ['train --resume --out DIR/run', /expected a run to resume in .*leave out --resume/],
    ['evaluate --model DIR/none --data DIR/text.npz', /nothing there/],
  ])('%s', async (line, message) => {
    const { exitCode, noted } = await run(line);
    expect(exitCode).toBe(1);
    expect(noted).toHaveLength(1);
    expect(noted[0]).toMatch(message);
    expect(noted[0]).not.toContain('\n');
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });
});

test.each(['devices', 'inspect', 'import', 'train', 'evaluate', 'forward', 'decode'])(
  '%s --help',
  async (command) => {
    const { exitCode, printed, noted } = await run(`${command} --help`);
    expect(exitCode).toBe(0);
    expect(noted).toEqual([]);
    expect(printed).toContain(`npm run studio -- ${command}`);
  },
);

describe('options', () => {
  const table = {
    data: { kind: 'list', help: '' },
    seed: { kind: 'integer', help: '' },
    resume: { kind: 'flag', help: '' },
  } as const;

  test.each([
    ['--data a b --seed 3', { data: ['a', 'b'], seed: '3' }],
    ['--data a --resume --data b', { data: ['a', 'b'], resume: true }],
    ['--data=a b', undefined],
    ['--resume b', undefined],
    ['--seed=4', { seed: '4' }],
  ])('%s', (line, expected) => {
    const parse = () => ({ ...parseOptions(table, line.split(' ')).values });
    if (expected) expect(parse()).toEqual(expected);
    else expect(parse).toThrow(/Unexpected argument 'b'/);
  });
});

test.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [61, '1 min 1 s'],
  [7500, '2 h 5 min'],
])('%d seconds read %s', (seconds, text) => expect(formatTime(seconds)).toBe(text));
