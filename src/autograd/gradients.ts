// Reverse-mode differentiation while the graph is built: each op's rule appends the nodes of its gradient.

import type { Graph, Node } from './graph';
import type { Tensor } from './tensor';

/**
 * Gradients of Σ <output, seed> by each tensor of `wrt`; undefined where none flows.
 * @param outputs tensors with the gradient to start from, of the same shape
 * @param add appends the sum of two tensors of one shape (ops/elementwise)
 * @throws Error when a gradient reaches an op that has no gradient rule
 */
export function gradients(
  outputs: readonly { readonly tensor: Tensor; readonly seed: Tensor }[],
  wrt: readonly Tensor[],
  add: (a: Tensor, b: Tensor) => Tensor,
): (Tensor | undefined)[] {
  const graph = outputs[0].tensor.graph;
  const byTensor = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, gradient: Tensor): void => {
    const previous = byTensor.get(tensor);
    byTensor.set(tensor, previous ? add(previous, gradient) : gradient);
  };
  for (const { tensor, seed } of outputs) accumulate(tensor, seed);

  const nodes = [...graph.nodes];
  const recomputed = new Map<Tensor, Tensor>();
  const restored = restoring(graph, nodes);
  const entered = new Set<number>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const outputGradients = node.outputs.map((output) => byTensor.get(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    if (!node.outputs.some((output) => output.requiresGradient)) continue;
    if (node.region !== undefined && !entered.has(node.region)) {
      entered.add(node.region);
      appendAgain(nodes, node.region, recomputed);
    }
    if (!node.op.gradient) {
      throw new Error(`[${node.op.name}] expected a differentiable op, got one without a gradient`);
    }
    const now = (tensor: Tensor): Tensor => recomputed.get(tensor) ?? restored(tensor) ?? tensor;
    const inputGradients = node.op.gradient({
      inputs: node.inputs.map(now),
      outputs: node.outputs.map(now),
      outputGradients,
      needs: node.inputs.map((input) => input.requiresGradient),
      previous: node.op.accumulates && byTensor.get(node.inputs[0]),
      params: node.params,
    });
    node.inputs.forEach((input, k) => {
      const gradient = inputGradients[k];
      if (!gradient || !input.requiresGradient) return;
      if (k === 0 && node.op.accumulates) byTensor.set(input, gradient);
      else accumulate(input, gradient);
    });
  }
  return wrt.map((tensor) => byTensor.get(tensor));
}

/** What the graph keeps instead of a tensor, or of the tensor whose memory it shares; undefined where it keeps itself. */
function restoring(graph: Graph, nodes: readonly Node[]): (tensor: Tensor) => Tensor | undefined {
  const aliases = new Map(
    nodes.flatMap((node) => (node.op.alias ? [[node.outputs[0], node] as const] : [])),
  );
  const known = new Map<Tensor, Tensor>();
  const restore = (tensor: Tensor): Tensor | undefined => {
    const alias = aliases.get(tensor);
    const source = alias && restored(alias.inputs[0]);
    return source ? graph.apply(alias.op, [source], alias.params)[0] : graph.kept.get(tensor)?.();
  };
  const restored = (tensor: Tensor): Tensor | undefined => {
    const found = known.get(tensor) ?? restore(tensor);
    if (found) known.set(tensor, found);
    return found;
  };
  return restored;
}

/** Appends the region's nodes a second time; compile prunes those that no gradient reads. */
function appendAgain(
  nodes: readonly Node[],
  region: number,
  recomputed: Map<Tensor, Tensor>,
): void {
  for (const node of nodes) {
    if (node.region !== region) continue;
    const inputs = node.inputs.map((input) => recomputed.get(input) ?? input);
    const outputs = inputs[0].graph.apply(node.op, inputs, node.params);
    node.outputs.forEach((output, k) => {
      recomputed.set(output, outputs[k]);
    });
  }
}
