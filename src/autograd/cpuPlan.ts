// A graph on the cpu device: each op's float64 twin in order. The oracle of the tests.

import type { Graph } from './graph';
import { liveNodes } from './live';
import type { Plan } from './plan';
import { createCpuSeries } from './series';
import { FIRST_STEP, type StepValues } from './step';
import type { Tensor } from './tensor';

export interface CpuPlan extends Plan {
  write(tensor: Tensor, values: Float32Array | Float64Array): void;
  /** The tensor's float64 numbers themselves, beyond the f32 that `read` gives. */
  values(tensor: Tensor): Float64Array;
}

export function compileCpu(graph: Graph): CpuPlan {
  const nodes = liveNodes(graph);
  const arrays = new Map<Tensor, Float64Array>();
  const arrayOf = (tensor: Tensor): Float64Array => {
    let array = arrays.get(tensor);
    if (!array) arrays.set(tensor, (array = allocate(tensor)));
    return array;
  };
  for (const node of nodes) {
    for (const input of node.inputs) arrayOf(input);
    for (const output of node.outputs) {
      const pin = graph.pins.get(output);
      if (node.op.alias) arrays.set(output, arrayOf(node.inputs[0]));
      else if (pin) arrays.set(output, range(pin.store.cpu, pin.offset, output.size, output.name));
      else arrayOf(output);
    }
  }
  const runNode = (node: (typeof nodes)[number], step: StepValues): void => {
    if (node.op.alias) return;
    const outputs = node.outputs.map(arrayOf);
    for (const output of outputs) output.fill(0);
    node.op.cpu({
      inputs: node.inputs.map(arrayOf),
      outputs,
      inputShapes: node.inputs.map((input) => input.shape),
      outputShapes: node.outputs.map((output) => output.shape),
      params: node.params,
      step,
    });
  };
  const run = (step?: Partial<StepValues>): void => {
    for (const node of nodes) runNode(node, { ...FIRST_STEP, ...step });
  };
  return {
    counts: {
      dispatches: nodes.length,
      pipelines: 0,
      bytes: [...arrays.values()].reduce((sum, array) => sum + array.byteLength, 0),
    },
    write(tensor, values) {
      const { role } = tensor;
      if (role.kind === 'stored') role.store.write(values, role.offset);
      else arrayOf(tensor).set(values);
    },
    run,
    series: (options) => createCpuSeries(run, options),
    finished: async () => {},
    values: arrayOf,
    read: async (tensor) => Float32Array.from(arrayOf(tensor)),
    async debug(step) {
      for (const node of nodes) {
        runNode(node, { ...FIRST_STEP, ...step });
        for (const output of node.outputs) {
          if (!arrayOf(output).every(Number.isFinite)) throw notFinite(node.op.name, output);
        }
      }
    },
    destroy: () => arrays.clear(),
  };
}

export function notFinite(op: string, output: Tensor): Error {
  return new Error(`[${op}] expected finite numbers in ${output.name}, got NaN or infinity`);
}

function allocate(tensor: Tensor): Float64Array {
  const { role } = tensor;
  if (role.kind === 'constant') return Float64Array.from(role.data);
  if (role.kind === 'stored') return range(role.store.cpu, role.offset, tensor.size, tensor.name);
  return new Float64Array(tensor.size);
}

function range(
  array: Float64Array | undefined,
  offset: number,
  size: number,
  name: string,
): Float64Array {
  if (!array) throw new Error(`[${name}] expected a store of the cpu device, got one of the gpu`);
  return array.subarray(offset, offset + size);
}
