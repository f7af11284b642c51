// The smallest student that has every part, for tests that are not about networks.
import { checkConfig, type ModelConfig } from './config';
import { decoderParameters, initialWeights } from './parameters';

export const TINY_CONFIG: ModelConfig = checkConfig({
  channelCount: 4,
  bandCount: 1,
  modelDim: 8,
  layerCount: 1,
  stateDim: 4,
  headDim: 8,
  expand: 2,
  convTaps: 4,
  channelDim: 2,
  ecaTaps: 3,
  bidirectional: false,
  outputCount: 2,
});

export const tinyWeights = (config = TINY_CONFIG) =>
  initialWeights(decoderParameters(config), 3, 'mamba2');
