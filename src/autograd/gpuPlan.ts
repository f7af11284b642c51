// A graph on the GPU: buffers, pipelines and bind groups made once; a replay is one compute pass and one submit.

import { unpackHalves } from '../base/half';
import { readOnce, USAGE } from '../gpu/buffer';
import type { GpuDevice } from '../gpu/device';
import { InFlight } from '../gpu/inFlight';
import { type Pipeline, pipelineFor } from '../gpu/pipeline';
import { notFinite } from './cpuPlan';
import type { Graph, Node } from './graph';
import { liveNodes } from './live';
import { allocateBuffers, type BufferRange } from './memory';
import { type Dispatch, type Operand, STEP } from './op';
import type { Plan } from './plan';
import { createGpuSeries } from './series';
import { FIRST_STEP, packStep, STEP_BYTES, type StepValues } from './step';
import type { Tensor } from './tensor';

interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  /** Index into the live nodes, for debug messages. */
  readonly node: number;
}

export async function compileGpu(graph: Graph, gpu: GpuDevice): Promise<Plan> {
  const { device } = gpu;
  const nodes = liveNodes(graph);
  const { subgroupSize, multipliesHalves } = gpu;
  const dispatches = nodes.map((node) =>
    node.op.alias ? [] : node.op.gpu({ ...node, subgroupSize, multipliesHalves }),
  );
  const made = await Promise.all(
    dispatches.flat().map((d) => {
      checkWorkgroups(d);
      return pipelineFor(gpu, d.shader, d.entry, d.constants, Object.keys(d.bindings));
    }),
  );
  const memory = allocateBuffers(graph, nodes, dispatches, gpu);
  const stepBuffer = device.createBuffer({
    label: 'step',
    size: STEP_BYTES,
    usage: USAGE.uniform | USAGE.copyTarget,
  });
  const commands: Command[] = [];
  dispatches.forEach((list, node) => {
    for (const dispatch of list) {
      const made1 = made[commands.length];
      commands.push({
        pipeline: made1.pipeline,
        bindGroup: bind(gpu, dispatch, made1, stepBuffer, memory.rangeOf),
        workgroups: dispatch.workgroups,
        node,
      });
    }
  });
  const packed = new ArrayBuffer(STEP_BYTES);
  const inFlight = new InFlight(gpu);
  const writeStep = (step: Partial<StepValues> | undefined): void => {
    device.queue.writeBuffer(stepBuffer, 0, packStep({ ...FIRST_STEP, ...step }, packed));
  };
  const encode = (encoder: GPUCommandEncoder, list: readonly Command[]): void => {
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | undefined;
    for (const { pipeline, bindGroup, workgroups } of list) {
      if (pipeline !== current) pass.setPipeline((current = pipeline));
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
    pass.end();
  };
  const submit = (list: readonly Command[]): void => {
    const encoder = device.createCommandEncoder({ label: 'replay' });
    encode(encoder, list);
    device.queue.submit([encoder.finish()]);
  };
  const read = async (tensor: Tensor): Promise<Float32Array> => {
    const { buffer, offset, bytes } = memory.rangeOf(tensor);
    const numbers = await readOnce(gpu, buffer, offset, bytes);
    return tensor.isHalf ? unpackHalves(numbers) : numbers;
  };
  return {
    counts: {
      dispatches: commands.length,
      pipelines: new Set(made).size,
      bytes: memory.bytes,
    },
    write(tensor, values) {
      if (values.length !== tensor.size) {
        throw new Error(`[${tensor.name}] expected ${tensor.size} numbers, got ${values.length}`);
      }
      const { role } = tensor;
      if (role.kind === 'stored') return role.store.write(values, role.offset);
      const { buffer, offset } = memory.rangeOf(tensor);
      device.queue.writeBuffer(buffer, offset, values as Float32Array<ArrayBuffer>);
    },
    run(step) {
      gpu.throwIfFailed();
      writeStep(step);
      if (commands.length > 0) submit(commands);
      inFlight.submitted();
    },
    series: (options) => createGpuSeries(gpu, (encoder) => encode(encoder, commands), options),
    finished: (limit) => inFlight.waitBelow(limit),
    read,
    async debug(step) {
      writeStep(step);
      for (const [i, command] of commands.entries()) {
        submit([command]);
        if (commands[i + 1]?.node === command.node) continue;
        await checkFinite(nodes[command.node], read);
      }
    },
    destroy() {
      memory.destroy();
      stepBuffer.destroy();
    },
  };
}

function checkWorkgroups({ shader, entry, workgroups }: Dispatch): void {
  if (workgroups.some((n) => !Number.isInteger(n) || n < 1 || n > 65535)) {
    throw new Error(
      `[${shader.name}.${entry}] expected 1 to 65535 workgroups per dimension, got ${workgroups}`,
    );
  }
}

function bind(
  gpu: GpuDevice,
  dispatch: Dispatch,
  { layout }: Pipeline,
  stepBuffer: GPUBuffer,
  rangeOf: (operand: Exclude<Operand, typeof STEP>) => BufferRange,
): GPUBindGroup {
  const label = `${dispatch.shader.name}.${dispatch.entry}`;
  const entries = Object.entries(dispatch.bindings).map(([name, operand]): GPUBindGroupEntry => {
    const binding = dispatch.shader.bindings.get(name)!.index;
    if (operand === STEP) return { binding, resource: { buffer: stepBuffer } };
    const { buffer, offset, bytes } = rangeOf(operand);
    return { binding, resource: { buffer, offset, size: bytes } };
  });
  return gpu.device.createBindGroup({ label, layout, entries });
}

// Bits, not values: WGSL and drivers may assume that NaN never occurs, but a copied buffer is exact.
async function checkFinite(
  node: Node,
  read: (tensor: Tensor) => Promise<Float32Array>,
): Promise<void> {
  for (const output of node.outputs) {
    if (!(await read(output)).every(Number.isFinite)) throw notFinite(node.op.name, output);
  }
}
