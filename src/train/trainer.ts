// One optimiser step as replays: forward, backward, clip and AdamW in a single submit, or several micro-batches whose
// gradients are summed before the update.

import { Graph } from '../autograd/graph';
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
  readonly #lossRing: MetricsRing;
  readonly #normRing: MetricsRing;
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
    rings: readonly [MetricsRing, MetricsRing],
    totals: readonly Store[],
    lossScale: LossScale | undefined,
  ) {
    this.plan = plan;
    this.lossScale = lossScale;
    this.#update = update;
    [this.#lossRing, this.#normRing] = rings;
    this.#microBatches = options.microBatches;
    this.#totals = totals;
  }

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { device, graph, losses, sets, microBatches } = options;
    const lossRing = new MetricsRing(
      device,
      losses.map((loss) => loss.name),
    );
    const lossScale =
      graph.precision === 'mixed' ? new LossScale(device, options.lossScale) : undefined;
    const normRing = new MetricsRing(device, ['gradientNorm', ...(lossScale ? ['lossScale'] : [])]);
    appendGradients(graph, losses[0].tensor, sets, lossScale);
    lossRing.record(
      graph,
      losses.map((loss) => loss.tensor),
    );
    if (microBatches === 1) {
      const gradients = sets.map(({ parameters }) => parameters.training.gradient);
      appendUpdate(graph, sets, gradients, normRing, lossScale);
      const plan = await compile(graph, device);
      return new Trainer(options, plan, undefined, [lossRing, normRing], [], lossScale);
    }
    const totals = sets.map(({ parameters }) =>
      createStore(device, parameters.trainedCount, 'gradient total'),
    );
    sets.forEach(({ parameters }, i) => {
      const shape = [parameters.trainedCount];
      const gradient = graph.stored('gradient', shape, parameters.training.gradient);
      accumulate(graph.stored('gradient total', shape, totals[i]), gradient);
    });
    const updateGraph = new Graph();
    appendUpdate(updateGraph, sets, totals, normRing, lossScale);
    const [plan, update] = await Promise.all([
      compile(graph, device),
      compile(updateGraph, device),
    ]);
    return new Trainer(options, plan, update, [lossRing, normRing], totals, lossScale);
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
    this.#update?.run({ ...values, step, ringSlot: step % RING_SLOTS });
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
    this.#lossRing.destroy();
    this.#normRing.destroy();
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
    const [losses, norms] = await Promise.all([this.#lossRing.read(), this.#normRing.read()]);
    const { names } = this.#lossRing;
    for (let step = from; step < to; step++) {
      const values: Record<string, number> = {};
      names.forEach((name, i) => {
        let sum = 0;
        for (let m = 0; m < this.#microBatches; m++) {
          const slot = (step * this.#microBatches + m) % RING_SLOTS;
          sum += losses[slot * names.length + i];
        }
        values[name] = sum / this.#microBatches;
      });
      const columns = this.#normRing.names.length;
      const [norm, scale] = norms.subarray((step % RING_SLOTS) * columns);
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
  const pinned = new Set<Tensor>();
  trained.forEach(({ parameters, tensor, offset }, i) => {
    const gradient = gradients[i];
    if (!gradient) {
      throw new Error(
        `[train] expected the loss to depend on every trained parameter, got none for ${tensor.name}: freeze it`,
      );
    }
    // A gradient that two parameters share, or that is another tensor under a new shape, needs memory of its own.
    const isOwn = graph.nodes.some((node) => !node.op.alias && node.outputs.includes(gradient));
    const target = isOwn && !pinned.has(gradient) ? gradient : scale(gradient, 1);
    pinned.add(target);
    graph.pin(target, parameters.training.gradient, offset);
  });
}

function appendUpdate(
  graph: Graph,
  sets: readonly TrainedSet[],
  gradients: readonly Store[],
  ring: MetricsRing,
  lossScale: LossScale | undefined,
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
    if (i === 0) ring.record(graph, [norm, ...(lossScale ? [lossScale.tensor(graph)] : [])]);
    return norm;
  });
  lossScale?.appendAdjust(graph, norms);
}
