// One optimiser step as replays: forward, backward, clip and AdamW in a single submit, or several micro-batches whose
// gradients are summed before the update.

import { Graph } from '../autograd/graph';
import { aliasRoots } from '../autograd/live';
import type { ParameterSet } from '../autograd/parameterSet';
import { compile, type Plan } from '../autograd/plan';
import { createStore, type Device, type Store } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { backward } from '../ops/backward';
import { scale } from '../ops/elementwise';
import { accumulate, adamW, globalNorm } from '../ops/optimiser';
import type { StepRecord } from './events';
import { LossScale, type LossScaleOptions, SMALLEST_LOSS_SCALE } from './lossScale';
import { MetricsRing, RING_SLOTS } from './metricsRing';

export interface TrainedSet {
  readonly parameters: ParameterSet;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

export interface TrainerOptions {
  readonly device: Device;
  /** In mixed precision the loss is scaled, and a step whose gradient overflows is left out. */
  readonly graph: Graph;
  /** Scalars [1]; the first is the loss that is differentiated. */
  readonly losses: readonly { readonly name: string; readonly tensor: Tensor }[];
  /** The first set's gradient norm is recorded. */
  readonly sets: readonly TrainedSet[];
  readonly microBatches: number;
  readonly lossScale?: LossScaleOptions;
}

export interface StepOptions {
  readonly seed: number;
  /** From 0. */
  readonly step: number;
  readonly learningRate: number;
  /** Writes the inputs of one micro-batch. */
  write(microBatch: number): void;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
/** Steps that may be queued: the processor prepares one batch while the GPU works on another. */
const MAX_IN_FLIGHT = 2;

export class Trainer {
  readonly plan: Plan;
  /** Of mixed precision. */
  readonly lossScale: LossScale | undefined;
  readonly #update: Plan | undefined;
  readonly #ring: MetricsRing;
  readonly #lossNames: readonly string[];
  readonly #microBatches: number;
  readonly #totals: readonly Store[];
  #read = 0;
  #submitted = 0;
  #reading: Promise<void> | undefined;
  #failure: unknown;
  #arrived: StepRecord[] = [];

  private constructor(
    options: TrainerOptions,
    plan: Plan,
    update: Plan | undefined,
    ring: MetricsRing,
    totals: readonly Store[],
    lossScale: LossScale | undefined,
  ) {
    this.plan = plan;
    this.lossScale = lossScale;
    this.#update = update;
    this.#ring = ring;
    this.#lossNames = options.losses.map(({ name }) => name);
    this.#microBatches = options.microBatches;
    this.#totals = totals;
  }

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { device, graph, losses, sets, microBatches } = options;
    const lossScale =
      graph.precision === 'mixed' ? new LossScale(device, options.lossScale) : undefined;
    const ring = new MetricsRing(device, [
      ...losses.map(({ name }) => name),
      'gradientNorm',
      ...(lossScale ? ['lossScale'] : []),
    ]);
    const scalars = losses.map(({ tensor }) => tensor);
    appendGradients(graph, losses[0].tensor, sets, lossScale);
    if (microBatches === 1) {
      const gradients = sets.map(({ parameters }) => parameters.training.gradient);
      // All in one dispatch.
      appendUpdate(graph, sets, gradients, lossScale, (norm) =>
        ring.record(graph, [...scalars, ...norm]),
      );
      const plan = await compile(graph, device);
      return new Trainer(options, plan, undefined, ring, [], lossScale);
    }
    ring.record(graph, scalars);
    const totals = sets.map(({ parameters }) =>
      createStore(device, parameters.trainedCount, 'gradient total'),
    );
    sets.forEach(({ parameters }, i) => {
      const shape = [parameters.trainedCount];
      const gradient = graph.stored('gradient', shape, parameters.training.gradient);
      accumulate(graph.stored('gradient total', shape, totals[i]), gradient);
    });
    const updateGraph = new Graph();
    appendUpdate(updateGraph, sets, totals, lossScale, (norm) =>
      ring.record(updateGraph, norm, losses.length),
    );
    const [plan, update] = await Promise.all([
      compile(graph, device),
      compile(updateGraph, device),
    ]);
    return new Trainer(options, plan, update, ring, totals, lossScale);
  }

  /** One optimiser step; waits only while more than two steps are unfinished. */
  async step({ seed, step, learningRate, write }: StepOptions): Promise<void> {
    if (this.#failure) throw this.#failure;
    const values = {
      seed,
      learningRate,
      biasCorrection1: 1 - BETA1 ** (step + 1),
      biasCorrection2: 1 - BETA2 ** (step + 1),
      gradientScale: 1 / this.#microBatches,
    };
    for (let microBatch = 0; microBatch < this.#microBatches; microBatch++) {
      const draw = step * this.#microBatches + microBatch;
      write(microBatch);
      this.plan.run({ ...values, step: draw, ringSlot: draw % RING_SLOTS, microBatch });
    }
    // Into the row of the last micro-batch's losses.
    const last = (step + 1) * this.#microBatches - 1;
    this.#update?.run({ ...values, step, ringSlot: last % RING_SLOTS });
    this.#submitted = step + 1;
    await (this.#update ?? this.plan).finished(MAX_IN_FLIGHT);
    if ((this.#submitted - this.#read) * this.#microBatches >= RING_SLOTS / 2) await this.#poll();
  }

  /** Where the records start after a resume. */
  startAt(step: number): void {
    this.#read = step;
    this.#submitted = step;
  }

  /** Records that have arrived; starts the next read without waiting for it. */
  drain(): StepRecord[] {
    if (this.#failure) throw this.#failure;
    this.#poll();
    return this.#arrived.splice(0);
  }

  /** All records up to the last submitted step. */
  async settle(): Promise<StepRecord[]> {
    await this.#reading;
    await this.#poll();
    if (this.#failure) throw this.#failure;
    return this.#arrived.splice(0);
  }

  destroy(): void {
    this.plan.destroy();
    this.#update?.destroy();
    this.#ring.destroy();
    this.lossScale?.destroy();
    for (const total of this.#totals) total.destroy();
  }

  #poll(): Promise<void> {
    if (this.#submitted === this.#read) return this.#reading ?? Promise.resolve();
    this.#reading ??= this.#collect().then(
      () => {
        this.#reading = undefined;
      },
      (error) => {
        this.#failure = error;
        this.#reading = undefined;
      },
    );
    return this.#reading;
  }

  async #collect(): Promise<void> {
    const from = this.#read;
    const to = this.#submitted;
    const rows = await this.#ring.read();
    const columns = this.#ring.names.length;
    const rowOf = (step: number, microBatch: number): Float32Array => {
      const slot = (step * this.#microBatches + microBatch) % RING_SLOTS;
      return rows.subarray(slot * columns, (slot + 1) * columns);
    };
    for (let step = from; step < to; step++) {
      const values: Record<string, number> = {};
      this.#lossNames.forEach((name, i) => {
        let sum = 0;
        for (let m = 0; m < this.#microBatches; m++) sum += rowOf(step, m)[i];
        values[name] = sum / this.#microBatches;
      });
      const [norm, scale] = rowOf(step, this.#microBatches - 1).subarray(this.#lossNames.length);
      // A step without a norm was left out: its gradient overflowed, which a smaller scale cures.
      const isLeftOut = !Number.isFinite(norm) && this.lossScale && scale > SMALLEST_LOSS_SCALE;
      if (!isLeftOut) values.gradientNorm = norm;
      if (this.lossScale) values.lossScale = scale;
      this.#arrived.push({ step, values });
    }
    this.#read = to;
  }
}

/** Every trained parameter's gradient, times the loss scale, lands in its set's flat gradient store. */
function appendGradients(
  graph: Graph,
  loss: Tensor,
  sets: readonly TrainedSet[],
  lossScale: LossScale | undefined,
): void {
  const trained = sets.flatMap(({ parameters }) =>
    parameters.trainedTensors(graph).map((found) => ({ parameters, ...found })),
  );
  const gradients = backward(
    loss,
    trained.map(({ tensor }) => tensor),
    lossScale?.tensor(graph),
  );
  const rootOf = aliasRoots(graph.nodes);
  const pinned = new Set<Tensor>();
  trained.forEach(({ parameters, tensor, offset }, i) => {
    const gradient = gradients[i];
    if (!gradient) {
      throw new Error(
        `[train] expected the loss to depend on every trained parameter, got none for ${tensor.name}: freeze it`,
      );
    }
    // A gradient under a new shape is pinned as what it was; one that two parameters share, or that no node made, needs
    // memory of its own.
    const root = rootOf(gradient);
    const isOwn = graph.nodes.some(({ outputs }) => outputs.includes(root));
    const target = isOwn && !pinned.has(root) ? root : scale(gradient, 1);
    pinned.add(target);
    graph.pin(target, parameters.training.gradient, offset);
  });
}

/** @param record appends the recording of the first set's gradient norm, in mixed precision also of the loss scale */
function appendUpdate(
  graph: Graph,
  sets: readonly TrainedSet[],
  gradients: readonly Store[],
  lossScale: LossScale | undefined,
  record: (norm: readonly Tensor[]) => void,
): void {
  const norms = sets.map(({ parameters, weightDecay, clipNorm }, i) => {
    const { m, v } = parameters.training;
    const { trainedCount, decayCount } = parameters;
    const flat = (name: string, store: Store): Tensor => graph.stored(name, [trainedCount], store);
    const gradient = flat('gradient', gradients[i]);
    lossScale?.appendUnscale(gradient);
    const norm = globalNorm(gradient);
    adamW(
      {
        parameters: flat('parameters', parameters.values),
        gradient,
        m: flat('m', m),
        v: flat('v', v),
        norm,
      },
      { beta1: BETA1, beta2: BETA2, eps: 1e-8, weightDecay, decayCount, clipNorm, trainedCount },
    );
    if (i === 0) record([norm, ...(lossScale ? [lossScale.tensor(graph)] : [])]);
    return norm;
  });
  lossScale?.appendAdjust(graph, norms);
}
