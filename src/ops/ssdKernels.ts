// The dispatches of the chunked SSD layer; forward and gradient are put together from the same few kernels.

import common from '../../shaders/common/ssd.wgsl?raw';
import forwardSource from '../../shaders/ssd.wgsl?raw';
import backwardSource from '../../shaders/ssd_backward.wgsl?raw';
import { type Dispatch, type Numbers, numbers, type Operand } from '../autograd/op';
import { defineShader } from '../gpu/shader';
import { CHUNK_FRAMES, type SsdParams, type SsdSizes } from './ssdShape';

const forward = defineShader('ssd', forwardSource, common);
const backward = defineShader('ssd_backward', backwardSource, common);

type Bindings<Names extends string> = Readonly<Record<Names, Operand>>;

/** Invocations of a workgroup in every kernel. */
const GROUP = 64;
/** Tiles of four frames in a chunk, and pairs of tiles of which the first is not before the second. */
const TILES = CHUNK_FRAMES / 4;
const CAUSAL_TILES = (TILES * (TILES + 1)) / 2;

const groupsFor = (invocations: number): number => Math.ceil(invocations / GROUP);

export const chunkCount = ({ T }: SsdSizes): number => Math.ceil(T / CHUNK_FRAMES);

/** Elements of what the backward pass notes for each head and chunk, and of the pairs' sum over the heads. */
export function recordElements(sizes: SsdSizes): number {
  const { B, H, P, N } = sizes;
  const pairs = CHUNK_FRAMES ** 2;
  const ofHead = pairs + CHUNK_FRAMES + (P * N) / 4 + 2 * CHUNK_FRAMES * (N / 4);
  return B * chunkCount(sizes) * (H * ofHead + pairs);
}

/** The shader's `Layer` struct, field by field in its order. */
export function layerOf(
  { B, T, H, P, N }: SsdSizes,
  { reverse, directions, inputScale }: SsdParams,
  { isBackward = false, hasBoundary = false } = {},
): Numbers {
  const flags = [inputScale === 'dt', isBackward, hasBoundary].map(Number);
  return numbers(T, H, P / 4, N / 4, Number(reverse), B / directions, ...flags);
}

/** Scores of all pairs of frames of a chunk, and each frame's decays. */
export function prepare(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'bc' | 'dt' | 'a_log' | 'new_scores' | 'new_decays'>,
): Dispatch {
  const { B, T, H } = sizes;
  return {
    shader: forward,
    entry: 'prepare',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [groupsFor(B * (chunkCount(sizes) * CAUSAL_TILES + H * T)), 1, 1],
  };
}

/** States before the chunks, or gradients by the states after them. */
export function statesOfChunks(
  sizes: SsdSizes,
  params: SsdParams,
  flags: { readonly isBackward: boolean; readonly hasBoundary: boolean },
  bindings: Bindings<
    'values' | 'bc' | 'decays' | 'states' | 'new_states' | 'boundary' | 'new_boundary' | 'record'
  >,
): Dispatch {
  const { B, H, P, N } = sizes;
  return {
    shader: forward,
    entry: 'states_of_chunks',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params, flags) },
    workgroups: [groupsFor((P * N) / 16), 1, B * H],
  };
}

/** y forward (values x, states S), or the gradient by x (values G, states dS). */
export function scan(
  sizes: SsdSizes,
  params: SsdParams,
  isBackward: boolean,
  bindings: Bindings<'values' | 'bc' | 'd' | 'states' | 'decays' | 'scores' | 'out'>,
): Dispatch {
  const { B, H, P } = sizes;
  return {
    shader: forward,
    entry: 'scan',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params, { isBackward }) },
    workgroups: [groupsFor((TILES * P) / 4), chunkCount(sizes), B * H],
  };
}

/** Products of all pairs of frames of a chunk: what the gradients by B, C and the decays sum. */
export function pairs(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'x' | 'values' | 'dt' | 'a_log' | 'scores' | 'record'>,
): Dispatch {
  return {
    shader: backward,
    entry: 'pairs',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [groupsFor(sizes.B * chunkCount(sizes) * CAUSAL_TILES), 1, 1],
  };
}

/** The gradients by B and C. */
export function gradientBc(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'x' | 'values' | 'bc' | 'states' | 'd_states' | 'decays' | 'record' | 'out'>,
): Dispatch {
  const { B, N } = sizes;
  return {
    shader: backward,
    entry: 'gradient_bc',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [groupsFor(B * chunkCount(sizes) * TILES * (N / 4)), 1, 1],
  };
}

/** Gradients by dt, A_log and D. */
export function sumGradients(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'record' | 'dt' | 'a_log' | 'ddt' | 'da_log' | 'dd'>,
): Dispatch {
  return {
    shader: backward,
    entry: 'sum_gradients',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [params.directions * sizes.H, 1, 1],
  };
}
