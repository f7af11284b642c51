// The dispatches of the chunked SSD layer; forward and gradient are put together from the same few kernels.

import source from '../../shaders/ssd.wgsl?raw';
import { type Dispatch, gridStride, type Numbers, numbers, type Operand } from '../autograd/op';
import { defineShader } from '../gpu/shader';
import { CHUNK_FRAMES, type SsdParams, type SsdSizes } from './ssdShape';

const shader = defineShader('ssd', source);

/** Columns of a workgroup's tile. */
const COLUMNS = 64;

type Bindings<Names extends string> = Readonly<Record<Names, Operand>>;

export const chunkCount = ({ T }: SsdSizes): number => Math.ceil(T / CHUNK_FRAMES);

/** Elements of the decay sums [B, H, T], four numbers each. */
export const sumsElements = ({ B, T, H }: SsdSizes): number => 4 * B * H * T;

/** Workgroup tiles that cover n columns. */
export const columnTiles = (n: number): number => Math.ceil(n / COLUMNS);

const threadsFor = (n: number): number => Math.ceil(Math.min(n, COLUMNS) / 4);

/** The shader's `Layer` struct, field by field in its order. */
const LAYER_FIELDS = [
  'heads',
  'head_dim',
  'd_state',
  'batches',
  'reversed',
  'scale_by_dt',
  'backward',
  'has_boundary',
  'role',
  'row_stride',
  'row_head_stride',
  'row_offset',
  'key_stride',
  'key_head_stride',
  'key_offset',
  'value_stride',
  'value_head_stride',
  'value_offset',
  'partner_offset',
  'row_size',
  'value_size',
  'state_row_stride',
  'state_value_stride',
] as const;

type LayerFields = Partial<Record<(typeof LAYER_FIELDS)[number], number>>;

function layerOf({ B, H, P, N }: SsdSizes, params: SsdParams, fields: LayerFields = {}): Numbers {
  const all: LayerFields = {
    heads: H,
    head_dim: P,
    d_state: N,
    batches: B,
    reversed: params.reverse ? 1 : 0,
    scale_by_dt: params.inputScale === 'dt' ? 1 : 0,
    ...fields,
  };
  return numbers(...LAYER_FIELDS.map((field) => all[field] ?? 0));
}

/** Where a frame's row of an operand lies: frame * stride + head * headStride + offset. */
interface Layout {
  readonly stride: number;
  readonly headStride: number;
  readonly offset: number;
}

const ofHeads = ({ H, P }: SsdSizes): Layout => ({ stride: H * P, headStride: P, offset: 0 });
const ofB = ({ N }: SsdSizes): Layout => ({ stride: 2 * N, headStride: 0, offset: 0 });
const ofC = ({ N }: SsdSizes): Layout => ({ stride: 2 * N, headStride: 0, offset: N });

function fieldsOf(operand: 'row' | 'key' | 'value', layout: Layout): LayerFields {
  return {
    [`${operand}_stride`]: layout.stride,
    [`${operand}_head_stride`]: layout.headStride,
    [`${operand}_offset`]: layout.offset,
  };
}

/**
 * Decay sums, and what each chunk adds to the state (forward: rows x, values B) or to its gradient (backward: rows G,
 * values C).
 */
export function chunkState(
  sizes: SsdSizes,
  params: SsdParams,
  isBackward: boolean,
  bindings: Bindings<'rows' | 'values' | 'dt' | 'a_log' | 'd' | 'new_states' | 'new_sums'>,
): Dispatch {
  const { B, H, P, N } = sizes;
  return {
    shader,
    entry: 'chunk_state',
    constants: { threads_x: threadsFor(N), threads_y: threadsFor(P) },
    bindings: {
      ...bindings,
      layer: layerOf(sizes, params, {
        ...fieldsOf('row', ofHeads(sizes)),
        ...fieldsOf('value', isBackward ? ofC(sizes) : ofB(sizes)),
        backward: isBackward ? 1 : 0,
      }),
    },
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
      layer: layerOf(sizes, params, {
        backward: isBackward ? 1 : 0,
        has_boundary: hasBoundary ? 1 : 0,
      }),
    },
    workgroups: [Math.ceil((P * N) / 64), 1, B * H],
  };
}

/** The four masked products of one form; `scan` in the shader says what each computes. */
const ROLES = {
  y: { index: 0, row: ofC, key: ofB, value: ofHeads, partnerOffset: () => 0 },
  dx: { index: 1, row: ofB, key: ofC, value: ofHeads, partnerOffset: () => 0 },
  dC: { index: 2, row: ofHeads, key: ofHeads, value: ofB, partnerOffset: ({ N }: SsdSizes) => N },
  dB: { index: 3, row: ofHeads, key: ofHeads, value: ofC, partnerOffset: () => 0 },
} as const;

/** One of y, dx, dC and dB. */
export function scan(
  sizes: SsdSizes,
  params: SsdParams,
  role: keyof typeof ROLES,
  bindings: Bindings<
    'rows' | 'keys' | 'values' | 'partners' | 'states' | 'sums' | 'out' | 'new_dots'
  >,
): Dispatch {
  const { B, H, P, N } = sizes;
  const { index, row, key, value, partnerOffset } = ROLES[role];
  const isOverHeads = value === ofHeads;
  const columns = isOverHeads ? P : N;
  return {
    shader,
    entry: 'scan',
    constants: { threads_x: threadsFor(columns) },
    bindings: {
      ...bindings,
      layer: layerOf(sizes, params, {
        ...fieldsOf('row', row(sizes)),
        ...fieldsOf('key', key(sizes)),
        ...fieldsOf('value', value(sizes)),
        partner_offset: partnerOffset(sizes),
        role: index,
        backward: index % 2,
        row_size: isOverHeads ? N : P,
        value_size: columns,
        // The state is [P, N].
        state_row_stride: isOverHeads ? 1 : N,
        state_value_stride: isOverHeads ? N : 1,
      }),
    },
    workgroups: [columnTiles(columns), chunkCount(sizes), B * H],
  };
}

/** Gradient by the decays, and the products that the gradient by D sums. */
export function decayGradient(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'rows' | 'keys' | 'values' | 'states' | 'd_states' | 'sums' | 'dots' | 'out'>,
): Dispatch {
  return {
    shader,
    entry: 'decay_gradient',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [1, chunkCount(sizes), sizes.B * sizes.H],
  };
}

/** dB and dC of all heads added up. */
export function sumHeads(size: number, bindings: Bindings<'parts' | 'out'>): Dispatch {
  return { shader, entry: 'sum_heads', constants: {}, bindings, workgroups: gridStride(size) };
}

/** Gradients by dt, A_log and D. */
export function dtGradient(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<'parts' | 'dots' | 'dt' | 'a_log' | 'out' | 'da_log' | 'dd'>,
): Dispatch {
  return {
    shader,
    entry: 'dt_gradient',
    constants: {},
    bindings: { ...bindings, layer: layerOf(sizes, params) },
    workgroups: [sizes.H, 1, 1],
  };
}

/** One frame of the live decoder, without chunks. */
export function step(
  sizes: SsdSizes,
  params: SsdParams,
  bindings: Bindings<
    'rows' | 'values' | 'dt' | 'a_log' | 'd' | 'boundary' | 'new_boundary' | 'out'
  >,
): Dispatch {
  const { B, H, P } = sizes;
  return {
    shader,
    entry: 'step',
    constants: {},
    bindings: {
      ...bindings,
      layer: layerOf(sizes, params, { has_boundary: params.hasInitial ? 1 : 0 }),
    },
    workgroups: [Math.ceil((H * P) / 64), B, 1],
  };
}
