// The parameters of one model in flat memory: values, and while training gradients and the two Adam moments.

import type { Graph, Precision } from './graph';
import {
  fileLayout,
  type Layout,
  memoryLayout,
  moveParameters,
  type ParameterSpec,
} from './parameterLayout';
import { createMirroredStore, createStore, type Device, type Store } from './store';
import { type Shape, sizeOf, type Tensor } from './tensor';

interface Slot {
  readonly spec: ParameterSpec;
  readonly offset: number;
  readonly trained: boolean;
}

/** Values by parameter name, as they travel to files and between devices. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** A tensor that needs a gradient, the parameters that it covers and where they begin in memory. */
export interface TrainedTensor {
  readonly tensor: Tensor;
  readonly names: readonly string[];
  readonly offset: number;
}

/** @throws Error naming a parameter that is missing or has another size */
export function checkWeights(specs: readonly ParameterSpec[], weights: Weights): void {
  for (const { name, shape } of specs) {
    const found = weights.get(name)?.length;
    if (found !== sizeOf(shape)) {
      throw new Error(
        `[weights] expected ${name} with ${sizeOf(shape)} numbers [${shape}], got ${found ?? 'none'}`,
      );
    }
  }
}

export interface TrainingStores {
  readonly gradient: Store;
  readonly m: Store;
  readonly v: Store;
}

export class ParameterSet {
  readonly values: Store;
  /** Elements of the prefix that AdamW updates, and of its prefix that decays. */
  readonly trainedCount: number;
  readonly decayCount: number;
  readonly #device: Device;
  readonly #specs: readonly ParameterSpec[];
  readonly #layout: Layout;
  readonly #fileLayout: Layout;
  readonly #slots: ReadonlyMap<string, Slot>;
  readonly #readers = new WeakMap<Graph, Map<string, TrainedTensor>>();
  #training: TrainingStores | undefined;

  /**
   * @param isTrained which parameters get a gradient; default none (inference)
   * @param precision of the graphs that train it or train with it: for mixed ones the values have a mirror in halves
   * @throws Error when parameters of one name, or apart from what they lie behind
   */
  constructor(
    device: Device,
    specs: readonly ParameterSpec[],
    isTrained: (name: string) => boolean = () => false,
    precision: Precision = 'f32',
  ) {
    this.#device = device;
    this.#specs = specs;
    this.#layout = memoryLayout(specs, isTrained);
    this.#fileLayout = fileLayout(specs, isTrained);
    const { offsets, decayCount, trainedCount, count } = this.#layout;
    this.#slots = new Map(
      specs.map((spec) => {
        const { name } = spec;
        return [name, { spec, offset: offsets.get(name)!, trained: isTrained(name) }];
      }),
    );
    this.decayCount = decayCount;
    this.trainedCount = trainedCount;
    const create = precision === 'mixed' ? createMirroredStore : createStore;
    this.values = create(device, count, 'parameters');
  }

  /** Number of parameters, padding not counted. */
  get count(): number {
    return [...this.#slots.values()].reduce((sum, { spec }) => sum + sizeOf(spec.shape), 0);
  }

  get trainedNames(): string[] {
    return [...this.#slots.values()].filter((slot) => slot.trained).map((slot) => slot.spec.name);
  }

  /**
   * The tensors of a graph by parameter name, each made once per graph; with the names of parameters behind it, one
   * tensor over all of them, stacked along the first dimension.
   */
  reader(graph: Graph): (...names: string[]) => Tensor {
    const made = this.#readers.get(graph) ?? new Map<string, TrainedTensor>();
    this.#readers.set(graph, made);
    return (...names) => {
      const key = names.join(' + ');
      let found = made.get(key);
      if (!found) {
        const { offset, trained } = this.#slot(names[0]);
        const tensor = graph.stored(key, this.#shapeOf(names), this.values, offset, trained);
        found = { tensor, names, offset };
        made.set(key, found);
      }
      return found.tensor;
    };
  }

  /**
   * The tensors through which a graph reads the trained parameters.
   * @throws Error naming a trained parameter that the graph does not read
   */
  trainedTensors(graph: Graph): TrainedTensor[] {
    const read = [...(this.#readers.get(graph)?.values() ?? [])];
    const missing = this.trainedNames.find(
      (name) => !read.some(({ names }) => names.includes(name)),
    );
    if (missing) {
      throw new Error(
        `[parameters] expected the graph to read every trained parameter, got no use of ${missing}: freeze it`,
      );
    }
    return read.filter(({ tensor }) => tensor.requiresGradient);
  }

  /** Gradients and moments, zero-filled when first asked for. */
  get training(): TrainingStores {
    const create = (label: string): Store => createStore(this.#device, this.trainedCount, label);
    this.#training ??= { gradient: create('gradient'), m: create('moment1'), v: create('moment2') };
    return this.#training;
  }

  /**
   * Writes every parameter.
   * @throws Error naming a parameter that is missing or has another size
   */
  load(weights: Weights): void {
    const slots = [...this.#slots.values()];
    checkWeights(
      slots.map(({ spec }) => spec),
      weights,
    );
    const flat = new Float32Array(this.values.elements);
    for (const { spec, offset } of slots) {
      flat.set(weights.get(spec.name)!, offset);
    }
    this.values.write(flat);
  }

  /** Reads every parameter. */
  async read(): Promise<Map<string, Float32Array>> {
    const flat = await this.values.read();
    const weights = new Map<string, Float32Array>();
    for (const { spec, offset } of this.#slots.values()) {
      weights.set(spec.name, flat.slice(offset, offset + sizeOf(spec.shape)));
    }
    return weights;
  }

  /** Values, gradients or moments in the order of files, which outlives the order of memory. */
  toFileOrder(numbers: Float32Array): Float32Array {
    return moveParameters(numbers, this.#specs, this.#layout, this.#fileLayout);
  }

  /** @throws Error when there are not as many numbers as all or the trained parameters take in a file */
  toMemoryOrder(numbers: Float32Array): Float32Array {
    const { count, trainedCount } = this.#fileLayout;
    if (![count, trainedCount].includes(numbers.length)) {
      throw new Error(
        `[checkpoint] expected ${count} parameters, or ${trainedCount} that are trained, got ${numbers.length}: the model's sizes changed since they were saved`,
      );
    }
    return moveParameters(numbers, this.#specs, this.#fileLayout, this.#layout);
  }

  destroy(): void {
    this.values.destroy();
    if (!this.#training) return;
    for (const store of Object.values(this.#training) as Store[]) store.destroy();
  }

  /** @throws Error when the parameters do not lie behind each other */
  #shapeOf(names: readonly string[]): Shape {
    const specs = names.map((name) => this.#slot(name).spec);
    specs.forEach(({ name, behind }, i) => {
      if (i > 0 && behind !== names[i - 1]) {
        throw new Error(
          `[parameters] expected ${name} to lie behind ${names[i - 1]}, got it behind ${behind ?? 'padding'}`,
        );
      }
    });
    const rows = specs.reduce((sum, { shape }) => sum + shape[0], 0);
    return [rows, ...specs[0].shape.slice(1)];
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot) throw new Error(`[parameters] expected a parameter of the model, got ${name}`);
    return slot;
  }
}
