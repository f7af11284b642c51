// Sizes and choices of the SSD ops, checked.

import { type Shape, sameShape, showShape } from '../autograd/tensor';

/** Q: frames per chunk; the same number in shaders/common/ssd.wgsl. */
export const CHUNK_FRAMES = 32;

export interface SsdParams {
  /** With 2 the batch's second half runs from the last frame to the first, with the second half of aLog and d. */
  readonly directions: 1 | 2;
  /** Factor on the input term x B: 1 (REALM) or dt (Mamba-2). */
  readonly inputScale: 'one' | 'dt';
  readonly hasInitial: boolean;
}

/** Batch B, frames T, heads H, head size P, state size N. */
export interface SsdSizes {
  readonly B: number;
  readonly T: number;
  readonly H: number;
  readonly P: number;
  readonly N: number;
}

/** Sizes from x [B,T,H,P] and bc [B,T,2N]. */
export function ssdSizes(x: Shape, bc: Shape): SsdSizes {
  return { B: x[0], T: x[1], H: x[2], P: x[3], N: bc[2] / 2 };
}

/** @throws Error naming the first input of ssd whose shape does not fit. */
export function checkSsdShapes(inputs: readonly Shape[], params: SsdParams): SsdSizes {
  const [x, dt, aLog, bc, d, initialState] = inputs;
  const refuse = (what: string, got: string): never => {
    throw new Error(`[ssd] expected ${what}, got ${got}`);
  };
  if (x.length !== 4 || x.some((n) => n < 1)) refuse('x [B, T, H, P]', showShape(x));
  const [B, T, H, P] = x;
  const { directions } = params;
  if (B % directions !== 0) refuse('a batch entry for each of two directions', showShape(x));
  if (bc.length !== 3 || bc[0] !== B || bc[1] !== T || bc[2] < 2 || bc[2] % 2 !== 0) {
    refuse(`bc [${B}, ${T}, 2N]`, showShape(bc));
  }
  const N = bc[2] / 2;
  if (P % 4 !== 0 || N % 4 !== 0) {
    refuse('a head size P and a state size N in multiples of 4', `P ${P} and N ${N}`);
  }
  const expected: [string, Shape, Shape][] = [
    ['dt', dt, [B, T, H]],
    ['aLog', aLog, [directions * H]],
    ['d', d, [directions * H]],
  ];
  if (params.hasInitial) expected.push(['initialState', initialState, [B, H, P, N]]);
  for (const [name, got, shape] of expected) {
    if (!sameShape(got, shape)) refuse(`${name} ${showShape(shape)}`, showShape(got));
  }
  return { B, T, H, P, N };
}
