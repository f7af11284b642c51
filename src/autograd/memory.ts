// Which GPU buffer each tensor of a plan lives in: stores where they are, activations in buffers shared over time.

import { createStorageBuffer, createUniformBuffer } from '../gpu/buffer';
import type { GpuDevice } from '../gpu/device';
import type { Graph, Node } from './graph';
import { aliasRoots, lastUses } from './live';
import type { Dispatch, Numbers, Operand, Scratch, STEP } from './op';
import type { Store } from './store';
import type { Tensor } from './tensor';

export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

export interface PlanMemory {
  readonly bytes: number;
  rangeOf(operand: Exclude<Operand, typeof STEP>): BufferRange;
  destroy(): void;
}

/**
 * Walks the nodes once; an activation takes the smallest free buffer that fits and is at most twice its size, and
 * gives it back after its last use. Halves take none that is larger: they would lie in the buffer of the f32 that they
 * replace. One buffer per tensor, never a shared arena: a buffer may not be bound for
 * reading and writing in one dispatch.
 */
export function allocateBuffers(
  graph: Graph,
  nodes: readonly Node[],
  dispatches: readonly (readonly Dispatch[])[],
  gpu: GpuDevice,
): PlanMemory {
  const rootOf = aliasRoots(nodes);
  const last = lastUses(graph, nodes, rootOf);
  const ranges = new Map<Tensor | Scratch | Numbers, BufferRange>();
  const owned: GPUBuffer[] = [];
  const free: GPUBuffer[] = [];

  const create = (bytes: number, label: string): GPUBuffer => {
    const buffer = createStorageBuffer(gpu, bytes, label);
    owned.push(buffer);
    return buffer;
  };
  const take = (bytes: number, label: string, slack = 2): GPUBuffer => {
    let best = -1;
    free.forEach((buffer, i) => {
      const fits = buffer.size >= bytes && buffer.size <= Math.max(slack * bytes, 4096);
      if (fits && (best < 0 || buffer.size < free[best].size)) best = i;
    });
    return best >= 0 ? free.splice(best, 1)[0] : create(bytes, label);
  };
  const place = (tensor: Tensor): void => {
    const root = rootOf(tensor);
    if (ranges.has(root)) return;
    const bytes = root.size * (root.isHalf ? 2 : 4);
    const pin = graph.pins.get(root);
    const { role } = root;
    if (pin) ranges.set(root, storeRange(pin.store, pin.offset, root));
    else if (role.kind === 'stored') ranges.set(root, storeRange(role.store, role.offset, root));
    else if (role.kind === 'activation')
      ranges.set(root, { buffer: take(bytes, root.name, root.isHalf ? 1 : 2), offset: 0, bytes });
    else {
      const buffer = create(bytes, root.name);
      if (role.kind === 'constant') {
        gpu.device.queue.writeBuffer(buffer, 0, role.data as Float32Array<ArrayBuffer>);
      }
      ranges.set(root, { buffer, offset: 0, bytes });
    }
  };
  const release = (tensor: Tensor): void => {
    const root = rootOf(tensor);
    const range = ranges.get(root);
    const pooled = root.role.kind === 'activation' && !graph.pins.has(root);
    if (pooled && range && !free.includes(range.buffer)) free.push(range.buffer);
  };

  nodes.forEach((node, i) => {
    for (const tensor of [...node.inputs, ...node.outputs]) place(tensor);
    const operands = dispatches[i].flatMap((d) => Object.values(d.bindings));
    for (const part of new Set(operands.filter(isNumbers))) {
      const buffer = createUniformBuffer(gpu, Uint32Array.from(part.values), node.op.name);
      owned.push(buffer);
      ranges.set(part, { buffer, offset: 0, bytes: buffer.size });
    }
    const scratches = operands.filter(isScratch);
    for (const part of new Set(scratches)) {
      const bytes = part.elements * 4;
      ranges.set(part, { buffer: take(bytes, `${node.op.name} scratch`), offset: 0, bytes });
    }
    for (const part of new Set(scratches)) free.push(ranges.get(part)!.buffer);
    for (const tensor of new Set([...node.inputs, ...node.outputs])) {
      if (last.get(rootOf(tensor)) === i) release(tensor);
    }
  });

  for (const output of graph.outputs) place(output);

  return {
    bytes: owned.reduce((sum, buffer) => sum + buffer.size, 0),
    rangeOf(operand) {
      // An input or stored tensor that no live node touches still has its memory, so that writing and reading it works.
      if (!('kind' in operand) && operand.role.kind !== 'activation') place(operand);
      const range = ranges.get('kind' in operand ? operand : rootOf(operand));
      if (!range)
        throw new Error(
          '[plan] expected a tensor of this plan that some output needs, got another',
        );
      return range;
    },
    destroy() {
      for (const buffer of owned) buffer.destroy();
    },
  };
}

function isScratch(operand: Operand): operand is Scratch {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'scratch';
}

function isNumbers(operand: Operand): operand is Numbers {
  return typeof operand === 'object' && 'kind' in operand && operand.kind === 'numbers';
}

function storeRange(store: Store, offset: number, tensor: Tensor): BufferRange {
  if (!store.gpu)
    throw new Error(`[${tensor.name}] expected a store of the gpu device, got one of the cpu`);
  const size = store.isHalf ? 2 : 4;
  if ((offset * size) % 256 !== 0)
    throw new Error(`[${tensor.name}] expected an offset of whole 256 bytes, got ${offset * size}`);
  return { buffer: store.gpu.buffer, offset: offset * size, bytes: tensor.size * size };
}
