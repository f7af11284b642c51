// The state-space layer of Mamba-2 in REALM's flavour and the original one: chunked on the GPU, plain recurrence as twin.

import { type Dispatch, type GpuCall, type Op, scratch } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import { ssdGradient } from './ssdBackward';
import { chunkCount, decaysShape, prepare, scan, statesOfChunks } from './ssdKernels';
import { CHUNK_FRAMES, checkSsdShapes, type SsdParams, ssdSizes } from './ssdShape';
import { ssdForwardTwin } from './ssdTwin';

function forwardDispatches({
  inputs,
  outputs,
  params,
  subgroupSize,
}: GpuCall<SsdParams>): Dispatch[] {
  const [x, dt, aLog, bc, d, initialState] = inputs;
  const [y, finalState, states, scores, decays] = outputs;
  const sizes = ssdSizes(x.shape, bc.shape);
  const layer = { sizes, params, subgroupSize };
  return [
    prepare(layer, { bc, dt, a_log: aLog, new_scores: scores, new_decays: decays }),
    statesOfChunks(
      layer,
      { isBackward: false, hasBoundary: params.hasInitial },
      {
        values: x,
        bc,
        decays,
        // Read and noted only backward: others stand in.
        states: x,
        record: scratch(4),
        new_states: states,
        boundary: initialState ?? x,
        new_boundary: finalState,
      },
    ),
    scan(layer, false, { values: x, bc, d, states, decays, scores, out: y }),
  ];
}

/**
 * Outputs y, finalState, and for the gradient: the states that enter the chunks [B, chunks, H, P, N], the chunks'
 * scores in both orders [B, chunks, H, 2, Q, Q] and the frames' decays.
 */
const ssdOp: Op<SsdParams> = {
  name: 'ssd',
  infer(inputs, params) {
    const sizes = checkSsdShapes(inputs, params);
    const { B, H, P, N } = sizes;
    const chunks = chunkCount(sizes);
    return [
      inputs[0],
      [B, H, P, N],
      [B, chunks, H, P, N],
      [B, chunks, H, 2, CHUNK_FRAMES, CHUNK_FRAMES],
      decaysShape(sizes),
    ];
  },
  cpu: ssdForwardTwin,
  gpu: forwardDispatches,
  gradient: ssdGradient,
};

/**
 * h_t = exp(A dt_t) h_{t-1} + k x_t B_t^T, y_t = h_t C_t + D x_t with A = -exp(aLog), for each head
 * (REALM, section 1.3; Dao and Gu 2024). Gradients for every input, through y, finalState or both.
 * @param options.x [B,T,H,P], P a multiple of 4
 * @param options.dt [B,T,H], after softplus
 * @param options.aLog [directions * H]
 * @param options.bc [B,T,2N], N a multiple of 4, rotated; B in the first N columns and C in the last, for all heads
 * @param options.d [directions * H]
 * @param options.initialState [B,H,P,N], zeros if absent
 * @param options.directions with 2 the second half of the batch is processed from frame T-1 down to 0, with the second
 *   half of aLog and d
 * @param options.inputScale k = 1 ('one', REALM) or k = dt ('dt', Mamba-2)
 * @returns y [B,T,H,P] and finalState [B,H,P,N] after the last processed frame
 * @throws Error when a shape does not fit
 */
export function ssd(options: {
  x: Tensor;
  dt: Tensor;
  aLog: Tensor;
  bc: Tensor;
  d: Tensor;
  initialState?: Tensor;
  directions?: 1 | 2;
  inputScale: 'one' | 'dt';
}): { y: Tensor; finalState: Tensor } {
  const { x, dt, aLog, bc, d, initialState, directions = 1, inputScale } = options;
  const inputs = [x, dt, aLog, bc, d, ...(initialState ? [initialState] : [])];
  const params = { directions, inputScale, hasInitial: initialState !== undefined };
  const [y, finalState] = x.graph.apply(ssdOp, inputs, params);
  return { y, finalState };
}
