// Stepping on the processor against the full forward pass in float64, over sizes with and without a rest.

import { describe, expect, test } from 'vitest';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { CPU } from '../autograd/store';
import { uniform } from '../base/rng';
import { checkConfig, lfpColumns, type ModelConfig } from '../model/config';
import { compileForward } from '../model/forward';
import { relativeError } from '../model/goldenModel.test-support';
import { decoderParameters, initialWeights } from '../model/parameters';
import { createCpuDecoder } from './cpuDecoder';
import type { Decoder } from './decoder';

const FRAMES = 500;

/** f32 states and products over 500 frames against float64; relative to the norm. */
const STREAM_TOLERANCE = 1e-4;

const small: ModelConfig = {
  channelCount: 12,
  bandCount: 1,
  modelDim: 32,
  layerCount: 2,
  stateDim: 16,
  headDim: 16,
  expand: 2,
  convTaps: 4,
  channelDim: 4,
  ecaTaps: 5,
  bidirectional: false,
  outputCount: 2,
};

/** Few sizes fill the blocks and lanes of the kernels; the full forward pass takes heads and states in fours. */
const odd: ModelConfig = {
  ...small,
  channelCount: 5,
  bandCount: 2,
  modelDim: 20,
  layerCount: 3,
  stateDim: 12,
  headDim: 4,
  convTaps: 3,
  channelDim: 3,
  ecaTaps: 3,
  outputCount: 3,
};

const paperWidth: ModelConfig = {
  ...small,
  channelCount: 96,
  modelDim: 256,
  layerCount: 1,
  stateDim: 64,
  headDim: 64,
  channelDim: 8,
};

const cases: [string, ModelConfig, 'realm' | 'mamba2'][] = [
  ['one band', small, 'mamba2'],
  ['one band, REALM initialisation', small, 'realm'],
  ['three bands', { ...small, bandCount: 3 }, 'mamba2'],
  ['sizes with a rest', odd, 'mamba2'],
  ['one convolution tap, one electrode', { ...small, convTaps: 1, channelCount: 1 }, 'mamba2'],
  ['a layer of the paper', paperWidth, 'mamba2'],
];

type Rows = Record<'behaviour' | 'tokens' | 'hidden', Float32Array>;

const recording = (config: ModelConfig, salt = 0): Float32Array =>
  Float32Array.from(
    { length: FRAMES * lfpColumns(config) },
    (_, i) => 4 * uniform(3, 1, salt, i) - 2,
  );

/** Every third channel from the second is rejected. */
const maskOf = ({ channelCount }: ModelConfig): Float32Array =>
  Float32Array.from({ length: channelCount }, (_, c) => (c % 3 === 1 ? 0 : 1));

async function forward(
  config: ModelConfig,
  weights: Weights,
  lfp: Float32Array,
  mask: Float32Array,
): Promise<Rows> {
  const parameters = new ParameterSet(CPU, decoderParameters(config));
  parameters.load(weights);
  const { plan, tensors, predict } = await compileForward(CPU, parameters, config, 1, FRAMES);
  const behaviour = await predict(lfp, mask);
  return {
    behaviour,
    tokens: await plan.read(tensors.tokens),
    hidden: await plan.read(tensors.hidden),
  };
}

/** Every result of all frames, one row after the other. */
async function stepAll(decoder: Decoder, lfp: Float32Array): Promise<Rows> {
  const columns = lfp.length / FRAMES;
  const rows: Record<keyof Rows, number[]> = { behaviour: [], tokens: [], hidden: [] };
  for (let t = 0; t < FRAMES; t++) {
    const decoded = await decoder.step(lfp.subarray(t * columns, (t + 1) * columns));
    for (const name of Object.keys(rows) as (keyof Rows)[]) rows[name].push(...decoded[name]);
  }
  const flat = (name: keyof Rows): Float32Array => Float32Array.from(rows[name]);
  return { behaviour: flat('behaviour'), tokens: flat('tokens'), hidden: flat('hidden') };
}

describe.each(cases)('%s', (_, config, init) => {
  checkConfig(config);
  const weights = initialWeights(decoderParameters(config), 5, init);
  const lfp = recording(config);
  const mask = maskOf(config);

  test('equals the full forward pass, after a reset to the bit', async () => {
    const expected = await forward(config, weights, lfp, mask);
    const decoder = await createCpuDecoder(config, weights, { channelMask: mask });
    const first = await stepAll(decoder, lfp);
    for (const name of Object.keys(expected) as (keyof Rows)[]) {
      expect(relativeError(first[name], expected[name]), name).toBeLessThan(STREAM_TOLERANCE);
    }
    // Control: without a reset the stream goes on, and gives other numbers.
    expect(await stepAll(decoder, lfp)).not.toEqual(first);
    decoder.reset();
    expect(await stepAll(decoder, lfp)).toEqual(first);
    decoder.destroy();
  });
});

test('the mask matters', async () => {
  const weights = initialWeights(decoderParameters(small), 5, 'mamba2');
  const lfp = recording(small);
  const expected = await forward(small, weights, lfp, maskOf(small));
  const unmasked = await stepAll(await createCpuDecoder(small, weights), lfp);
  expect(relativeError(unmasked.tokens, expected.tokens)).toBeGreaterThan(0.01);
});

test('streams side by side equal streams alone, to the bit', async () => {
  const weights = initialWeights(decoderParameters(small), 5, 'mamba2');
  const recordings = [recording(small, 1), recording(small, 2)];
  const alone = await Promise.all(
    recordings.map(async (lfp) => stepAll(await createCpuDecoder(small, weights), lfp)),
  );
  const columns = lfpColumns(small);
  const both = new Float32Array(2 * FRAMES * columns);
  for (let i = 0; i < both.length; i++) {
    const row = Math.floor(i / columns);
    both[i] = recordings[row % 2][Math.floor(row / 2) * columns + (i % columns)];
  }
  const got = await stepAll(await createCpuDecoder(small, weights, { batch: 2 }), both);
  const { outputCount } = small;
  alone.forEach(({ behaviour }, b) => {
    const own = got.behaviour.filter((_, i) => Math.floor(i / outputCount) % 2 === b);
    expect(own).toEqual(behaviour);
  });
});

test('later changes of the weights and the mask do not reach the decoder', async () => {
  const weights = initialWeights(decoderParameters(small), 5, 'mamba2');
  const mask = maskOf(small);
  const lfp = recording(small);
  const decoder = await createCpuDecoder(small, weights, { channelMask: mask });
  const before = await stepAll(decoder, lfp);
  for (const values of [...weights.values(), mask]) values.fill(0.5);
  decoder.reset();
  expect(await stepAll(decoder, lfp)).toEqual(before);
});

describe('refuses', () => {
  const weights = initialWeights(decoderParameters(small), 5);

  test('a bidirectional model', async () => {
    await expect(createCpuDecoder({ ...small, bidirectional: true }, weights)).rejects.toThrow(
      /expected a causal model/,
    );
  });

  test('weights of another model', async () => {
    await expect(createCpuDecoder({ ...small, modelDim: 16 }, weights)).rejects.toThrow(
      /\[weights\] expected encoder\.spatial_proj\.weight with 768 numbers \[16,48\], got 1536/,
    );
  });

  test('a mask of other channels', async () => {
    await expect(
      createCpuDecoder(small, weights, { channelMask: new Float32Array(11) }),
    ).rejects.toThrow(/\[decoder\] expected a channel mask of 12 numbers, got 11/);
  });

  test('a frame of other channels', async () => {
    const decoder = await createCpuDecoder(small, weights);
    await expect(decoder.step(new Float32Array(11))).rejects.toThrow(
      /\[decoder\] expected a frame of 12 numbers, got 11/,
    );
  });
});
