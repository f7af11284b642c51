// Float64 twins of the SSD ops: the sequential recurrence and its exact reverse-time recurrence, nothing chunked.

import type { CpuCall } from '../autograd/op';
import { CHUNK_FRAMES, type SsdParams, type SsdSizes, ssdSizes } from './ssdShape';

/** Which outputs of ssd a gradient comes through. */
export interface SsdBackwardParams extends SsdParams {
  readonly throughY: boolean;
  readonly throughFinalState: boolean;
}

/** Offsets of frame t (in the order of the recurrence) and head h in the tensors of batch entry b. */
function offsets(
  { B, T, H, P, N }: SsdSizes,
  { directions }: SsdParams,
  b: number,
  h: number,
  t: number,
) {
  const frame = b * T + (b < B / directions ? t : T - 1 - t);
  return {
    atX: (frame * H + h) * P,
    atDt: frame * H + h,
    atB: frame * 2 * N,
    atC: frame * 2 * N + N,
  };
}

/** Index in aLog and d of a head of batch entry b. */
const parameterOf = (
  { B, H }: SsdSizes,
  { directions }: SsdParams,
  b: number,
  h: number,
): number => (b < B / directions ? h : H + h);

/**
 * Outputs y, finalState and the states that enter the chunks. The scores and decays are the
 * kernels' own intermediates, which no twin reads: they stay 0.
 */
export function ssdForwardTwin({ inputs, outputs, inputShapes, params }: CpuCall<SsdParams>): void {
  const [x, dt, aLog, bc, d, initialState] = inputs;
  const [y, finalState, chunkStates] = outputs;
  const sizes = ssdSizes(inputShapes[0], inputShapes[3]);
  const { B, T, H, P, N } = sizes;
  const { inputScale } = params;
  const chunks = Math.ceil(T / CHUNK_FRAMES);
  const size = P * N;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const start = (b * H + h) * size;
      const state = finalState.subarray(start, start + size);
      if (params.hasInitial) state.set(initialState.subarray(start, start + size));
      const ofHead = parameterOf(sizes, params, b, h);
      const a = -Math.exp(aLog[ofHead]);
      for (let t = 0; t < T; t++) {
        if (t % CHUNK_FRAMES === 0) {
          chunkStates.set(state, ((b * chunks + t / CHUNK_FRAMES) * H + h) * size);
        }
        const { atX, atDt, atB, atC } = offsets(sizes, params, b, h, t);
        const decay = Math.exp(a * dt[atDt]);
        const scale = inputScale === 'dt' ? dt[atDt] : 1;
        for (let p = 0; p < P; p++) {
          const input = scale * x[atX + p];
          let sum = d[ofHead] * x[atX + p];
          for (let n = 0, k = p * N; n < N; n++, k++) {
            state[k] = decay * state[k] + input * bc[atB + n];
            sum += state[k] * bc[atC + n];
          }
          y[atX + p] = sum;
        }
      }
    }
  }
}

/**
 * Inputs x, dt, aLog, bc, d, chunk states, scores, decays, then the gradients of y and finalState as far as they exist.
 * Outputs the gradients of x, dt, aLog, bc, d and the initial state.
 */
export function ssdBackwardTwin({
  inputs,
  outputs,
  inputShapes,
  params,
}: CpuCall<SsdBackwardParams>): void {
  const [x, dt, aLog, bc, d, chunkStates] = inputs;
  const gradientY = params.throughY ? inputs[8] : undefined;
  const gradientFinal = params.throughFinalState ? inputs[inputs.length - 1] : undefined;
  const [dx, ddt, daLog, dbc, dd, dInitial] = outputs;
  const sizes = ssdSizes(inputShapes[0], inputShapes[3]);
  const { B, T, H, P, N } = sizes;
  const { inputScale } = params;
  const chunks = Math.ceil(T / CHUNK_FRAMES);
  const size = P * N;
  // states[t] is the state before frame t.
  const states = new Float64Array((T + 1) * size);
  const g = new Float64Array(size);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const ofHead = parameterOf(sizes, params, b, h);
      const a = -Math.exp(aLog[ofHead]);
      const first = (b * chunks * H + h) * size;
      states.set(chunkStates.subarray(first, first + size));
      for (let t = 0; t < T; t++) {
        const { atX, atDt, atB } = offsets(sizes, params, b, h, t);
        const decay = Math.exp(a * dt[atDt]);
        const scale = inputScale === 'dt' ? dt[atDt] : 1;
        for (let p = 0, k = t * size; p < P; p++) {
          const input = scale * x[atX + p];
          for (let n = 0; n < N; n++, k++) {
            states[k + size] = decay * states[k] + input * bc[atB + n];
          }
        }
      }
      const start = (b * H + h) * size;
      if (gradientFinal) g.set(gradientFinal.subarray(start, start + size));
      else g.fill(0);
      for (let t = T - 1; t >= 0; t--) {
        const { atX, atDt, atB, atC } = offsets(sizes, params, b, h, t);
        const decay = Math.exp(a * dt[atDt]);
        const scale = inputScale === 'dt' ? dt[atDt] : 1;
        let dScale = 0;
        let dDecay = 0;
        for (let p = 0, k = 0; p < P; p++) {
          const gy = gradientY ? gradientY[atX + p] : 0;
          const xp = x[atX + p];
          const input = scale * xp;
          let gB = 0;
          for (let n = 0; n < N; n++, k++) {
            const total = g[k] + gy * bc[atC + n];
            const before = states[t * size + k];
            gB += total * bc[atB + n];
            dbc[atB + n] += total * input;
            dbc[atC + n] += gy * states[(t + 1) * size + k];
            dDecay += total * before;
            g[k] = decay * total;
          }
          dx[atX + p] = scale * gB + d[ofHead] * gy;
          dScale += gB * xp;
          dd[ofHead] += gy * xp;
        }
        const dA = dDecay * decay;
        ddt[atDt] = a * dA + (inputScale === 'dt' ? dScale : 0);
        daLog[ofHead] += a * dA * dt[atDt];
      }
      if (dInitial) dInitial.set(g, start);
    }
  }
}
