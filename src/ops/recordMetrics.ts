// Keeps scalars of many steps on the GPU, so that the processor reads them rarely and all at once.

import stepStruct from '../../shaders/common/step.wgsl?raw';
import source from '../../shaders/record_metrics.wgsl?raw';
import { type Op, STEP } from '../autograd/op';
import { showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('record_metrics', source, stepStruct);

/** Of 8 storage buffers one is the ring. */
const SCALARS_PER_DISPATCH = 7;

const recordOp: Op<{ readonly firstColumn: number }> = {
  name: 'recordMetrics',
  infer([ring, ...scalars], { firstColumn }) {
    const columns = firstColumn + scalars.length;
    if (ring.length !== 2 || ring[1] < columns || scalars.length === 0) {
      throw new Error(
        `[recordMetrics] expected a ring [slots, columns] of at least ${columns} columns for ${scalars.length} scalars from column ${firstColumn}, got ${showShape(ring)}`,
      );
    }
    return [];
  },
  cpu({ inputs: [ring, ...scalars], inputShapes: [[slots, columns]], params, step }) {
    const row = (step.ringSlot % slots) * columns + params.firstColumn;
    scalars.forEach(([value], k) => {
      ring[row + k] = value;
    });
  },
  gpu({ inputs: [ring, ...scalars], params: { firstColumn } }) {
    const dispatchCount = Math.ceil(scalars.length / SCALARS_PER_DISPATCH);
    return Array.from({ length: dispatchCount }, (_, d) => {
      const first = d * SCALARS_PER_DISPATCH;
      const some = scalars.slice(first, first + SCALARS_PER_DISPATCH);
      const bound = Array.from({ length: SCALARS_PER_DISPATCH }, (_, k) => [
        `scalar${k}`,
        some[k] ?? some[0],
      ]);
      return {
        shader,
        entry: 'record',
        constants: {
          columns: ring.shape[1],
          first_column: firstColumn + first,
          count: some.length,
        },
        bindings: { ...Object.fromEntries(bound), ring, step: STEP },
        workgroups: [1, 1, 1] as const,
      };
    });
  },
  gradient: undefined,
  effect: true,
};

/**
 * Writes the scalars, each [1], side by side into row `ringSlot` (modulo the slots) of the stored ring [slots, columns].
 * @throws Error when the ring is not stored, it has too few columns, or one is not a scalar
 */
export function recordMetrics(ring: Tensor, scalars: readonly Tensor[], firstColumn = 0): void {
  if (ring.role.kind !== 'stored') {
    throw new Error(`[recordMetrics] expected a stored ring, got ${ring.name} (${ring.role.kind})`);
  }
  for (const scalar of scalars) {
    if (scalar.size !== 1) {
      throw new Error(
        `[recordMetrics] expected scalars, got ${scalar.name} ${showShape(scalar.shape)}`,
      );
    }
  }
  ring.graph.apply(recordOp, [ring, ...scalars], { firstColumn });
}
