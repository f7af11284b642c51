// The parameters of one model in flat memory: values, and while training gradients and the two Adam moments.

import type { Graph } from './graph';
import { createStore, type Device, type Store } from './store';
import { type Shape, sizeOf, type Tensor } from './tensor';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  /** AdamW's decoupled weight decay applies. */
  readonly decay: boolean;
}

interface Slot {
  readonly spec: ParameterSpec;
  readonly offset: number;
  readonly trained: boolean;
}

/** Values by parameter name, as they travel to files and between devices. */
export type Weights = ReadonlyMap<string, Float32Array>;

// WebGPU binds ranges at multiples of 256 bytes.
const ALIGNMENT = 64;

export interface TrainingStores {
  readonly gradient: Store;
  readonly m: Store;
  readonly v: Store;
}

/** Order in memory: trained with decay, trained without, frozen; so one AdamW covers a prefix. */
export class ParameterSet {
  readonly values: Store;
  /** Elements of the prefix that AdamW updates, and of its prefix that decays. */
  readonly trainedCount: number;
  readonly decayCount: number;
  readonly #device: Device;
  readonly #slots = new Map<string, Slot>();
  readonly #readers = new WeakMap<Graph, Map<string, Tensor>>();
  #training: TrainingStores | undefined;

  /** @param isTrained which parameters get a gradient; default none (inference) */
  constructor(
    device: Device,
    specs: readonly ParameterSpec[],
    isTrained: (name: string) => boolean = () => false,
  ) {
    this.#device = device;
    let offset = 0;
    const place = (wanted: (spec: ParameterSpec) => boolean, trained: boolean): number => {
      for (const spec of specs.filter(wanted)) {
        if (this.#slots.has(spec.name)) {
          throw new Error(`[parameters] expected each name once, got ${spec.name} twice`);
        }
        this.#slots.set(spec.name, { spec, offset, trained });
        offset += Math.ceil(sizeOf(spec.shape) / ALIGNMENT) * ALIGNMENT;
      }
      return offset;
    };
    this.decayCount = place((spec) => isTrained(spec.name) && spec.decay, true);
    this.trainedCount = place((spec) => isTrained(spec.name) && !spec.decay, true);
    place((spec) => !isTrained(spec.name), false);
    this.values = createStore(device, offset, 'parameters');
  }

  /** Number of parameters, padding not counted. */
  get count(): number {
    return [...this.#slots.values()].reduce((sum, { spec }) => sum + sizeOf(spec.shape), 0);
  }

  get trainedNames(): string[] {
    return [...this.#slots.values()].filter((slot) => slot.trained).map((slot) => slot.spec.name);
  }

  /** The tensors of a graph by parameter name; each is made once per graph. */
  reader(graph: Graph): (name: string) => Tensor {
    const made = this.#readers.get(graph) ?? new Map<string, Tensor>();
    this.#readers.set(graph, made);
    return (name) => {
      let tensor = made.get(name);
      if (!tensor) {
        const { spec, offset, trained } = this.#slot(name);
        tensor = graph.stored(name, spec.shape, this.values, offset, trained);
        made.set(name, tensor);
      }
      return tensor;
    };
  }

  offsetOf(name: string): number {
    return this.#slot(name).offset;
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
    const flat = new Float32Array(this.values.elements);
    for (const { spec, offset } of this.#slots.values()) {
      const data = weights.get(spec.name);
      if (data?.length !== sizeOf(spec.shape)) {
        throw new Error(
          `[weights] expected ${spec.name} with ${sizeOf(spec.shape)} numbers [${spec.shape}], got ${data?.length ?? 'none'}`,
        );
      }
      flat.set(data, offset);
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

  destroy(): void {
    this.values.destroy();
    if (!this.#training) return;
    for (const store of Object.values(this.#training) as Store[]) store.destroy();
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot) throw new Error(`[parameters] expected a parameter of the model, got ${name}`);
    return slot;
  }
}
