// Copies a tensor into stored memory: how a decoder keeps its state from frame to frame.

import source from '../../shaders/assign.wgsl?raw';
import { gridStride, type Op } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('assign', source);

const assignOp: Op<null> = {
  name: 'assign',
  infer([stored, value]) {
    if (!sameShape(stored, value)) {
      throw new Error(
        `[assign] expected a value of shape ${showShape(stored)}, got ${showShape(value)}`,
      );
    }
    return [];
  },
  cpu({ inputs: [stored, value] }) {
    stored.set(value);
  },
  gpu: ({ inputs: [stored, value] }) => [
    {
      shader,
      entry: 'assign',
      constants: {},
      bindings: { source: value, stored },
      workgroups: gridStride(value.size),
    },
  ],
  gradient: undefined,
  effect: true,
};

/** stored <- value, of one shape, in place. */
export function assign(stored: Tensor, value: Tensor): void {
  if (stored.role.kind !== 'stored') {
    throw new Error(`[assign] expected a stored tensor, got ${stored.name} (${stored.role.kind})`);
  }
  stored.graph.apply(assignOp, [stored, value], null);
}
