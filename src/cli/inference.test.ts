// `forward` and `decode` from a model file and an input file alone, against the golden vectors.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  GOLDEN_TITLE,
  goldenFiles,
  hasGolden,
  relativeError,
} from '../model/goldenModel.test-support';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../model/safetensors';
import { studio } from './studio';
import { collected } from './terminal.test-support';

/** Relative to each tensor's norm; the vectors themselves are f32. */
const TOLERANCE = { gpu: 1e-4, cpu: 1e-5 } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-inference-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(
  command: string,
  file: string,
  device: string,
  more: readonly string[] = [],
): Promise<Result> {
  const { model, input } = goldenFiles(file, true);
  return runFiles(command, model, input, device, more);
}

interface Result {
  readonly exitCode: number;
  readonly printed: string;
  readonly noted: string;
  tensors(): Map<string, StoredTensor>;
}

async function runFiles(
  command: string,
  model: Uint8Array,
  input: Uint8Array,
  device: string,
  more: readonly string[] = [],
): Promise<Result> {
  const path = (name: string) => join(folder, `${name}.safetensors`);
  writeFileSync(path('model'), model);
  writeFileSync(path('input'), input);
  const terminal = collected();
  const args = ['--model', path('model'), '--input', path('input'), '--out', path('out')];
  const exitCode = await studio([command, ...args, '--device', device, ...more], terminal);
  return {
    exitCode,
    printed: terminal.printed.join('\n'),
    noted: terminal.noted.join('\n'),
    tensors: () => readSafetensors(readFileSync(path('out'))).tensors,
  };
}

describe.skipIf(!hasGolden)(GOLDEN_TITLE, () => {
  test.each([
    ['forward', 'realm_causal_small', 'cpu', ''],
    ['forward', 'realm_causal_small', 'gpu', ''],
    ['forward', 'realm_bidirectional_small', 'cpu', ''],
    ['forward', 'realm_bidirectional_small', 'gpu', ''],
    ['forward', 'realm_causal_medium', 'gpu', ''],
    ['decode', 'realm_causal_small', 'cpu', ''],
    ['decode', 'realm_causal_small', 'gpu', '--path=gpu'],
    ['decode', 'realm_causal_small', 'gpu', '--path=cpu'],
    ['decode', 'realm_causal_medium', 'gpu', '--path=gpu'],
    ['decode', 'realm_causal_medium', 'gpu', '--path=cpu'],
    ['decode', 'realm_causal_medium', 'gpu', ''],
  ] as const)('%s %s on %s %s', async (command, file, device, path) => {
    const result = await run(command, file, device, path ? [path] : []);
    expect(result.noted).toBe('');
    expect(result.exitCode).toBe(0);
    const tensors = result.tensors();
    const { output } = goldenFiles(file);
    const pairs = { tokens: 'tokens', hidden: 'hidden', behaviour: 'velocity' };
    for (const [own, theirs] of Object.entries(pairs)) {
      const expected = output(theirs);
      expect(tensors.get(own)?.shape).toEqual(expected.shape);
      expect(relativeError(tensors.get(own)!.data, expected.data)).toBeLessThan(TOLERANCE[device]);
    }
    if (command === 'decode') expect(result.printed).toMatch(/latency of \d+ frames: p50 \d/);
    if (command === 'decode' && device === 'gpu') {
      const wanted = path ? path.slice('--path='.length) : '(gpu|cpu)';
      expect(result.printed).toMatch(new RegExp(`path: ${wanted}, `));
      expect(result.printed).toMatch(/gpu: p50 [\d.]+ ms.*\n.*cpu: p50 [\d.]+ ms/);
    }
  });

  test.each(['gpu', 'cpu'])(
    'frames decoded together on %s have the bits of single frames',
    async (path) => {
      const decoded = async (atOnce: number) => {
        const more = ['--path', path, '--at-once', `${atOnce}`];
        const result = await run('decode', 'realm_causal_small', 'gpu', more);
        expect(result.noted).toBe('');
        expect(result.printed).toMatch(/latency of \d+ frames: p50 \d/);
        return result.tensors();
      };
      const single = await decoded(1);
      expect(single.size).toBe(3);
      // No divisor of the recording's length, and the most.
      expect(await decoded(7)).toEqual(single);
      expect(await decoded(32)).toEqual(single);
    },
  );

  test('the reference has one path', async () => {
    const { exitCode, noted } = await run('decode', 'realm_causal_small', 'cpu', ['--path', 'cpu']);
    expect(exitCode).toBe(2);
    expect(noted).toMatch(/--path expected no --device cpu/);
  });

  test('a bidirectional model cannot be streamed', async () => {
    const { exitCode, noted } = await run('decode', 'realm_bidirectional_small', 'cpu');
    expect(exitCode).toBe(1);
    expect(noted).toMatch(/expected a causal model/);
  });

  test.each<[string, number[], RegExp]>([
    ['other channels', [2, 7, 53], /expected lfp \[B,8,T\], got \[2,7,53\]/],
    ['bands that the model lacks', [1, 8, 2, 20], /expected lfp \[B,8,T\], got \[1,8,2,20\]/],
    ['no batch', [8, 53], /got \[8,53\]/],
  ])('input with %s', async (_, shape, message) => {
    const data = new Float32Array(shape.reduce((n, size) => n * size, 1));
    const input = writeSafetensors(new Map([['lfp', { shape, data }]]));
    const { model } = goldenFiles('realm_causal_small');
    const { exitCode, noted } = await runFiles('forward', model, input, 'cpu');
    expect(exitCode).toBe(1);
    expect(noted).toMatch(message);
  });

  test('one band may have an axis of its own, and a missing mask means all valid', async () => {
    const { model, input } = goldenFiles('realm_causal_small');
    const lfp = readSafetensors(input).tensors.get('lfp')!;
    const [b, c, t] = lfp.shape;
    const ones = new Float32Array(b * c).fill(1);
    const file = (entries: [string, StoredTensor][]) => writeSafetensors(new Map(entries));
    const wide = file([['lfp', { shape: [b, c, 1, t], data: lfp.data }]]);
    const plain = file([
      ['lfp', lfp],
      ['channel_mask', { shape: [b, c], data: ones }],
    ]);
    const first = (await runFiles('forward', model, wide, 'cpu')).tensors();
    const second = (await runFiles('forward', model, plain, 'cpu')).tensors();
    expect(first.get('behaviour')).toEqual(second.get('behaviour'));
  });
});
