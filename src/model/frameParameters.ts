// The parameters of one live frame: those of the student, its matrices in the order in which the frame's kernels read.

import type { ParameterSpec } from '../autograd/parameterLayout';
import { checkWeights, type Weights } from '../autograd/parameterSet';
import type { Shape } from '../autograd/tensor';
import { packedShape, packRows } from '../ops/framePath';
import { headCount, innerDim, type ModelConfig } from './config';
import { decoderParameters } from './parameters';

export interface FrameParameters {
  readonly specs: readonly ParameterSpec[];
  readonly weights: Weights;
}

/**
 * Per layer `in_proj.weight` [2I, D] packed, `ssd.inputs.weight` [2N + H, I] packed (B, C and dt), `ssd.heads` [3, H]
 * (D, A_log and the bias of dt) and `out_proj.weight` [D, I] packed head by head; the readout's weight packed; the
 * others as they are.
 * @throws Error naming a weight that is missing or has another size
 */
export function frameParameters(config: ModelConfig, weights: Weights): FrameParameters {
  checkWeights(decoderParameters(config), weights);
  const { headDim, layerCount, modelDim, outputCount, stateDim } = config;
  const inner = innerDim(config);
  const heads = headCount(config);
  const specs: ParameterSpec[] = [];
  const found = new Map<string, Float32Array>();
  const add = (name: string, shape: Shape, values: Float32Array): void => {
    specs.push({ name, shape, decay: false });
    found.set(name, values);
  };
  const addPacked = (name: string, values: Float32Array, rows: number, columns: number): void =>
    add(name, packedShape(rows, columns), packRows(values, rows, columns));

  for (const { name, shape } of decoderParameters(config)) {
    const isPacked = /\.(in_proj|out_proj)\.weight$|\.ssd\.|^out_proj\.weight$/.test(name);
    if (!isPacked) add(name, shape, weights.get(name)!);
  }
  for (let i = 0; i < layerCount; i++) {
    const prefix = `encoder.layers.${i}.`;
    const of = (name: string): Float32Array => weights.get(prefix + name)!;
    const joined = (...names: string[]) =>
      Float32Array.from(names.flatMap((name) => [...of(name)]));
    addPacked(`${prefix}in_proj.weight`, of('in_proj.weight'), 2 * inner, modelDim);
    const inputs = joined('ssd.bc_proj.weight', 'ssd.dt_proj.weight');
    addPacked(`${prefix}ssd.inputs.weight`, inputs, 2 * stateDim + heads, inner);
    add(`${prefix}ssd.heads`, [3, heads], joined('ssd.D', 'ssd.A_log', 'ssd.dt_proj.bias'));
    const out = packByHead(of('out_proj.weight'), modelDim, heads, headDim);
    add(`${prefix}out_proj.weight`, [heads, ...packedShape(modelDim, headDim)], out);
  }
  addPacked('out_proj.weight', weights.get('out_proj.weight')!, outputCount, modelDim);
  return { specs, weights: found };
}

/** A matrix [rows, heads * headDim] as one packed matrix [rows, headDim] for each head. */
function packByHead(
  matrix: Float32Array,
  rows: number,
  heads: number,
  headDim: number,
): Float32Array {
  const packed = Array.from({ length: heads }, (_, h) => {
    const own = Float32Array.from({ length: rows * headDim }, (_, i) => {
      return matrix[(Math.floor(i / headDim) * heads + h) * headDim + (i % headDim)];
    });
    return packRows(own, rows, headDim);
  });
  const joined = new Float32Array(packed.length * packed[0].length);
  for (const [h, own] of packed.entries()) joined.set(own, h * own.length);
  return joined;
}
