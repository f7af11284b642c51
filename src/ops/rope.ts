// Rotary position embedding (RoPE) of the SSM's B and C. Angles come from the processor in float64: sin and cos in
// WGSL are inexact on some adapters.

import source from '../../shaders/rope.wgsl?raw';
import { gridStride, type Op } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('rope', source);

const BASE = 10000;

interface Params {
  /** -1 rotates back: the inverse and the gradient. */
  readonly turn: 1 | -1;
}

const ropeOp: Op<Params> = {
  name: 'rope',
  infer([bc, table]) {
    const [, frames, width] = bc;
    if (bc.length !== 3 || width % 4 !== 0) {
      throw new Error(`[rope] expected bc of shape [B, T, 2N] with N even, got ${showShape(bc)}`);
    }
    if (!sameShape(table, [frames, width / 2])) {
      throw new Error(
        `[rope] expected a table of shape ${showShape([frames, width / 2])}, got ${showShape(table)}`,
      );
    }
    return [bc];
  },
  cpu({ inputs: [bc, table], outputs: [out], inputShapes: [[, frames], [, N]], params }) {
    const half = N / 2;
    for (let first = 0; first < bc.length; first += N) {
      const frame = Math.floor(first / (2 * N)) % frames;
      for (let i = 0; i < half; i++) {
        const cosine = table[frame * N + i];
        const sine = params.turn * table[frame * N + half + i];
        const a = bc[first + i];
        const b = bc[first + half + i];
        out[first + i] = a * cosine - b * sine;
        out[first + half + i] = b * cosine + a * sine;
      }
    }
  },
  gpu: ({ inputs: [bc, table], outputs: [out], params }) => [
    {
      shader,
      entry: 'rotate',
      constants: { state_width: table.shape[1], frames: table.shape[0], turn: params.turn },
      bindings: { bc, table, out },
      workgroups: gridStride(bc.size / 2),
    },
  ],
  gradient: ({ inputs: [bc, table], outputGradients: [gradient], params }) => [
    bc.graph.apply(ropeOp, [gradient!, table], { turn: params.turn === 1 ? -1 : 1 })[0],
    undefined,
  ],
};

/**
 * Rotates B and C by the angle of their frame (REALM, section 1.3).
 * @param bc [B, T, 2N]: B in the first N columns, C in the last
 * @param table [T, N] from `ropeTable`; no gradient flows to it
 */
export function rope(bc: Tensor, table: Tensor): Tensor {
  return bc.graph.apply(ropeOp, [bc, table], { turn: 1 })[0];
}

/**
 * Cosines, then sines, of the N/2 angles of each frame: position * 10000^(-2i/N), rounded to f32 once.
 * @param dState N, even
 * @param start position of frame 0, for a decoder that has seen frames before
 * @param reverse the last frame has position `start`, as on a time-flipped sequence
 * @returns [frames, N] row-major
 */
export function ropeTable(
  frames: number,
  dState: number,
  { start = 0, reverse = false }: { start?: number; reverse?: boolean } = {},
): Float32Array {
  if (dState % 2 !== 0) throw new Error(`[ropeTable] expected an even state size, got ${dState}`);
  const half = dState / 2;
  const table = new Float32Array(frames * dState);
  for (let frame = 0; frame < frames; frame++) {
    const position = start + (reverse ? frames - 1 - frame : frame);
    for (let i = 0; i < half; i++) {
      const angle = position * BASE ** (-i / half);
      table[frame * dState + i] = Math.cos(angle);
      table[frame * dState + half + i] = Math.sin(angle);
    }
  }
  return table;
}
