// Runs torchStudent.py where a python3 with PyTorch is installed, eager and under torch.compile. Node only.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TorchRow } from './torchPeer';
import script from './torchStudent.py?raw';

/** What torchStudent.py prints. */
interface Answer {
  readonly torch: string;
  readonly device: string;
  readonly threads: number;
  readonly canCompile: boolean;
  readonly publishedParameters: number;
  readonly lossError: number;
  readonly gradientError?: number;
  readonly firstMs?: number;
  readonly stepsMs?: readonly number[];
}

const run = promisify(execFile);
/** Timed after the first. */
const STEPS = 5;
/** Parameters of the student as published. */
const PUBLISHED = 4_909_273;
const LOSS_TOLERANCE = 1e-4;

/** The first python3 that imports torch; undefined where none does. */
export async function pythonWithTorch(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    const found = await run(python, ['-c', 'import torch']).then(
      () => true,
      () => false,
    );
    if (found) return python;
  }
}

/** Runs the script on a student's safetensors. */
export async function torchStudent(
  python: string,
  student: Uint8Array,
  options: readonly string[],
): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'realm-torch-'));
  const [file, program] = ['student.safetensors', 'step.py'].map((name) => join(folder, name));
  writeFileSync(file, student);
  writeFileSync(program, script);
  try {
    const { stdout } = await run(python, [program, file, ...options]);
    return JSON.parse(stdout) as Answer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Eager, and compiled where PyTorch has it; no rows where there is no PyTorch. */
export async function runTorch(
  student: Uint8Array,
  log: (line: string) => void,
): Promise<TorchRow[]> {
  const python = await pythonWithTorch();
  if (!python) {
    log('PyTorch: no python3 here imports torch, so its rows are left out');
    return [];
  }
  const options = ['--steps', `${1 + STEPS}`, '--threads', `${availableParallelism()}`];
  const eager = await torchStudent(python, student, options);
  const rows = [rowOf('eager', eager)];
  if (eager.canCompile) {
    const compiled = await torchStudent(python, student, [...options, '--compile']);
    rows.push(rowOf('torch.compile', compiled));
  } else log(`PyTorch ${eager.torch} has no torch.compile`);
  for (const { torch, mode, threads, medianMs } of rows) {
    log(`PyTorch ${torch} ${mode}, ${threads} threads: ${medianMs.toFixed(0)} ms`);
  }
  return rows;
}

function rowOf(mode: TorchRow['mode'], answer: Answer): TorchRow {
  const { torch, device, threads, firstMs = Number.NaN, stepsMs = [] } = answer;
  const { publishedParameters, lossError } = answer;
  if (publishedParameters !== PUBLISHED || !(lossError < LOSS_TOLERANCE)) {
    throw new Error(
      `[bench] expected the same student in PyTorch, got ${publishedParameters} parameters and a loss that differs by ${lossError}`,
    );
  }
  const sorted = [...stepsMs].sort((a, b) => a - b);
  return {
    mode,
    torch,
    device,
    threads,
    firstMs,
    medianMs: sorted[sorted.length >> 1],
    minMs: sorted[0],
    maxMs: sorted[sorted.length - 1],
  };
}
