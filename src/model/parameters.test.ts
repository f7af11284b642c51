// Where a network's parameters lie: both directions together in memory, and in files as ever.

import { expect, test } from 'vitest';
import { fileLayout } from '../autograd/parameterLayout';
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
