// The gate of the Mamba-2 block: a * silu(b), where b may be the last columns of a wider tensor.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/gate.wgsl?raw';
import { gridStride, type Numbers, numbers, type Op } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('gate', source, activation);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const siluSlope = (x: number): number => sigmoid(x) * (1 + x * sigmoid(-x));

/** Index into b of element i of a. */
function placeOf([aShape, bShape]: readonly Shape[]): (i: number) => number {
  const columns = aShape.at(-1)!;
  const skipped = bShape.at(-1)! - columns;
  return (i) => i + (Math.floor(i / columns) + 1) * skipped;
}

const sizesOf = (a: Tensor, b: Tensor): Numbers => numbers(a.shape.at(-1)!, b.shape.at(-1)!);

const backward: Op<null> = {
  name: 'gateBackward',
  infer: ([a, b]) => [a, b],
  cpu({ inputs: [a, b, gradient], outputs: [da, db], inputShapes }) {
    const place = placeOf(inputShapes);
    for (let i = 0; i < da.length; i++) {
      const j = place(i);
      da[i] = gradient[i] * b[j] * sigmoid(b[j]);
      db[j] = gradient[i] * a[i] * siluSlope(b[j]);
    }
  },
  gpu: ({ inputs: [a, b, gradient], outputs: [da, db] }) => [
    {
      shader,
      entry: 'backward',
      constants: {},
      bindings: { a, b, gradient, out: da, b_gradient: db, sizes: sizesOf(a, b) },
      workgroups: gridStride(db.size),
    },
  ],
  gradient: undefined,
};

const gateOp: Op<null> = {
  name: 'gate',
  infer([a, b]) {
    const columns = a.at(-1);
    const width = b.at(-1);
    const hasRoom = columns !== undefined && width !== undefined && width >= columns;
    if (!hasRoom || !sameShape(a.slice(0, -1), b.slice(0, -1))) {
      throw new Error(
        `[gate] expected a [..., D] and b [..., W] with D at most W, got ${showShape(a)} and ${showShape(b)}`,
      );
    }
    return [a];
  },
  cpu({ inputs: [a, b], outputs: [out], inputShapes }) {
    const place = placeOf(inputShapes);
    for (let i = 0; i < out.length; i++) out[i] = a[i] * b[place(i)] * sigmoid(b[place(i)]);
  },
  gpu: ({ inputs: [a, b], outputs: [out] }) => [
    {
      shader,
      entry: 'forward',
      constants: {},
      bindings: { a, b, out, sizes: sizesOf(a, b) },
      workgroups: gridStride(out.size),
    },
  ],
  gradient: ({ inputs: [a, b], outputGradients: [gradient] }) =>
    a.graph.apply(backward, [a, b, gradient!], null),
};

/**
 * a * silu(b) (REALM, section 1.3: y * SiLU(z)).
 * @param a [..., D]
 * @param b [..., W], of which the last D columns gate
 * @returns [..., D]
 */
export function gate(a: Tensor, b: Tensor): Tensor {
  return a.graph.apply(gateOp, [a, b], null)[0];
}
