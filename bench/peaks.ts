// The adapter's own peaks, which the kernels are measured against.

import { createStorageBuffer } from '../src/gpu/buffer';
import type { GpuDevice } from '../src/gpu/device';
import { pipelineFor } from '../src/gpu/pipeline';
import { defineShader } from '../src/gpu/shader';
import { timeDispatches } from './repeat';
import source from './shaders/peaks.wgsl?raw';

const shader = defineShader('peaks', source);

export interface Peaks {
  readonly gflops: number;
  /** Bytes read plus bytes written. */
  readonly gbPerS: number;
}

const INVOCATIONS = 64 * 256;
const OPERATIONS_PER_ROUND = 8 * 8 * 4 * 2;
/** Far beyond any cache of the processors that software adapters run on. */
const COPY_BYTES = 64 * 2 ** 20;

export async function measurePeaks(gpu: GpuDevice): Promise<Peaks> {
  const rounds = gpu.isSoftware ? 32 : 2048;
  const names = ['source', 'out'];
  const measure = async (
    entry: string,
    constants: Record<string, number>,
    bytes: number,
    groups: number,
  ): Promise<number> => {
    const { pipeline, layout } = await pipelineFor(gpu, shader, entry, constants, names);
    const buffers = names.map((name) => createStorageBuffer(gpu, bytes, name));
    const bindGroup = gpu.device.createBindGroup({
      layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const ms = await timeDispatches(gpu, [{ pipeline, bindGroup, workgroups: [groups, 1, 1] }]);
    for (const buffer of buffers) buffer.destroy();
    return ms;
  };
  const fmaMs = await measure('multiply_add', { rounds }, INVOCATIONS * 16, INVOCATIONS / 64);
  const copyMs = await measure('copy', {}, COPY_BYTES, 4096);
  return {
    gflops: (INVOCATIONS * rounds * OPERATIONS_PER_ROUND) / fmaMs / 1e6,
    gbPerS: (2 * COPY_BYTES) / copyMs / 1e6,
  };
}
