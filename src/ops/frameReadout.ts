// One live frame's prediction: the residual stream summed, normed and projected in one dispatch.

import normedParts from '../../shaders/common/normed_parts.wgsl?raw';
import source from '../../shaders/frame_readout.wgsl?raw';
import { numbers, type Op } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { checkColumns, normed, packedProduct, packedShape, sumParts } from './framePath';

const shader = defineShader('frame_readout', source, normedParts);

const frameReadoutOp: Op<null> = {
  name: 'frameReadout',
  infer(shapes) {
    const [parts, normWeight, normBias, weight, bias, raw] = shapes;
    const [batch, , columns] = parts;
    const [outputs] = bias;
    const fits =
      parts.length === 3 &&
      sameShape(normWeight, [columns]) &&
      sameShape(normBias, [columns]) &&
      sameShape(weight, packedShape(outputs, columns)) &&
      sameShape(bias, [outputs]) &&
      sameShape(raw, [batch, 1, outputs]);
    if (!fits) {
      throw new Error(
        `[frameReadout] expected parts [B, S, D], norm [D] and [D], weight of [K, D] packed, bias [K] and raw [B, 1, K], got ${shapes.map(showShape).join(' ')}`,
      );
    }
    checkColumns('frameReadout', columns);
    return [
      [batch, 1, outputs],
      [batch, 1, columns],
    ];
  },
  cpu({ inputs, outputs: [out, hidden], inputShapes: [shape] }) {
    const [parts, normWeight, normBias, weight, bias, raw] = inputs;
    for (let b = 0; b < shape[0]; b++) {
      const row = sumParts(parts, shape, b);
      hidden.set(row, b * row.length);
      const x = normed(row, normWeight, normBias);
      bias.forEach((value, k) => {
        const at = b * bias.length + k;
        out[at] = packedProduct(weight, bias.length, k, x) + value + raw[at];
      });
    }
  },
  gpu({ inputs: [parts, normWeight, normBias, weight, bias, raw], outputs: [out, hidden] }) {
    const [batch, partCount, columns] = parts.shape;
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
          bias,
          raw,
          sizes: numbers(partCount, columns, bias.size),
          hidden,
          out,
        },
        workgroups: [batch, 1, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * W norm(hidden) + bias + raw, where hidden is the sum of the parts (REALM, section 1.3).
 * @param parts [B, S, D]
 * @param norm weight [D] and bias [D]
 * @param weight W [K, D], packed (packRows)
 * @param bias [K]
 * @param raw [B, 1, K], the skip from the LFP frame
 * @returns behaviour [B, 1, K] and hidden [B, 1, D]
 * @throws Error when the shapes do not fit or D is over 1536
 */
export function frameReadout(
  parts: Tensor,
  norm: { readonly weight: Tensor; readonly bias: Tensor },
  weight: Tensor,
  bias: Tensor,
  raw: Tensor,
): { behaviour: Tensor; hidden: Tensor } {
  const inputs = [parts, norm.weight, norm.bias, weight, bias, raw];
  const [behaviour, hidden] = parts.graph.apply(frameReadoutOp, inputs, null);
  return { behaviour, hidden };
}
