// The Mamba-2 block of REALM's flavour: no dt on the input term, rotary B and C, no gated norm, convolution on x
// only, and B, C, dt projected after it (REALM, section 1.3).

import type { Tensor } from '../autograd/tensor';
import { causalConv1d } from '../ops/causalConv1d';
import { gate } from '../ops/gate';
import { keepHalf } from '../ops/half';
import { linear } from '../ops/linear';
import { reshape } from '../ops/reshape';
import { ssd } from '../ops/ssd';
import { ssmInputs } from '../ops/ssmInputs';
import { headCount, innerDim, type ModelConfig } from './config';

/** Finds a parameter's tensor by its name; with several names one tensor over parameters that lie in a row. */
export type Reader = (...names: string[]) => Tensor;

export interface BlockOptions {
  /** Rotary angles of each frame [T, N] (ops/rope ropeTable). */
  readonly angles: Tensor;
  /** Frames run from the last to the first. */
  readonly reverse?: boolean;
  /** Added to the result. */
  readonly residual?: Tensor;
}

/** @param x normed residual stream [B, T, D]; @returns [B, T, D] */
export function mambaBlock(
  x: Tensor,
  read: Reader,
  prefix: string,
  config: ModelConfig,
  { angles, reverse = false, residual }: BlockOptions,
): Tensor {
  const p: Reader = (...names) => read(...names.map((name) => prefix + name));
  const [batch, frames] = x.shape;
  const inner = innerDim(config);
  // The input of the convolution, then z of the gate: each op reads its half of the columns.
  const projected = keepHalf(linear(x, p('in_proj.weight')));
  const u = keepHalf(
    causalConv1d(projected, p('conv1d.weight'), p('conv1d.bias'), { reverse, silu: true }),
  );
  const { bc, dt } = ssmInputs(
    linear(u, p('ssd.bc_proj.weight', 'ssd.dt_proj.weight')),
    p('ssd.dt_proj.bias'),
    angles,
  );
  const { y } = ssd({
    x: reshape(u, [batch, frames, headCount(config), config.headDim]),
    dt,
    aLog: p('ssd.A_log'),
    bc,
    d: p('ssd.D'),
    reverse,
    inputScale: 'one',
  });
  const gated = gate(reshape(keepHalf(y), [batch, frames, inner]), projected);
  return linear(gated, p('out_proj.weight'), undefined, residual);
}
