// One live frame through the state-space layer, its gate and the projection back, in one dispatch.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/frame_ssm.wgsl?raw';
import { numbers, type Op } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { checkKept, packedProduct, packedShape, padded, sumParts } from './framePath';

const shader = defineShader('frame_ssm', source, activation);

/** What fits into a workgroup's memory (MOST_STATE_QUADS and MOST_HEAD_QUADS in the shader). */
const MOST_STATE_DIM = 512;
const MOST_HEAD_DIM = 1024;

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Pairs (i, i + N/2) of one row turned by the frame's angles. */
function turned(row: Float64Array, angles: Float64Array): Float64Array {
  const half = row.length / 2;
  return row.map((x, i) => {
    const [cosine, sine] = [angles[i % half], angles[half + (i % half)]];
    return i < half ? x * cosine - row[i + half] * sine : x * cosine + row[i - half] * sine;
  });
}

/** State of one stream [B, H, N / 4, P, 4]: quads of all rows of a head beside each other. */
export const frameStateShape = (
  batch: number,
  heads: number,
  headDim: number,
  stateDim: number,
): Shape => [batch, heads, ...packedShape(headDim, stateDim)];

const frameSsmOp: Op<null> = {
  name: 'frameSsm',
  effect: true,
  infer(shapes) {
    const [projected, inputs, angles, perHead, weight, parts, state] = shapes;
    const [batch, heads, , headDim] = state;
    const [, inputParts] = inputs;
    const [, partCount, columns] = parts;
    const stateDim = angles[1];
    const fits =
      sameShape(angles, [1, stateDim]) &&
      stateDim % 2 === 0 &&
      sameShape(state, frameStateShape(batch, heads, headDim, stateDim)) &&
      sameShape(projected, [batch, 2 * padded(heads * headDim)]) &&
      sameShape(inputs, [batch, inputParts, 2 * stateDim + heads]) &&
      sameShape(perHead, [3, heads]) &&
      sameShape(weight, [heads, ...packedShape(columns, headDim)]) &&
      sameShape(parts, [batch, partCount, columns]) &&
      partCount <= heads;
    if (!fits) {
      throw new Error(
        `[frameSsm] expected projected [B, 2J], inputs [B, S, 2N + H], angles [1, N] with N even, heads [3, H], weight [H, P/4, D, 4], parts [B, R, D] with R at most H, and state [B, H, N/4, P, 4], got ${shapes.map(showShape).join(' ')}`,
      );
    }
    if (headDim > MOST_HEAD_DIM || stateDim > MOST_STATE_DIM) {
      throw new Error(
        `[frameSsm] expected a head of at most ${MOST_HEAD_DIM} channels and a state of at most ${MOST_STATE_DIM} columns, got ${headDim} and ${stateDim}: choose a smaller model`,
      );
    }
    return [[batch, heads, columns]];
  },
  cpu({ inputs: all, outputs: [out], inputShapes }) {
    const [projected, inputs, angles, perHead, weight, parts, state] = all;
    const [, inputShape, [, stateDim], , , partsShape, stateShape] = inputShapes;
    const [batch, heads, , headDim] = stateShape;
    const [, partCount, columns] = partsShape;
    const inner = padded(heads * headDim);
    const stateSize = padded(stateDim) * headDim;
    for (let b = 0; b < batch; b++) {
      const row = sumParts(inputs, inputShape, b);
      const inputB = turned(row.subarray(0, stateDim), angles);
      const inputC = turned(row.subarray(stateDim, 2 * stateDim), angles);
      const u = projected.subarray(b * 2 * inner, b * 2 * inner + inner);
      const gate = projected.subarray(b * 2 * inner + inner, (b + 1) * 2 * inner);
      for (let h = 0; h < heads; h++) {
        const [skip, aLog, dtBias] = [0, 1, 2].map((i) => perHead[i * heads + h]);
        const decay = Math.exp(-Math.exp(aLog) * softplus(row[2 * stateDim + h] + dtBias));
        const own = state.subarray((b * heads + h) * stateSize, (b * heads + h + 1) * stateSize);
        const gated = new Float64Array(headDim);
        for (let p = 0; p < headDim; p++) {
          const i = h * headDim + p;
          for (let n = 0; n < stateDim; n++) {
            const at = (Math.floor(n / 4) * headDim + p) * 4 + (n % 4);
            own[at] = decay * own[at] + u[i] * inputB[n];
          }
          gated[p] = (packedProduct(own, headDim, p, inputC) + skip * u[i]) * gate[i];
        }
        const size = padded(headDim) * columns;
        const ofHead = weight.subarray(h * size, (h + 1) * size);
        for (let d = 0; d < columns; d++) {
          const before = h < partCount ? parts[(b * partCount + h) * columns + d] : 0;
          out[(b * heads + h) * columns + d] = before + packedProduct(ofHead, columns, d, gated);
        }
      }
    }
  },
  gpu({ inputs: all, outputs: [out] }) {
    const [projected, inputs, angles, perHead, weight, parts, state] = all;
    const [batch, heads, , headDim] = state.shape;
    const [, partCount, columns] = parts.shape;
    const sizes = numbers(heads, headDim, angles.size, inputs.shape[1], partCount, columns);
    return [
      {
        shader,
        entry: 'step',
        constants: {},
        bindings: { projected, inputs, angles, heads: perHead, weight, parts, state, sizes, out },
        workgroups: [heads, batch, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * h = decay h + u B^T, y = (h C + skip u) gate, and the parts of the residual stream with W y added, each head's share
 * to a part of its own (Dao and Gu, 2024; REALM, section 1.3).
 * @param projected [B, 2J]: u, then the gate, from `frameProjection`
 * @param inputs [B, S, 2N + H], whose sum over S is B, C and dt before rotation, bias and softplus, from `frameProduct`
 * @param angles [1, N] from `ropeTable`
 * @param perHead [3, H]: skip, A_log, bias of dt
 * @param weight W [D, HP], packed head by head [H, P / 4, D, 4]
 * @param parts [B, R, D], R at most H
 * @param state h, of `frameStateShape`, updated in place
 * @returns [B, H, D]
 * @throws Error when the shapes do not fit, P is over 1024 or N over 512, or the state is not stored
 */
export function frameSsm(
  projected: Tensor,
  inputs: Tensor,
  angles: Tensor,
  perHead: Tensor,
  weight: Tensor,
  parts: Tensor,
  state: Tensor,
): Tensor {
  checkKept('frameSsm', state);
  const all = [projected, inputs, angles, perHead, weight, parts, state];
  return projected.graph.apply(frameSsmOp, all, null)[0];
}
