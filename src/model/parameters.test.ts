// Where a network's parameters lie: both directions together in memory, and in files as ever.

import { expect, test } from 'vitest';
import { fileLayout, memoryLayout } from '../autograd/parameterLayout';
import { sizeOf } from '../autograd/tensor';
import type { ModelConfig } from './config';
import { teacherParameters } from './teacher';

const config: ModelConfig = {
  channelCount: 96,
  bandCount: 1,
  modelDim: 256,
  layerCount: 1,
  stateDim: 64,
  headDim: 64,
  expand: 2,
  convTaps: 4,
  channelDim: 8,
  ecaTaps: 5,
  bidirectional: true,
  outputCount: 2,
};
const specs = teacherParameters(config);
const isTrained = (name: string): boolean => name !== 'encoder.eca_conv.weight';

test('checkpoints have the order of those from when the directions lay one after the other', () => {
  const { offsets, trainedCount, count } = fileLayout(specs, isTrained);
  expect([trainedCount, count]).toEqual([2147072, 2147136]);
  const expected = {
    'encoder.spatial_norm.bias': 197248,
    'encoder.layers.0.fwd.ssd.dt_proj.weight': 528384,
    'encoder.layers.0.bwd.in_proj.weight': 663616,
    'encoder.layers.0.bwd.ssd.dt_proj.weight': 993984,
    mask_token: 1261568,
    'predictor.block.bwd.ssd.dt_proj.bias': 1660480,
    'predictor.out.bias': 2146944,
    'encoder.eca_conv.weight': 2147072,
  };
  for (const [name, offset] of Object.entries(expected)) {
    expect(offsets.get(name), name).toBe(offset);
  }
});

test('in memory every parameter of one direction is followed by that of the other', () => {
  const { offsets } = memoryLayout(specs, isTrained);
  const size = (name: string): number => sizeOf(specs.find((spec) => spec.name === name)!.shape);
  const ahead = specs.map(({ name }) => name).filter((name) => name.includes('.fwd.'));
  expect(ahead).toHaveLength(2 * 9);
  for (const name of ahead) {
    // B and C with dt are one matrix for each direction.
    const row = /bc_proj|dt_proj\.weight/.test(name)
      ? ['ssd.bc_proj.weight', 'ssd.dt_proj.weight']
      : [name.slice(name.indexOf('.fwd.') + 5)];
    const prefix = name.slice(0, name.indexOf('.fwd.') + 5);
    const length = row.reduce((sum, part) => sum + size(prefix + part), 0);
    const distance = offsets.get(name.replace('.fwd.', '.bwd.'))! - offsets.get(name)!;
    expect(distance, name).toBe(length);
  }
});
