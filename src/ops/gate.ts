// The gate of the Mamba-2 block: a * silu(b), where b may be the last columns of a wider tensor, of one direction or two.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/gate.wgsl?raw';
import { type Numbers, numbers, type Op, rowsGrid } from '../autograd/op';
import { type Shape, sameShape, showShape, sizeOf, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('gate', source, activation);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const siluSlope = (x: number): number => sigmoid(x) * (1 + x * sigmoid(-x));

interface Params {
  readonly directions: 1 | 2;
}

/** Index into b of element i of a. */
function placeOf(
  [aShape, bShape]: readonly Shape[],
  { directions }: Params,
): (i: number) => number {
  const columns = aShape.at(-1)!;
  const width = bShape.at(-1)! / directions;
  const rows = sizeOf(bShape.slice(0, -1));
  return (i) => {
    const row = Math.floor(i / columns);
    const part = (row % rows) * directions + Math.floor(row / rows);
    return (part + 1) * width - columns + (i % columns);
  };
}

const sizesOf = (a: Tensor, b: Tensor, { directions }: Params): Numbers => {
  const width = b.shape.at(-1)!;
  return numbers(a.shape.at(-1)! / 4, width / directions / 4, directions, b.size / width);
};

const backward: Op<Params> = {
  name: 'gateBackward',
  infer: ([a, b]) => [a, b],
  cpu({ inputs: [a, b, gradient], outputs: [da, db], inputShapes, params }) {
    const place = placeOf(inputShapes, params);
    for (let i = 0; i < da.length; i++) {
      const j = place(i);
      da[i] = gradient[i] * b[j] * sigmoid(b[j]);
      db[j] = gradient[i] * a[i] * siluSlope(b[j]);
    }
  },
  gpu: ({ inputs: [a, b, gradient], outputs: [da, db], params }) => [
    {
      shader,
      entry: 'backward',
      constants: {},
      bindings: { a, b, gradient, out: da, b_gradient: db, sizes: sizesOf(a, b, params) },
      workgroups: rowsGrid(b.size / b.shape.at(-1)!, b.shape.at(-1)! / 4),
    },
  ],
  gradient: undefined,
};

const gateOp: Op<Params> = {
  name: 'gate',
  infer([a, b], { directions }) {
    const columns = a.at(-1);
    const width = (b.at(-1) ?? 0) / directions;
    const hasRoom = columns !== undefined && Number.isInteger(width) && width >= columns;
    const [first, ...others] = b.slice(0, -1);
    const lead = directions === 1 ? b.slice(0, -1) : [directions * first, ...others];
    if (!hasRoom || !sameShape(a.slice(0, -1), lead)) {
      const expected =
        directions === 1
          ? 'a [..., D] and b [..., W] with D at most W'
          : 'a [2B, ..., D] and b [B, ..., 2W] with D at most W';
      throw new Error(`[gate] expected ${expected}, got ${showShape(a)} and ${showShape(b)}`);
    }
    if (columns % 4 !== 0 || width % 4 !== 0) {
      throw new Error(
        `[gate] expected columns in multiples of 4, got ${showShape(a)} and ${showShape(b)}`,
      );
    }
    return [a];
  },
  cpu({ inputs: [a, b], outputs: [out], inputShapes, params }) {
    const place = placeOf(inputShapes, params);
    for (let i = 0; i < out.length; i++) out[i] = a[i] * b[place(i)] * sigmoid(b[place(i)]);
  },
  gpu: ({ inputs: [a, b], outputs: [out], params }) => [
    {
      shader,
      entry: 'forward',
      constants: {},
      bindings: { a, b, out, sizes: sizesOf(a, b, params) },
      workgroups: rowsGrid(a.size / a.shape.at(-1)!, a.shape.at(-1)! / 4),
    },
  ],
  gradient: ({ inputs: [a, b], outputGradients: [gradient], params }) =>
    a.graph.apply(backward, [a, b, gradient!], params),
};

/**
 * a * silu(b) (REALM, section 1.3: y * SiLU(z)).
 * @param a [..., D], or [2 * B, ..., D] of two directions; D a multiple of 4
 * @param b [..., W], W a multiple of 4, of which the last D columns gate, or [B, ..., 2 * W] with one direction's columns beside the other's
 * @returns of the shape of a
 */
export function gate(a: Tensor, b: Tensor, directions: 1 | 2 = 1): Tensor {
  return a.graph.apply(gateOp, [a, b], { directions })[0];
}
