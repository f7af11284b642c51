// Weight gradients sum over thousands of rows: blocks of rows give partial sums, a second dispatch adds the blocks.

import source from '../../shaders/sum_partials.wgsl?raw';
import { type Dispatch, numbers, type Scratch } from '../autograd/op';
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
    constants: {},
    bindings: { partials, out_a: a, ...(b && { out_b: b }), sizes: numbers(count, width, a.size) },
    workgroups: [Math.ceil(width / 64), 1, 1],
  };
}
