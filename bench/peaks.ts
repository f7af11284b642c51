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

export interface PeakMeter {
  /** Now: on a shared or throttled machine the peaks of another minute say nothing. */
  measure(): Promise<Peaks>;
  destroy(): void;
}

export async function createPeakMeter(gpu: GpuDevice): Promise<PeakMeter> {
  const rounds = gpu.isSoftware ? 32 : 2048;
  const names = ['source', 'out'];
  const prepare = async (
    entry: string,
    constants: Record<string, number>,
    bytes: number,
    groups: number,
  ) => {
    const { pipeline, layout } = await pipelineFor(gpu, shader, entry, constants, names);
    const buffers = names.map((name) => createStorageBuffer(gpu, bytes, name));
    const bindGroup = gpu.device.createBindGroup({
      layout,
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const workgroups: [number, number, number] = [groups, 1, 1];
    return { buffers, dispatches: [{ pipeline, bindGroup, workgroups }] };
  };
  const fma = await prepare('multiply_add', { rounds }, INVOCATIONS * 16, INVOCATIONS / 64);
  const copy = await prepare('copy', {}, COPY_BYTES, 4096);
  return {
    async measure() {
      const fmaMs = await timeDispatches(gpu, fma.dispatches);
      const copyMs = await timeDispatches(gpu, copy.dispatches);
      return {
        gflops: (INVOCATIONS * rounds * OPERATIONS_PER_ROUND) / fmaMs / 1e6,
        gbPerS: (2 * COPY_BYTES) / copyMs / 1e6,
      };
    },
    destroy() {
      for (const buffer of [...fma.buffers, ...copy.buffers]) buffer.destroy();
    },
  };
}
