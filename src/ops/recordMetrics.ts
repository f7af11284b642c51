// Keeps scalars of many steps on the GPU, so that the processor reads them rarely and all at once.

import stepStruct from '../../shaders/common/step.wgsl?raw';
import source from '../../shaders/record_metrics.wgsl?raw';
import { type Op, STEP } from '../autograd/op';
import { showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('record_metrics', source, stepStruct);

/** Of 8 storage buffers one is the ring. */
const SCALARS_PER_DISPATCH = 7;

const recordOp: Op<null> = {
  name: 'recordMetrics',
  infer([ring, ...scalars]) {
    if (ring.length !== 2 || ring[1] !== scalars.length || scalars.length === 0) {
      throw new Error(
        `[recordMetrics] expected a ring [slots, ${scalars.length}] for ${scalars.length} scalars, got ${showShape(ring)}`,
      );
    }
    return [];
  },
  cpu({ inputs: [ring, ...scalars], inputShapes: [[slots]], step }) {
    const row = (step.ringSlot % slots) * scalars.length;
    scalars.forEach(([value], column) => {
      ring[row + column] = value;
    });
  },
  gpu({ inputs: [ring, ...scalars] }) {
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
        constants: { columns: scalars.length, first_column: first, count: some.length },
        bindings: { ...Object.fromEntries(bound), ring, step: STEP },
        workgroups: [1, 1, 1] as const,
      };
    });
  },
  gradient: undefined,
  effect: true,
};

/**
 * Writes the scalars, each [1], into row `ringSlot` (modulo the slots) of the stored ring [slots, scalars].
 * @throws Error when the ring is not stored, its columns are not as many as the scalars, or one is not a scalar
 */
export function recordMetrics(ring: Tensor, scalars: readonly Tensor[]): void {
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
  ring.graph.apply(recordOp, [ring, ...scalars], null);
}
