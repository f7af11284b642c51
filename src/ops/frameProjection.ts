// One live frame into a block: layer norm, projection, convolution over time and SiLU in one dispatch.

import activation from '../../shaders/common/activation.wgsl?raw';
import normedParts from '../../shaders/common/normed_parts.wgsl?raw';
import source from '../../shaders/frame_projection.wgsl?raw';
import { numbers, type Op } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import {
  checkColumns,
  checkKept,
  normed,
  packedProduct,
  packedShape,
  padded,
  sigmoid,
  sumParts,
} from './framePath';

const shader = defineShader('frame_projection', source, activation, normedParts);

/** THREADS in the shader: one row each. */
const ROWS_PER_WORKGROUP = 128;

const frameProjectionOp: Op<null> = {
  name: 'frameProjection',
  effect: true,
  infer(shapes) {
    const [parts, normWeight, normBias, weight, taps, tapsBias, window] = shapes;
    const [batch, , columns] = parts;
    const [inner, , tapCount] = taps;
    const fits =
      parts.length === 3 &&
      sameShape(normWeight, [columns]) &&
      sameShape(normBias, [columns]) &&
      sameShape(weight, packedShape(2 * inner, columns)) &&
      sameShape(taps, [inner, 1, tapCount]) &&
      sameShape(tapsBias, [inner]) &&
      sameShape(window, [batch, tapCount, inner]);
    if (!fits) {
      throw new Error(
        `[frameProjection] expected parts [B, S, D], norm [D] and [D], weight of [2I, D] packed, taps [I, 1, K] and [I], and window [B, K, I], got ${shapes.map(showShape).join(' ')}`,
      );
    }
    checkColumns('frameProjection', columns);
    return [[batch, 2 * padded(inner)]];
  },
  cpu({ inputs, outputs: [out], inputShapes: [shape, , , , [inner, , tapCount]] }) {
    const [parts, normWeight, normBias, weight, taps, tapsBias, window] = inputs;
    for (let b = 0; b < shape[0]; b++) {
      const x = normed(sumParts(parts, shape, b), normWeight, normBias);
      const own = window.subarray(b * tapCount * inner, (b + 1) * tapCount * inner);
      own.copyWithin(0, inner);
      for (let d = 0; d < 2 * inner; d++) {
        let value = packedProduct(weight, 2 * inner, d, x);
        let at = 2 * b * padded(inner) + d;
        if (d >= inner) at += padded(inner) - inner;
        else {
          own[(tapCount - 1) * inner + d] = value;
          value = tapsBias[d];
          for (let k = 0; k < tapCount; k++) value += taps[d * tapCount + k] * own[k * inner + d];
        }
        out[at] = value * sigmoid(value);
      }
    }
  },
  gpu({ inputs: [parts, normWeight, normBias, weight, taps, tapsBias, window], outputs: [out] }) {
    const [batch, partCount, columns] = parts.shape;
    const [, tapCount, inner] = window.shape;
    return [
      {
        shader,
        entry: 'step',
        constants: {},
        bindings: {
          parts,
          norm_weight: normWeight,
          norm_bias: normBias,
          weight,
          taps,
          taps_bias: tapsBias,
          window,
          sizes: numbers(partCount, columns, inner, tapCount),
          out,
        },
        workgroups: [Math.ceil((2 * padded(inner)) / ROWS_PER_WORKGROUP), batch, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * SiLU of the convolved first half and of the second half of W norm(sum of the parts) (REALM, section 1.3).
 * @param parts [B, S, D], whose sum over S is the residual stream
 * @param norm weight [D] and bias [D]
 * @param weight W [2I, D], packed (packRows)
 * @param convolution weight [I, 1, K], tap K-1 the current frame's, and bias [I]
 * @param window the last K inputs of the convolution [B, K, I], moved on in place
 * @returns [B, 2J], J = I up to a whole quad: the input of the state-space layer, then its gate
 * @throws Error when the shapes do not fit, D is over 1536, or the window is not stored
 */
export function frameProjection(
  parts: Tensor,
  norm: { readonly weight: Tensor; readonly bias: Tensor },
  weight: Tensor,
  convolution: { readonly weight: Tensor; readonly bias: Tensor },
  window: Tensor,
): Tensor {
  checkKept('frameProjection', window);
  const { weight: taps, bias } = convolution;
  const inputs = [parts, norm.weight, norm.bias, weight, taps, bias, window];
  return parts.graph.apply(frameProjectionOp, inputs, null)[0];
}
