// The dispatches of the chunked SSD layer; forward and gradient are put together from the same few kernels.

import source from '../../shaders/ssd.wgsl?raw';
import {
  type Dispatch,
  gridStride,
  MOST_BARRIER_GROUPS,
  type Numbers,
  numbers,
  type Operand,
} from '../autograd/op';
import { defineShader } from '../gpu/shader';
import { CHUNK_FRAMES, type SsdParams, type SsdSizes } from './ssdShape';

const shader = defineShader('ssd', source);

/** Columns of a workgroup's tile. */
const COLUMNS = 64;

type Bindings<Names extends string> = Readonly<Record<Names, Operand>>;

export const chunkCount = ({ T }: SsdSizes): number => Math.ceil(T / CHUNK_FRAMES);

/** Elements of the decay sums [B, H, T], four numbers each. */
export const sumsElements = ({ B, T, H }: SsdSizes): number => 4 * B * H * T;

/** Elements of the products per frame that the gradients by dt, A_log and D sum. */
export const dotsElements = ({ B, T, H, P }: SsdSizes): number => (2 + columnTiles(P)) * B * H * T;

/** Workgroup tiles that cover n columns. */
const columnTiles = (n: number): number => Math.ceil(n / COLUMNS);

const threadsFor = (n: number): number => Math.ceil(Math.min(n, COLUMNS) / 4);

/** The shader's `Layer` struct, field by field in its order. */
function layerOf(
  { B, H, P, N }: SsdSizes,
  { reverse, inputScale }: SsdParams,
  { isBackward = false, hasBoundary = false } = {},
): Numbers {
  const flags = [reverse, inputScale === 'dt', isBackward, hasBoundary].map(Number);
  return numbers(H, P, N, B, ...flags);
}

/**
 * Decay sums, and what each chunk adds to the state (forward: values x) or to its gradient (backward: values G).
 */
export function chunkState(
  sizes: SsdSizes,
  params: SsdParams,
  isBackward: boolean,
  bindings: Bindings<'values' | 'bc' | 'dt' | 'a_log' | 'd' | 'new_states' | 'new_sums'>,
): Dispatch {
  const { B, H, P, N } = sizes;
  return {
    shader,
    entry: 'chunk_state',
    constants: { threads_x: threadsFor(N), threads_y: threadsFor(P) },
    bindings: { ...bindings, layer: layerOf(sizes, params, { isBackward }) },
    workgroups: [columnTiles(P) * columnTiles(N), chunkCount(sizes), B * H],
  };
}

/** Carries states, or gradients backwards, over the chunks in place. */
export function statePassing(
  sizes: SsdSizes,
  params: SsdParams,
  isBackward: boolean,
  hasBoundary: boolean,
  bindings: Bindings<'new_states' | 'sums' | 'boundary' | 'new_boundary'>,
): Dispatch {
  const { B, H, P, N } = sizes;
  return {
    shader,
    entry: 'state_passing',
    constants: {},
    bindings: {
      ...bindings,
      layer: layerOf(sizes, params, { isBackward, hasBoundary }),
    },
    workgroups: [Math.ceil((P * N) / 64), 1, B * H],
  };
}

/** y forward (values x, states S), or the gradient by x (values G, states dS). */
export function scan(
  sizes: SsdSizes,
  params: SsdParams,
  isBackward: boolean,
  bindings: Bindings<'x' | 'values' | 'bc' | 'states' | 'sums' | 'out' | 'new_dots'>,
): Dispatch {
  const { B, H, P } = sizes;
  return {
    shader,
    entry: 'scan',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params, { isBackward }) },
    workgroups: [columnTiles(P), chunkCount(sizes), B * H],
  };
}

/** Gradients by B and C of each head, by the decays, and the products that the gradient by D sums. */
export function gradientBc(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<
    'x' | 'values' | 'bc' | 'states' | 'd_states' | 'sums' | 'new_heads_bc' | 'new_dots'
  >,
): Dispatch {
  const { B, H } = sizes;
  return {
    shader,
    entry: 'gradient_bc',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [1, chunkCount(sizes), B * H],
  };
}

/** Gradients by dt, A_log and D, and those by B and C added up over the heads. */
export function sumGradients(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'heads_bc' | 'dots' | 'dt' | 'a_log' | 'out' | 'ddt' | 'da_log' | 'dd'>,
): Dispatch {
  const { B, T, H, N } = sizes;
  const [bcGroups] = gridStride(B * T * 2 * N, 64, MOST_BARRIER_GROUPS);
  return {
    shader,
    entry: 'sum_gradients',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [H + bcGroups, 1, 1],
  };
}

/** One frame of the live decoder, without chunks. */
export function step(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'x' | 'bc' | 'dt' | 'a_log' | 'd' | 'boundary' | 'new_boundary' | 'out'>,
): Dispatch {
  const { B, H, P } = sizes;
  return {
    shader,
    entry: 'step',
    constants: {},
    bindings: {
      ...bindings,
      layer: layerOf(sizes, params, { hasBoundary: params.hasInitial }),
    },
    workgroups: [Math.ceil((H * P) / 64), B, 1],
  };
}
