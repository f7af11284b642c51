// For tests beside testOp: the numbers of a small graph on one device.

import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import type { Device } from '../autograd/store';
import type { Shape, Tensor } from '../autograd/tensor';

export interface Value {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** Builds, runs once and reads the outputs. */
export async function evaluate(
  device: Device,
  inputs: readonly Value[],
  build: (inputs: Tensor[], graph: Graph) => Tensor | readonly Tensor[],
): Promise<Float32Array[]> {
  const graph = new Graph();
  const tensors = inputs.map(({ shape }, k) => graph.input(`input${k}`, shape));
  const outputs = [build(tensors, graph)].flat() as Tensor[];
  for (const output of outputs) graph.output(output);
  const plan = await compile(graph, device);
  tensors.forEach((tensor, k) => {
    plan.write(tensor, inputs[k].values);
  });
  plan.run();
  const read: Float32Array[] = [];
  for (const output of outputs) read.push(await plan.read(output));
  plan.destroy();
  return read;
}
