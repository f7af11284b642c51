// The matrix products that the presets' students meet, and their gradients.

import { headCount, innerDim } from '../src/model/config';
import { presetOf } from '../src/train/settings';
import { configOfPreset } from './realmSteps';

export interface MatmulShape {
  readonly name: string;
  /** Rows and columns of the result, and the summed dimension. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Which operands are transposed: x W^T forward, dy W by the input, dy^T x by the weight. */
  readonly kind: 'forward' | 'input' | 'weight';
}

/** `n` outputs of `k` inputs for each of `rows`, forward and backward. */
function ofLinear(name: string, rows: number, n: number, k: number): MatmulShape[] {
  return [
    { name, m: rows, n, k, kind: 'forward' },
    { name: `${name}, by input`, m: rows, n: k, k: n, kind: 'input' },
    { name: `${name}, by weight`, m: n, n: k, k: rows, kind: 'weight' },
  ];
}

/** @param rows frames of all segments at once */
function ofPreset(id: string, rows: number): MatmulShape[] {
  const config = configOfPreset(id, 'student');
  const { modelDim, stateDim, channelDim, channelCount } = config;
  const inner = innerDim(config);
  return [
    ...ofLinear(`${id} tokenizer`, rows, modelDim, channelCount * channelDim),
    ...ofLinear(`${id} in_proj`, rows, 2 * inner, modelDim),
    // B, C and dt in one.
    ...ofLinear(`${id} bc_proj and dt_proj`, rows, 2 * stateDim + headCount(config), inner),
    ...ofLinear(`${id} out_proj`, rows, modelDim, inner),
  ];
}

const rowsOf = (id: string): number => presetOf(id).finetune.batch * presetOf(id).segmentFrames;

export const matmulShapes = (): MatmulShape[] => [
  { name: 'reference', m: 4096, n: 1024, k: 256, kind: 'forward' },
  // realm-v1 has the same sizes. At batch 2, as the step that is compared with PyTorch.
  ...ofPreset('realm-v2', 2 * presetOf('realm-v2').segmentFrames),
  ...ofPreset('tiny', rowsOf('tiny')),
  ...ofPreset('nano', rowsOf('nano')),
  { name: 'M8 in_proj', m: 2048, n: 644, k: 128, kind: 'forward' },
  { name: 'M8 in_proj, by weight', m: 644, n: 128, k: 2048, kind: 'weight' },
];
