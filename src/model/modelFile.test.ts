// Model files: what is written is read back, the authors' files are understood, and a misfit is named.

import { describe, expect, test } from 'vitest';
import type { ModelConfig } from './config';
import { GOLDEN_FILES, GOLDEN_TITLE, goldenFiles, hasGolden } from './goldenModel.test-support';
import { decoderWeights, hasReadout, readModelFile, writeModelFile } from './modelFile';
import { decoderParameters, initialWeights } from './parameters';
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors';
import { teacherParameters } from './teacher';

const CONFIG: ModelConfig = {
  channelCount: 5,
  bandCount: 3,
  modelDim: 12,
  layerCount: 2,
  stateDim: 4,
  headDim: 8,
  expand: 2,
  convTaps: 4,
  channelDim: 2,
  ecaTaps: 3,
  bidirectional: false,
  outputCount: 7,
};

describe('round trip', () => {
  test.each([
    ['student', CONFIG],
    ['bidirectional with readout', { ...CONFIG, bidirectional: true }],
    ['one band', { ...CONFIG, bandCount: 1 }],
  ])('%s', (_, config) => {
    const weights = initialWeights(decoderParameters(config), 3);
    const file = readModelFile(writeModelFile(config, weights, { preset: 'nano', seed: '3' }));
    expect(file.config).toEqual(config);
    expect(file.weights).toEqual(new Map([...weights].sort(([a], [b]) => (a < b ? -1 : 1))));
    expect(file.metadata).toMatchObject({ preset: 'nano', seed: '3', n_channels: '5' });
  });

  test('a teacher has no readout, and zeros stand in for it', () => {
    const config = { ...CONFIG, modelDim: 16, bidirectional: true, outputCount: 1 };
    const weights = initialWeights(teacherParameters(config), 3);
    const file = readModelFile(writeModelFile(config, weights));
    expect(file.config).toEqual(config);
    expect(hasReadout(file.weights)).toBe(false);
    expect(decoderWeights(file).get('skip.weight')).toEqual(new Float32Array(15));
  });
});

describe.skipIf(!hasGolden)(GOLDEN_TITLE, () => {
  test.each(GOLDEN_FILES)('%s, with the unused parameters left out', (name) => {
    const { model, parameters, metadata } = goldenFiles(name, true);
    const { config, weights } = readModelFile(model);
    expect(config.bidirectional).toBe(name.includes('bidirectional'));
    expect(config).toMatchObject({
      channelCount: Number(metadata.n_channels),
      modelDim: Number(metadata.d_model),
      bandCount: 1,
      outputCount: 2,
    });
    expect([...weights.keys()].sort()).toEqual([...parameters.keys()].sort());
    expect(weights.get('out_proj.weight')).toEqual(parameters.get('out_proj.weight')!.data);
  });
});

describe('misfits are named', () => {
  type Tensors = Map<string, StoredTensor>;
  type Metadata = Record<string, string>;
  test.each<[string, (tensors: Tensors, metadata: Metadata) => void, RegExp | undefined]>([
    ['nothing changed (control)', () => {}, undefined],
    ['no configuration', (_, m) => void delete m.d_model, /d_model in the metadata, got none/],
    ['no number', (_, m) => void (m.n_layers = 'two'), /n_layers in the metadata, got "two"/],
    ['no truth', (_, m) => void (m.bidirectional = 'maybe'), /True or False under bidirectional/],
    ['bands disagree', (_, m) => void (m.n_bands = '2'), /n_bands to agree .* got 2 and 3/],
    ['odd state', (_, m) => void (m.d_state = '6'), /stateDim to be a multiple of 4, got 6/],
    ['missing', (t) => void t.delete('encoder.layers.1.ssd.D'), /none for encoder.layers.1.ssd.D/],
    ['half a readout', (t) => void t.delete('skip.bias'), /none for skip.bias/],
    [
      'foreign',
      (t) => void t.set('head.weight', { shape: [1], data: Float32Array.of(1) }),
      /got head.weight/,
    ],
    ['more layers than said', (_, m) => void (m.n_layers = '1'), /got encoder.layer/],
    ['another size', (_, m) => void (m.d_model = '16'), /as \[/],
  ])('%s', (_, change, message) => {
    const { tensors, metadata } = readSafetensors(
      writeModelFile(CONFIG, initialWeights(decoderParameters(CONFIG), 3)),
    );
    change(tensors, metadata);
    const read = () => readModelFile(writeSafetensors(tensors, metadata));
    if (message) expect(read).toThrow(message);
    else expect(read().config).toEqual(CONFIG);
  });
});
