// Weight gradients sum over thousands of rows: blocks of rows give partial sums, a second dispatch adds the blocks.

import source from '../../shaders/sum_partials.wgsl?raw';
import type { Dispatch, Scratch } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('sum_partials', source);

/**
 * How many blocks to cut rows into: enough to fill a GPU, few enough that adding them stays cheap. Block k takes
 * rows k * ceil(rows / blocks) onwards; the last may be short or empty.
 */
export function blockCount(rows: number, smallest = 16, most = 256): number {
  return Math.min(most, Math.ceil(rows / smallest));
}

/**
 * The dispatch that adds `count` rows of partial sums, each the concatenation of one or two outputs.
 * The order of the additions is fixed, so the result is the same to the bit on every run.
 */
export function sumPartials(
  partials: Scratch | Tensor,
  count: number,
  outputs: readonly [Tensor] | readonly [Tensor, Tensor],
): Dispatch {
  const [a, b] = outputs;
  const width = a.size + (b?.size ?? 0);
  return {
    shader,
    entry: b ? 'to_two' : 'to_one',
    constants: b ? { count, width, width_a: a.size } : { count, width },
    bindings: b ? { partials, out_a: a, out_b: b } : { partials, out_a: a },
    workgroups: [Math.ceil(width / 32), 1, 1],
  };
}
