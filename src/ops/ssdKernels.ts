// The dispatches of the chunked SSD layer; forward and gradient are put together from the same few kernels.

import common from '../../shaders/common/ssd.wgsl?raw';
import forwardSource from '../../shaders/ssd.wgsl?raw';
import backwardSource from '../../shaders/ssd_backward.wgsl?raw';
import { type Dispatch, type Numbers, numbers, type Operand } from '../autograd/op';
import { CHUNK_FRAMES, type SsdParams, type SsdSizes } from './ssdShape';
import { defineTileShader, TILE_ROWS } from './tileShader';

const forward = defineTileShader('ssd', forwardSource, common);
const backward = defineTileShader('ssd_backward', backwardSource, common);

type Bindings<Names extends string> = Readonly<Record<Names, Operand>>;

/** Invocations of a workgroup in every kernel. */
const GROUP = 64;
/** Tiles of four frames in a chunk, and blocks of as many frames as a tile of the result has rows. */
const TILES = CHUNK_FRAMES / 4;
const BLOCKS = CHUNK_FRAMES / TILE_ROWS;

/** Of one node: what all its dispatches share. */
export interface SsdLayer {
  readonly sizes: SsdSizes;
  readonly params: SsdParams;
  readonly subgroupSize: number | undefined;
}

const groupsFor = (invocations: number): number => Math.ceil(invocations / GROUP);

export const chunkCount = ({ T }: SsdSizes): number => Math.ceil(T / CHUNK_FRAMES);

const rowBlocks = ({ P }: SsdSizes): number => Math.ceil(P / TILE_ROWS);

/** From its beginning, to its end, and the factor of its input: for each frame of each chunk [B, H, chunks, 3, Q]. */
export const decaysShape = (sizes: SsdSizes): number[] => [
  sizes.B,
  sizes.H,
  chunkCount(sizes),
  3,
  CHUNK_FRAMES,
];

/** Elements of what the backward pass notes for each head and chunk, and of the pairs' sum over the heads. */
export function recordElements(sizes: SsdSizes): number {
  const { B, H, N } = sizes;
  const pairs = CHUNK_FRAMES ** 2;
  const ofHead = pairs + CHUNK_FRAMES + rowBlocks(sizes) * N + 2 * CHUNK_FRAMES * (N / 4);
  return B * chunkCount(sizes) * (H * ofHead + 2 * pairs);
}

/** The shader's `Layer` struct, field by field in its order. */
export function layerOf(
  { B, T, H, P, N }: SsdSizes,
  { directions, inputScale }: SsdParams,
  { isBackward = false, hasBoundary = false } = {},
): Numbers {
  const flags = [inputScale === 'dt', isBackward, hasBoundary].map(Number);
  return numbers(T, H, P / 4, N / 4, B / directions, ...flags);
}

/** Scores of all pairs of frames of a chunk, and each frame's decays. */
export function prepare(
  { sizes, params, subgroupSize }: SsdLayer,
  bindings: Bindings<'bc' | 'dt' | 'a_log' | 'new_scores' | 'new_decays'>,
): Dispatch {
  const { B, H } = sizes;
  return {
    ...forward(subgroupSize).of,
    entry: 'prepare',
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [groupsFor(B * chunkCount(sizes) * TILES * (BLOCKS + H)), 1, 1],
  };
}

/** States before the chunks, or gradients by the states after them. */
export function statesOfChunks(
  { sizes, params, subgroupSize }: SsdLayer,
  flags: { readonly isBackward: boolean; readonly hasBoundary: boolean },
  bindings: Bindings<
    'values' | 'bc' | 'decays' | 'states' | 'new_states' | 'boundary' | 'new_boundary' | 'record'
  >,
): Dispatch {
  const { B, H, N } = sizes;
  const { of, padded } = forward(subgroupSize);
  return {
    ...of,
    entry: 'states_of_chunks',
    bindings: { ...bindings, layer: layerOf(sizes, params, flags) },
    workgroups: [groupsFor(rowBlocks(sizes) * padded(N / 4)), 1, B * H],
  };
}

/** y forward (values x, states S), or the gradient by x (values G, states dS). */
export function scan(
  { sizes, params, subgroupSize }: SsdLayer,
  isBackward: boolean,
  bindings: Bindings<'values' | 'bc' | 'd' | 'states' | 'decays' | 'scores' | 'out'>,
): Dispatch {
  const { B, H, P } = sizes;
  const { of, padded } = forward(subgroupSize);
  return {
    ...of,
    entry: 'scan',
    bindings: { ...bindings, layer: layerOf(sizes, params, { isBackward }) },
    workgroups: [groupsFor(BLOCKS * padded(P / 4)), chunkCount(sizes), B * H],
  };
}

/** Products of all pairs of frames of a chunk: what the gradients by B, C and the decays sum. */
export function pairs(
  { sizes, params, subgroupSize }: SsdLayer,
  bindings: Bindings<'x' | 'values' | 'dt' | 'a_log' | 'scores' | 'record'>,
): Dispatch {
  return {
    ...backward(subgroupSize).of,
    entry: 'pairs',
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [groupsFor(sizes.B * chunkCount(sizes) * BLOCKS * TILES), 1, 1],
  };
}

/** The gradients by C and, in the second layer of workgroups, by B. */
export function gradientBc(
  { sizes, params, subgroupSize }: SsdLayer,
  bindings: Bindings<'x' | 'values' | 'bc' | 'states' | 'd_states' | 'decays' | 'record' | 'out'>,
): Dispatch {
  const { B, N } = sizes;
  const { of, padded } = backward(subgroupSize);
  return {
    ...of,
    entry: 'gradient_bc',
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [groupsFor(B * chunkCount(sizes) * BLOCKS * padded(N / 4)), 1, 2],
  };
}

/** Gradients by dt, A_log and D. */
export function sumGradients(
  { sizes, params, subgroupSize }: SsdLayer,
  bindings: Bindings<'record' | 'dt' | 'a_log' | 'ddt' | 'da_log' | 'dd'>,
): Dispatch {
  return {
    ...backward(subgroupSize).of,
    entry: 'sum_gradients',
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [params.directions * sizes.H, 1, 1],
  };
}
