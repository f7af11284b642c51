// The Mamba-2 block of REALM's flavour, in one direction or in both at once: no dt on the input term, rotary B and C, no
// gated norm, convolution on x only, and B, C, dt projected after it (REALM, section 1.3).

import type { Tensor } from '../autograd/tensor';
import { causalConv1d } from '../ops/causalConv1d';
import { gate } from '../ops/gate';
import { keepHalf } from '../ops/half';
import { linear, linears } from '../ops/linear';
import { reshape } from '../ops/reshape';
import { ssd } from '../ops/ssd';
import { ssmInputs } from '../ops/ssmInputs';
import { headCount, innerDim, type ModelConfig } from './config';

/** Finds a parameter's tensor by its name; with several names one tensor over parameters that lie in a row. */
export type Reader = (...names: string[]) => Tensor;

export interface BlockOptions {
  /** Rotary angles of each frame, of one direction after the other [directions * T, N] (ops/rope ropeTable). */
  readonly angles: Tensor;
  /** Added to the result. */
  readonly residual?: Tensor;
}

/**
 * With two prefixes two independent blocks read x; the second one's frames run from the last to the first. Every
 * kernel works on both: x meets their columns of one matrix, and from the convolution on each has its half of the batch.
 * @param x normed residual stream [B, T, D]
 * @param prefixes of the parameters' names, one for each direction
 * @returns [B, T, directions * D], the directions beside each other
 */
export function mambaBlock(
  x: Tensor,
  read: Reader,
  prefixes: readonly [string] | readonly [string, string],
  config: ModelConfig,
  { angles, residual }: BlockOptions,
): Tensor {
  const directions = prefixes.length;
  const p: Reader = (...names) =>
    read(...prefixes.flatMap((prefix) => names.map((name) => prefix + name)));
  const [batch, frames, modelDim] = x.shape;
  const inner = innerDim(config);
  const ofDirections = (weight: Tensor): Tensor => {
    const [rows, columns] = weight.shape;
    return reshape(weight, [directions, rows / directions, columns]);
  };
  const sequences = (...last: number[]) => [directions * batch, frames, ...last];
  const rows = (columns: number) => [directions, batch * frames, columns];
  // Of each direction the input of the convolution, then z of the gate: each op reads its columns.
  const projected = keepHalf(linear(x, p('in_proj.weight')));
  const convolved = causalConv1d(projected, p('conv1d.weight'), p('conv1d.bias'), {
    directions,
    silu: true,
  });
  const u = keepHalf(reshape(convolved, rows(inner)));
  const raw = linears(u, ofDirections(p('ssd.bc_proj.weight', 'ssd.dt_proj.weight')));
  const { bc, dt } = ssmInputs(
    reshape(raw, sequences(raw.shape[2])),
    p('ssd.dt_proj.bias'),
    angles,
    directions,
  );
  const { y } = ssd({
    x: reshape(u, sequences(headCount(config), config.headDim)),
    dt,
    aLog: p('ssd.A_log'),
    bc,
    d: p('ssd.D'),
    directions,
    inputScale: 'one',
  });
  const gated = gate(reshape(keepHalf(y), sequences(inner)), projected, directions);
  const out = linears(reshape(gated, rows(inner)), ofDirections(p('out_proj.weight')), {
    beside: true,
    residual: residual && reshape(residual, [batch * frames, modelDim]),
  });
  return reshape(out, [batch, frames, directions * modelDim]);
}
