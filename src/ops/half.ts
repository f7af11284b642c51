// Casts to 16-bit floats and back: what products in mixed precision take, and what is kept for the backward pass.

import common from '../../shaders/common/half.wgsl?raw';
import source from '../../shaders/half.wgsl?raw';
import { gridStride, type Op } from '../autograd/op';
import { showShape, type Tensor } from '../autograd/tensor';
import { withinHalf } from '../base/half';
import { defineShader } from '../gpu/shader';

const shader = defineShader('half', source, common);

const toHalfOp: Op<null> = {
  name: 'toHalf',
  infer([x]) {
    if (x.length === 0 || x[x.length - 1] % 4 !== 0) {
      throw new Error(`[toHalf] expected rows of a multiple of 4 numbers, got ${showShape(x)}`);
    }
    return [x];
  },
  // Nothing is rounded: the twin is what the halves stand for.
  cpu({ inputs: [x], outputs: [out] }) {
    out.set(x.map(withinHalf));
  },
  gpu: ({ inputs: [x], outputs: [out] }) => [
    {
      shader,
      entry: 'to_half',
      constants: {},
      bindings: { x_bits: x, halves_out: out },
      workgroups: gridStride(x.size / 4),
    },
  ],
  gradient: undefined,
  givesHalves: true,
};

/**
 * x as 16-bit floats (IEEE 754 binary16): 11 significant bits from 6e-5 to 65504, infinite beyond. A second cast of one
 * tensor is the first, and numbers of a mirrored store need none. Not differentiable: the op that takes the halves passes
 * the gradient by x on.
 * @param x [..., N], N a multiple of 4
 */
export function toHalf(x: Tensor): Tensor {
  const known = x.graph.nodes.find(({ op, inputs }) => op === toHalfOp && inputs[0] === x);
  return mirrorOf(x) ?? known?.outputs[0] ?? x.graph.apply(toHalfOp, [x], null)[0];
}

/** The halves of a tensor whose store has a mirror, be it under a new shape. */
export function mirrorOf(x: Tensor): Tensor | undefined {
  const { role, graph, name, shape } = x;
  const alias = graph.nodes.find(({ op, outputs }) => op.alias && outputs[0] === x);
  if (alias) {
    const mirror = mirrorOf(alias.inputs[0]);
    return mirror && graph.apply(alias.op, [mirror], alias.params)[0];
  }
  if (role.kind !== 'stored' || !role.store.halves) return undefined;
  return graph.stored(`${name} in halves`, shape, role.store.halves, role.offset);
}

const toF32Op: Op<null> = {
  name: 'toF32',
  infer: ([halves]) => [halves],
  cpu({ inputs: [halves], outputs: [out] }) {
    out.set(halves);
  },
  gpu: ({ inputs: [halves], outputs: [out] }) => [
    {
      shader,
      entry: 'to_f32',
      constants: {},
      bindings: { halves, out },
      workgroups: gridStride(out.size / 4),
    },
  ],
  gradient: undefined,
  takesHalves: true,
};

/** Halves as f32, to the bit. */
export function toF32(halves: Tensor): Tensor {
  if (!halves.isHalf) throw new Error(`[toF32] expected halves, got ${halves.name} in f32`);
  return halves.graph.apply(toF32Op, [halves], null)[0];
}

/**
 * In mixed precision x waits for the backward pass as 16-bit floats; the forward pass reads x itself.
 * @param x [..., N], N a multiple of 4
 * @returns x
 */
export function keepHalf(x: Tensor): Tensor {
  const { graph } = x;
  if (graph.precision === 'f32') return x;
  const halves = toHalf(x);
  graph.keepInstead(x, () => toF32(halves));
  return x;
}
