// The state-space layer of Mamba-2 in REALM's flavour and the original one: chunked on the GPU, plain recurrence as twin.

import common from '../../shaders/common/ssd_chunk.wgsl?raw';
import source from '../../shaders/ssd_forward.wgsl?raw';
import { type Dispatch, type GpuCall, type Op, scratch } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { ssdBackward } from './ssdBackward';
import {
  checkSsdShapes,
  chunkCount,
  type SsdParams,
  ssdConstants,
  ssdSizes,
  TILE,
  tilesOf,
} from './ssdShape';
import { ssdForwardTwin } from './ssdTwin';

/** Sequences of up to this many frames get chunks of this length. */
const SHORT = 16;

const shader = defineShader('ssdForward', source, common);

function chunkedDispatches({ inputs, outputs, params }: GpuCall<SsdParams>): Dispatch[] {
  const [x, dt, aLog, bc, d, initialState] = inputs;
  const [y, finalState, states] = outputs;
  const sizes = ssdSizes(x.shape, bc.shape);
  const { B, T, H, P, N } = sizes;
  const chunks = chunkCount(sizes, params);
  const decaySums = scratch(B * H * T * 3);
  return [
    {
      shader,
      entry: 'ssd_chunk_state',
      constants: ssdConstants(sizes, params, P, N),
      bindings: { x, dt, a_log: aLog, bc, states, decay_sums: decaySums },
      workgroups: [tilesOf(P) * tilesOf(N), chunks, B * H],
    },
    {
      shader,
      entry: 'ssd_state_passing',
      constants: {
        ...ssdConstants(sizes, params, 1, 1),
        has_initial: params.hasInitial ? 1 : 0,
      },
      bindings: {
        states,
        decay_sums: decaySums,
        // Without an initial state the entry point does not read it, but it must be bound.
        initial_state: initialState ?? d,
        final_state: finalState,
      },
      workgroups: [Math.ceil((P * N) / 64), 1, B * H],
    },
    {
      shader,
      entry: 'ssd_chunk_scan',
      constants: ssdConstants(
        sizes,
        params,
        params.chunkLength,
        Math.max(params.chunkLength, Math.min(P, TILE)),
      ),
      bindings: { x, bc, d, states, decay_sums: decaySums, y },
      workgroups: [tilesOf(P), chunks, B * H],
    },
  ];
}

/** Outputs y, finalState and the states that enter the chunks [B,chunks,H,P,N], which the gradient reads. */
const ssdOp: Op<SsdParams> = {
  name: 'ssd',
  infer(inputs, params) {
    const sizes = checkSsdShapes(inputs, params);
    const { B, H, P, N } = sizes;
    return [inputs[0], [B, H, P, N], [B, chunkCount(sizes, params), H, P, N]];
  },
  cpu: ssdForwardTwin,
  gpu: chunkedDispatches,
  gradient: ssdBackward,
};

/** One frame without a gradient, as the live decoder runs it: the recurrence itself in one dispatch. */
const ssdStepOp: Op<SsdParams> = {
  name: 'ssdStep',
  infer(inputs, params) {
    const { B, H, P, N } = checkSsdShapes(inputs, params);
    return [inputs[0], [B, H, P, N]];
  },
  cpu: ssdForwardTwin,
  gpu({ inputs, outputs: [y, finalState], params }) {
    const [x, dt, aLog, bc, d, initialState] = inputs;
    const sizes = ssdSizes(x.shape, bc.shape);
    return [
      {
        shader,
        entry: 'ssd_step',
        constants: {
          ...ssdConstants(sizes, params, 1, 1),
          has_initial: params.hasInitial ? 1 : 0,
        },
        bindings: {
          x,
          dt,
          a_log: aLog,
          bc,
          d,
          initial_state: initialState ?? d,
          final_state: finalState,
          y,
        },
        workgroups: [Math.ceil(sizes.P / 16), 1, sizes.B * sizes.H],
      },
    ];
  },
  gradient: undefined,
};

/**
 * h_t = exp(A dt_t) h_{t-1} + k x_t B_t^T, y_t = h_t C_t + D x_t with A = -exp(aLog), for each head
 * (REALM, section 1.3; Dao and Gu 2024). Gradients for every input, through y, finalState or both.
 * @param options.x [B,T,H,P]
 * @param options.dt [B,T,H], after softplus
 * @param options.aLog [H]
 * @param options.bc [B,T,2N], rotated; B in the first N columns and C in the last, for all heads
 * @param options.d [H]
 * @param options.initialState [B,H,P,N], zeros if absent
 * @param options.reverse frames are processed from T-1 down to 0
 * @param options.inputScale k = 1 ('one', REALM) or k = dt ('dt', Mamba-2)
 * @param options.chunkLength frames per chunk, 1 to 64; the result does not depend on it
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
  reverse?: boolean;
  inputScale: 'one' | 'dt';
  chunkLength?: number;
}): { y: Tensor; finalState: Tensor } {
  const { x, dt, aLog, bc, d, initialState, reverse = false, inputScale } = options;
  const frames = x.shape[1] ?? 1;
  const chunkLength = options.chunkLength ?? (frames <= SHORT ? SHORT : TILE);
  const inputs = [x, dt, aLog, bc, d, ...(initialState ? [initialState] : [])];
  const params = { chunkLength, reverse, inputScale, hasInitial: initialState !== undefined };
  const isLive = frames === 1 && !inputs.some((input) => input.requiresGradient);
  const [y, finalState] = x.graph.apply(isLive ? ssdStepOp : ssdOp, inputs, params);
  return { y, finalState };
}
