// Asks the device how it orders invocations in subgroups: kernels whose lanes share what they load rely on the plain
// order, which drivers are known to keep and no specification promises.

import source from '../../shaders/subgroup_order.wgsl?raw';
import { createStorageBuffer, readOnce } from './buffer';
import type { GpuDevice } from './device';
import { pipelineFor } from './pipeline';
import { defineShader } from './shader';

const shader = defineShader('subgroup_order', source);

const WORKGROUPS = 4;
const BYTES = 4 * 64 * WORKGROUPS;

/** True if subgroups are of this size and hold neighbours, in order. */
export async function hasPlainSubgroups(gpu: GpuDevice, size: number): Promise<boolean> {
  const { device } = gpu;
  const { pipeline, layout } = await pipelineFor(gpu, shader, 'check', { size }, ['is_in_order']);
  const buffer = createStorageBuffer(gpu, BYTES, 'subgroup order');
  const entries = [{ binding: 0, resource: { buffer } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(WORKGROUPS);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const inOrder = await readOnce(gpu, buffer, 0, BYTES);
  buffer.destroy();
  return inOrder.every((yes) => yes === 1);
}
