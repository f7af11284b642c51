// The student that PyTorch is timed with computes the published one: losses and gradients of the golden vectors.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GOLDEN_TITLE, hasGolden } from '../src/model/goldenModel.test-support';
import { pythonWithTorch, torchStudent } from './torchStep';

const python = await pythonWithTorch();
const title = python ? GOLDEN_TITLE : 'golden vectors (SKIPPED: no python3 here imports torch)';

/** The vectors themselves are f32. */
const TOLERANCE = 1e-4;

describe.skipIf(!python || !hasGolden)(`PyTorch and the ${title}`, () => {
  test.each([
    ['realm_causal_small', 16],
    ['realm_causal_medium', 50],
  ])('%s in chunks of %d', async (file, chunk) => {
    const url = new URL(`../../shared/golden/${file}.safetensors`, import.meta.url);
    const options = ['--check', '--chunk', `${chunk}`];
    const answer = await torchStudent(python!, readFileSync(url), options);
    expect(answer.lossError).toBeLessThan(TOLERANCE);
    expect(answer.gradientError).toBeLessThan(TOLERANCE);
  });
});
