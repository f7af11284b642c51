// How many floating-point operations a dispatch needs, counted from its sizes.

import type { Graph } from '../src/autograd/graph';
import { liveNodes } from '../src/autograd/live';
import { type Dispatch, type Numbers, type Operand, STEP } from '../src/autograd/op';
import { Tensor } from '../src/autograd/tensor';
import { CHUNK_FRAMES } from '../src/ops/ssdShape';

export interface DispatchFlops {
  readonly kernel: string;
  readonly flops: number;
}

/** More than any kernel that visits each bound number once spends on it: GELU's error function is the longest. */
const PER_ELEMENT = 16;

/** Every dispatch of one replay of the graph, the heaviest first. */
export function heaviestDispatches(
  graph: Graph,
  subgroupSize: number | undefined,
): DispatchFlops[] {
  return liveNodes(graph)
    .filter((node) => !node.op.alias)
    .flatMap((node) => node.op.gpu({ ...node, subgroupSize }))
    .map((dispatch) => ({
      kernel: `${dispatch.shader.name}.${dispatch.entry}`,
      flops: flopsOf(dispatch),
    }))
    .sort((a, b) => b.flops - a.flops);
}

function flopsOf(dispatch: Dispatch): number {
  const { shader, bindings } = dispatch;
  if (shader.name.startsWith('matmul')) return matmulFlops(dispatch);
  if (shader.name.startsWith('ssd')) {
    const flops = ssdFlops(dispatch);
    if (flops !== undefined) return flops;
  }
  return PER_ELEMENT * Object.values(bindings).reduce((sum, operand) => sum + elements(operand), 0);
}

function matmulFlops({ entry, bindings, workgroups }: Dispatch): number {
  const { values } = bindings.sizes as Numbers;
  const [m, n, k, batches, , firstRow] = values;
  const groupColumns = values[8];
  // Of a workgroup: 16 rows for quads, else 64 tiles of four rows, of which `groupColumns` lie beside each other.
  const groupRows = entry === 'multiply_quads' ? 16 : (4 * 64) / groupColumns;
  const rows = Math.min(m - firstRow, workgroups[1] * groupRows);
  return 2 * batches * rows * n * k;
}

/** A multiplication and an addition for each term of the sums of shaders/ssd.wgsl and shaders/ssd_backward.wgsl. */
function ssdFlops({ entry, bindings }: Dispatch): number | undefined {
  const [T, H, quarterP, quarterN] = (bindings.layer as Numbers).values;
  const [B] = ((bindings.bc ?? bindings.dt) as Tensor).shape;
  const [P, N, Q] = [4 * quarterP, 4 * quarterN, CHUNK_FRAMES];
  const chunks = Math.ceil(T / Q);
  switch (entry) {
    case 'prepare':
      return 2 * B * chunks * Q ** 2 * N;
    case 'states_of_chunks':
      return 4 * B * T * H * P * N;
    case 'scan':
      return 2 * B * T * H * P * (Q + N);
    case 'pairs':
      return 4 * B * chunks * Q ** 2 * H * P;
    case 'gradient_bc':
      return 4 * B * T * N * (H * P + Q);
  }
}

function elements(operand: Operand): number {
  if (operand === STEP) return 0;
  if (operand instanceof Tensor) return operand.size;
  return operand.kind === 'scratch' ? operand.elements : 0;
}
