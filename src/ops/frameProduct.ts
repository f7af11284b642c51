// A matrix times the vector of one live frame, the long sum over its columns in parts, so that enough invocations work.

import source from '../../shaders/frame_product.wgsl?raw';
import { numbers, type Op } from '../autograd/op';
import { showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { packedProduct } from './framePath';

const shader = defineShader('frame_product', source);

const ROWS_PER_WORKGROUP = 64;
const QUADS_PER_PART = 32;

const partsOf = (quads: number): number => Math.ceil(quads / QUADS_PER_PART);

const frameProductOp: Op<null> = {
  name: 'frameProduct',
  infer([x, weight]) {
    const [quads, rows, four] = weight;
    if (x.length !== 2 || x[1] % 4 !== 0 || four !== 4 || 4 * quads > x[1]) {
      throw new Error(
        `[frameProduct] expected x [B, W] of whole quads and a packed weight of at most W columns, got ${showShape(x)} and ${showShape(weight)}`,
      );
    }
    return [[x[0], partsOf(quads), rows]];
  },
  cpu({ inputs: [x, weight], inputShapes: [[batch, width], [quads, rows]], outputs: [out] }) {
    const parts = partsOf(quads);
    const length = Math.ceil(quads / parts);
    for (let b = 0; b < batch; b++) {
      for (let part = 0; part < parts; part++) {
        const share = new Float64Array(4 * quads);
        const [from, to] = [4 * part * length, 4 * Math.min((part + 1) * length, quads)];
        share.set(x.subarray(b * width + from, b * width + to), from);
        for (let r = 0; r < rows; r++) {
          out[(b * parts + part) * rows + r] = packedProduct(weight, rows, r, share);
        }
      }
    }
  },
  gpu({ inputs: [x, weight], outputs: [out] }) {
    const [quads, rows] = weight.shape;
    const [batch, parts] = out.shape;
    return [
      {
        shader,
        entry: 'multiply',
        constants: {},
        bindings: { x, weight, sizes: numbers(rows, quads, x.shape[1] / 4), out },
        workgroups: [Math.ceil(rows / ROWS_PER_WORKGROUP), parts, batch],
      },
    ];
  },
  gradient: undefined,
};

/**
 * W times the first columns of x, in parts whose sum it is.
 * @param x [B, W], whole quads
 * @param weight [R, columns], packed (packRows); behind its columns it is zero, and x must be finite
 * @returns [B, parts, R]
 * @throws Error when the shapes do not fit
 */
export function frameProduct(x: Tensor, weight: Tensor): Tensor {
  return x.graph.apply(frameProductOp, [x, weight], null)[0];
}
