// The causal student and what distillation adds to it: the reconstruction head g, and a projection where the widths
// of student and teacher differ (REALM, section 1.5).

import type { Tensor } from '../autograd/tensor';
import { gelu } from '../ops/elementwise';
import { linear } from '../ops/linear';
import { lfpColumns, type ModelConfig } from './config';
import type { Reader } from './mamba';
import { linearParameters, type ModelParameter } from './parameters';

/** Parameters used in distillation only and discarded with it. */
export function distillationParameters(
  student: ModelConfig,
  teacher: ModelConfig,
): ModelParameter[] {
  const { modelDim } = student;
  return [
    ...linearParameters('reconstruction.0', modelDim, modelDim),
    ...linearParameters('reconstruction.2', lfpColumns(student), modelDim),
    ...(modelDim === teacher.modelDim
      ? []
      : linearParameters('projection', teacher.modelDim, modelDim)),
  ];
}

/** g(hidden): Linear, GELU, Linear to the LFP frame [B, T, C*bands]. */
export function reconstructFrame(hidden: Tensor, read: Reader): Tensor {
  const inner = linear(hidden, read('reconstruction.0.weight'), read('reconstruction.0.bias'));
  return linear(gelu(inner), read('reconstruction.2.weight'), read('reconstruction.2.bias'));
}

/** The student's hidden in the teacher's width; itself where the widths agree, as in the paper. */
export function projectHidden(hidden: Tensor, read: Reader, teacher: ModelConfig): Tensor {
  if (hidden.shape[2] === teacher.modelDim) return hidden;
  return linear(hidden, read('projection.weight'), read('projection.bias'));
}

/** Parameters that the student copies from the teacher: the whole tokenizer, where the sizes agree. */
export const isTokenizer = (name: string): boolean =>
  /^encoder\.(temporal_conv|eca_conv|spatial_proj|spatial_norm)\./.test(name);
