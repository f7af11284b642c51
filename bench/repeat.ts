// Times single dispatches by repeating each in one submit of its own.

import type { GpuDevice } from '../src/gpu/device';
import type { RecordedDispatch } from './counters';

/** A submit shorter than this measures the submit. */
const WANTED_MS = 40;
const ROUNDS = 3;

export interface DispatchTime {
  readonly dispatch: RecordedDispatch;
  readonly ms: number;
}

type Dispatch = Pick<RecordedDispatch, 'pipeline' | 'bindGroup' | 'workgroups'>;

/** Median time of one run of the dispatches, in ms. */
export async function timeDispatches(gpu: GpuDevice, list: readonly Dispatch[]): Promise<number> {
  const { queue } = gpu.device;
  const once = async (repeats: number): Promise<number> => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < repeats; i++) {
      for (const { pipeline, bindGroup, workgroups } of list) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
    const commands = encoder.finish();
    const start = performance.now();
    queue.submit([commands]);
    await queue.onSubmittedWorkDone();
    return (performance.now() - start) / repeats;
  };
  await once(1);
  const estimate = await once(1);
  const repeats = Math.max(1, Math.min(200, Math.round(WANTED_MS / estimate)));
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await once(repeats));
  gpu.throwIfFailed();
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

/** Each dispatch alone; equal ones (same pipeline and grid) are timed once. */
export async function timeEach(
  gpu: GpuDevice,
  recorded: readonly RecordedDispatch[],
): Promise<DispatchTime[]> {
  const known = new Map<GPUComputePipeline, Map<string, number>>();
  const times: DispatchTime[] = [];
  for (const dispatch of recorded) {
    const key = `${dispatch.workgroups} ${dispatch.boundBytes}`;
    const ofPipeline = known.get(dispatch.pipeline) ?? new Map<string, number>();
    known.set(dispatch.pipeline, ofPipeline);
    const ms = ofPipeline.get(key) ?? (await timeDispatches(gpu, [dispatch]));
    ofPipeline.set(key, ms);
    times.push({ dispatch, ms });
  }
  return times;
}

export interface ProfileRow {
  readonly kernel: string;
  readonly count: number;
  readonly ms: number;
  readonly share: number;
  /** Bound bytes over time: an upper bound of what a kernel without waste would move. */
  readonly gbPerS: number;
}

/** Where the time goes, by entry point, the longest first. */
export function profileOf(times: readonly DispatchTime[]): ProfileRow[] {
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  const byKernel = new Map<string, { count: number; ms: number; bytes: number }>();
  for (const { dispatch, ms } of times) {
    const row = byKernel.get(dispatch.label) ?? { count: 0, ms: 0, bytes: 0 };
    byKernel.set(dispatch.label, row);
    row.count++;
    row.ms += ms;
    row.bytes += dispatch.boundBytes;
  }
  return [...byKernel]
    .map(([kernel, { count, ms, bytes }]) => ({
      kernel,
      count,
      ms,
      share: ms / total,
      gbPerS: bytes / ms / 1e6,
    }))
    .sort((a, b) => b.ms - a.ms);
}
