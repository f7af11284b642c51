// The list of nodes that model code appends to; walked backwards by `gradients` and made into a plan by `compile`.

import type { Op } from './op';
import type { Store } from './store';
import { type Role, type Shape, sizeOf, Tensor } from './tensor';

export interface Node<P = unknown> {
  readonly op: Op<P>;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly params: P;
  /** Nodes of one recompute region share a number; undefined outside. */
  readonly region: number | undefined;
}

/** In mixed precision products take halves; sums, norms, states and the optimiser stay in f32. */
export type Precision = 'f32' | 'mixed';

export class Graph {
  readonly nodes: Node[] = [];
  readonly outputs = new Set<Tensor>();
  /** Activations that must be produced directly in a store, such as parameter gradients. */
  readonly pins = new Map<Tensor, { readonly store: Store; readonly offset: number }>();
  /** What the backward pass reads instead of an activation, appended when it first needs it. */
  readonly kept = new Map<Tensor, () => Tensor>();
  #tensors = 0;
  #regions = 0;
  #region: number | undefined;
  #keys = 0;

  constructor(readonly precision: Precision = 'f32') {}

  /** A tensor that is written before each replay. */
  input(name: string, shape: Shape, requiresGradient = false): Tensor {
    return this.#tensor(name, shape, { kind: 'input' }, requiresGradient);
  }

  /** Fixed numbers. */
  constant(name: string, shape: Shape, data: Float32Array): Tensor {
    if (data.length !== sizeOf(shape)) {
      throw new Error(`[${name}] expected ${sizeOf(shape)} numbers, got ${data.length}`);
    }
    return this.#tensor(name, shape, { kind: 'constant', data }, false);
  }

  /** A range of a store, read and written where it lies. */
  stored(name: string, shape: Shape, store: Store, offset = 0, requiresGradient = false): Tensor {
    if (offset + sizeOf(shape) > store.elements) {
      throw new Error(
        `[${name}] expected a range within ${store.elements} elements of ${store.label}, got ${offset} + ${sizeOf(shape)}`,
      );
    }
    const role: Role = { kind: 'stored', store, offset };
    return this.#tensor(name, shape, role, requiresGradient, store.isHalf);
  }

  /** Appends a node. Its outputs require a gradient when any input does, be the op differentiable or not. */
  apply<P>(op: Op<P>, inputs: readonly Tensor[], params: P): Tensor[] {
    for (const input of inputs) {
      if (input.graph !== this) {
        throw new Error(
          `[${op.name}] expected inputs of one graph, got ${input.name} of another graph`,
        );
      }
    }
    const half = inputs.find((input) => input.isHalf);
    if (half && !op.takesHalves && !op.alias) {
      throw new Error(`[${op.name}] expected inputs in f32, got halves from ${half.name}`);
    }
    const shapes = op.infer(
      inputs.map((input) => input.shape),
      params,
    );
    const requires = inputs.some((input) => input.requiresGradient);
    const outputs = shapes.map((shape, i) =>
      this.#tensor(
        `${op.name}${shapes.length > 1 ? i : ''}`,
        shape,
        { kind: 'activation' },
        requires,
        op.givesHalves ?? (op.alias && inputs[0].isHalf),
      ),
    );
    this.nodes.push({ op: op as Op<unknown>, inputs, outputs, params, region: this.#region });
    return outputs;
  }

  /** Keeps a tensor's numbers readable after a replay. */
  output(tensor: Tensor): Tensor {
    this.outputs.add(tensor);
    return tensor;
  }

  /** Produces an activation directly in a store. */
  pin(tensor: Tensor, store: Store, offset: number): void {
    if (tensor.role.kind !== 'activation' || this.pins.has(tensor)) {
      throw new Error(
        `[${tensor.name}] expected an activation that is not pinned yet: copy it first`,
      );
    }
    this.pins.set(tensor, { store, offset });
  }

  /** Lets an activation go after the forward pass; a recompute region keeps none anyway. */
  keepInstead(tensor: Tensor, restore: () => Tensor): void {
    if (this.#region === undefined) this.kept.set(tensor, restore);
  }

  /** Nodes appended by `build` are dropped after the forward pass and run again in the backward pass. */
  recompute<T>(build: () => T): T {
    if (this.#region !== undefined)
      throw new Error('[recompute] expected no nesting, got a region in a region');
    this.#region = this.#regions++;
    const result = build();
    this.#region = undefined;
    return result;
  }

  /** A number for each random site of the graph, in the order of building. */
  randomKey(): number {
    return this.#keys++;
  }

  #tensor(
    name: string,
    shape: Shape,
    role: Role,
    requiresGradient: boolean,
    isHalf = false,
  ): Tensor {
    return new Tensor(this, this.#tensors++, name, shape, role, requiresGradient, isHalf);
  }
}
