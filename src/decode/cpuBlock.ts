// One causal layer on the processor, one frame at a time: norm, Mamba-2 block of REALM's flavour, residual
// (REALM, section 1.3).

import { headCount, innerDim, type ModelConfig } from '../model/config';
import type { CpuKernels } from './cpuKernels';
import { type CpuMemory, type CpuVector, LANES } from './cpuMemory';
import type { Rotation } from './cpuRotation';
import { normRow, type ReadWeights, sigmoid } from './cpuRows';

/** What a block keeps of a stream. */
export interface BlockState {
  /** Inputs of the convolution, the current frame's last [taps, dInner]. */
  readonly window: Float32Array;
  /** SSM state [H, P, N]; N padded to a multiple of LANES. */
  readonly ssm: CpuVector;
}

export interface CpuBlock {
  createState(): BlockState;
  /** Updates the residual stream and the state in place. */
  step(kernels: CpuKernels, state: BlockState, rotation: Rotation): void;
}

/** Room for the intermediate values of one frame; the blocks run one after the other and share it. */
export interface BlockScratch {
  /** Normed residual stream [D]. */
  readonly normed: CpuVector;
  /** Input of the convolution, then the gate z [2 * dInner]. */
  readonly projected: CpuVector;
  /** After convolution and SiLU [dInner]. */
  readonly u: CpuVector;
  /** B and C before the rotation [2N]. */
  readonly unrotated: CpuVector;
  /** Before softplus [H]. */
  readonly dt: CpuVector;
  /** Rotated B, then C [2, N]; N padded to a multiple of LANES. */
  readonly bc: CpuVector;
  /** exp(A dt) [H]. */
  readonly decay: CpuVector;
  /** Output of the SSM, then gated [dInner]. */
  readonly y: CpuVector;
}

const paddedStateDim = ({ stateDim }: ModelConfig): number => Math.ceil(stateDim / LANES) * LANES;

export function createBlockScratch(config: ModelConfig, memory: CpuMemory): BlockScratch {
  const inner = innerDim(config);
  return {
    normed: memory.vector(config.modelDim),
    projected: memory.rows(2 * inner),
    u: memory.vector(inner),
    unrotated: memory.rows(2 * config.stateDim),
    dt: memory.rows(headCount(config)),
    bc: memory.vector(2 * paddedStateDim(config)),
    decay: memory.vector(headCount(config)),
    y: memory.vector(inner),
  };
}

/** @param residual [D], the stream that the layers add to; made by `memory.rows` */
export function createBlock(
  config: ModelConfig,
  index: number,
  read: ReadWeights,
  memory: CpuMemory,
  residual: CpuVector,
  { normed, projected, u, unrotated, dt, bc, decay, y }: BlockScratch,
): CpuBlock {
  const { modelDim, stateDim, headDim, convTaps } = config;
  const inner = innerDim(config);
  const heads = headCount(config);
  const columns = paddedStateDim(config);
  const p: ReadWeights = (name) => read(`encoder.layers.${index}.${name}`);
  const normWeight = read(`encoder.layer_norms.${index}.weight`);
  const normBias = read(`encoder.layer_norms.${index}.bias`);
  const convWeight = p('conv1d.weight');
  const convBias = p('conv1d.bias');
  const dtBias = p('ssd.dt_proj.bias');
  const skip = p('ssd.D');
  const a = Float64Array.from(p('ssd.A_log'), (value) => -Math.exp(value));
  const recurrence = { x: u, bc, decay, y };
  const sizes = { heads, rows: headDim };
  const inProjection = memory.matrix(p('in_proj.weight'), modelDim);
  const bcProjection = memory.matrix(p('ssd.bc_proj.weight'), inner);
  const dtProjection = memory.matrix(p('ssd.dt_proj.weight'), inner);
  const outProjection = memory.matrix(p('out_proj.weight'), inner);

  const convolve = (window: Float32Array): void => {
    const out = u.values;
    for (let d = 0; d < inner; d++) {
      let sum = convBias[d];
      for (let tap = 0; tap < convTaps; tap++) {
        sum += convWeight[d * convTaps + tap] * window[tap * inner + d];
      }
      out[d] = sum * sigmoid(sum);
    }
  };

  /** Halves of B and of C are the two coordinates of the rotated pairs. */
  const rotate = ({ cosines, sines }: Rotation): void => {
    const half = stateDim / 2;
    const [from, to] = [unrotated.values, bc.values];
    for (let which = 0; which < 2; which++) {
      const first = which * stateDim;
      const out = which * columns;
      for (let i = 0; i < half; i++) {
        const x = from[first + i];
        const z = from[first + half + i];
        to[out + i] = x * cosines[i] - z * sines[i];
        to[out + half + i] = z * cosines[i] + x * sines[i];
      }
    }
  };

  const decays = (): void => {
    for (let h = 0; h < heads; h++) {
      const raw = dt.values[h];
      const softplus = Math.max(raw, 0) + Math.log1p(Math.exp(-Math.abs(raw)));
      decay.values[h] = Math.exp(a[h] * softplus);
    }
  };

  /** (y + D u) * SiLU(z) */
  const gate = (): void => {
    const [out, input, z] = [y.values, u.values, projected.values];
    for (let d = 0, h = 0; h < heads; h++) {
      for (const end = d + headDim; d < end; d++) {
        const zd = z[inner + d];
        out[d] = (out[d] + skip[h] * input[d]) * zd * sigmoid(zd);
      }
    }
  };

  return {
    createState: () => ({
      window: new Float32Array(convTaps * inner),
      ssm: memory.vector(inner * columns),
    }),
    step(kernels, { window, ssm }, rotation) {
      normRow(residual.values, normWeight, normBias, normed.values);
      projected.values.fill(0);
      kernels.product(inProjection, normed, projected);
      window.copyWithin(0, inner);
      const current = (convTaps - 1) * inner;
      for (let d = 0; d < inner; d++) window[current + d] = projected.values[d];
      convolve(window);
      unrotated.values.fill(0);
      kernels.product(bcProjection, u, unrotated);
      rotate(rotation);
      dt.values.set(dtBias);
      kernels.product(dtProjection, u, dt);
      decays();
      kernels.recur(ssm, recurrence, sizes);
      gate();
      kernels.product(outProjection, y, residual);
    },
  };
}
