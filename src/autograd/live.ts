// Which nodes a plan runs and how long each activation lives.

import type { Graph, Node } from './graph';
import type { Tensor } from './tensor';

/** The nodes that something reads: outputs, pinned tensors, and ops that write in place. */
export function liveNodes(graph: Graph): Node[] {
  const wanted = new Set<Tensor>([...graph.outputs, ...graph.pins.keys()]);
  const live: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.op.effect && !node.outputs.some((output) => wanted.has(output))) continue;
    live.push(node);
    for (const input of node.inputs) wanted.add(input);
  }
  return live.reverse();
}

/** The tensor whose memory an alias shares; itself when it is no alias. */
export function aliasRoots(nodes: readonly Node[]): (tensor: Tensor) => Tensor {
  const roots = new Map<Tensor, Tensor>();
  for (const node of nodes) {
    if (node.op.alias) roots.set(node.outputs[0], roots.get(node.inputs[0]) ?? node.inputs[0]);
  }
  return (tensor) => roots.get(tensor) ?? tensor;
}

/** Index of the last node that reads or writes each root; Infinity for what must stay readable. */
export function lastUses(
  graph: Graph,
  nodes: readonly Node[],
  rootOf: (tensor: Tensor) => Tensor,
): Map<Tensor, number> {
  const last = new Map<Tensor, number>();
  nodes.forEach((node, i) => {
    for (const tensor of [...node.inputs, ...node.outputs]) last.set(rootOf(tensor), i);
  });
  for (const output of graph.outputs) last.set(rootOf(output), Number.POSITIVE_INFINITY);
  return last;
}
