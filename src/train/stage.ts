// The loop that all three stages share: steps, validation after each epoch, model selection, early stopping, and
// snapshots between any two steps.

import type { ParameterSet } from '../autograd/parameterSet';
import { type Segment, shuffleSegments } from '../data/segments';
import type {
  ReconstructionPicture,
  Stage,
  StepRecord,
  TrainEvent,
  TrainOutcome,
  ValidationRecord,
} from './events';
import { learningRateAt } from './schedule';
import type { OptimiserSettings } from './settings';
import { readSets, restoreSets, type Snapshot } from './snapshot';
import type { Trainer } from './trainer';

/** What one stage brings to the loop. */
export interface StageParts {
  readonly stage: Stage;
  readonly settings: OptimiserSettings;
  readonly seed: number;
  readonly segmentFrames: number;
  readonly segments: readonly Segment[];
  readonly trainer: Trainer;
  /** Trained sets in the order of snapshots; the first one's weights are the result. */
  readonly sets: readonly ParameterSet[];
  /** Fills the inputs of one replay; `draw` is unique per replay and keys its random numbers. */
  write(segments: readonly Segment[], draw: number): void;
  /** Held-out values and the score that selects the model: higher is better. */
  validate(): Promise<{ values: Record<string, number>; score: number }>;
  picture?(): Promise<ReconstructionPicture>;
  destroy(): void;
}

/** Steps that the pace is averaged over. */
const PACE_STEPS = 33;

export class TrainingStage {
  readonly #parts: StageParts;
  readonly #stepsPerEpoch: number;
  #step = 0;
  #best: { readonly record: ValidationRecord; readonly score: number } | undefined;
  #bestWeights: ReadonlyMap<string, Float32Array> | undefined;
  #epochsSinceBest = 0;
  #steps: StepRecord[] = [];
  #validations: ValidationRecord[] = [];
  #stepMs: number[] = [];

  constructor(parts: StageParts, resume?: Snapshot) {
    this.#parts = parts;
    const { batch, microBatches } = parts.settings;
    this.#stepsPerEpoch = Math.max(1, Math.floor(parts.segments.length / (batch * microBatches)));
    if (resume) this.#restore(resume);
  }

  /** The replays of one step, for tests and benchmarks that count them. */
  get trainer(): Trainer {
    return this.#parts.trainer;
  }

  get totalSteps(): number {
    return this.#parts.settings.epochs * this.#stepsPerEpoch;
  }

  /** Yields after every optimiser step. Stop pulling to pause; return() to cancel. */
  async *run(): AsyncGenerator<TrainEvent, TrainOutcome> {
    const { settings, trainer, seed } = this.#parts;
    const outcome = (stopped: TrainOutcome['stopped']): TrainOutcome => ({
      stage: this.#parts.stage,
      steps: this.#step,
      stopped,
      best: this.#best?.record,
      weights: this.#bestWeights ?? new Map(),
    });
    while (this.#step < this.totalSteps) {
      if (this.#epochsSinceBest >= settings.patience) return outcome('no improvement');
      const started = performance.now();
      const step = this.#step;
      const learningRate = learningRateAt(settings, step, this.#stepsPerEpoch);
      await trainer.step({ seed, step, learningRate, write: (m) => this.#write(step, m) });
      this.#step = step + 1;
      const atEpochEnd = this.#step % this.#stepsPerEpoch === 0;
      const records = atEpochEnd ? await trainer.settle() : trainer.drain();
      // Including the wait at the end of an epoch, where steps that were only queued so far catch up.
      this.#stepMs = [...this.#stepMs.slice(1 - PACE_STEPS), performance.now() - started];
      this.#checkFinite(records);
      this.#steps.push(...records);
      const validation = atEpochEnd ? await this.#validate() : undefined;
      const picture = atEpochEnd ? await this.#parts.picture?.() : undefined;
      yield this.#event(learningRate, records, validation, picture);
    }
    return outcome('finished');
  }

  /** The state after the last finished step; call it between two pulls, for instance while paused. */
  async snapshot(context: Readonly<Record<string, unknown>> = {}): Promise<Snapshot> {
    this.#steps.push(...(await this.#parts.trainer.settle()));
    return {
      record: {
        stage: this.#parts.stage,
        seed: this.#parts.seed,
        step: this.#step,
        lossScale: await this.#parts.trainer.lossScale?.read(),
        best: this.#best?.record,
        epochsSinceBest: this.#epochsSinceBest,
        steps: this.#steps,
        validations: this.#validations,
        context,
      },
      sets: await readSets(this.#parts.sets),
      bestWeights: this.#bestWeights,
    };
  }

  /** The best epoch's weights so far, or the current ones before the first epoch has ended. */
  async weights(): Promise<ReadonlyMap<string, Float32Array>> {
    return this.#bestWeights ?? this.#parts.sets[0].read();
  }

  destroy(): void {
    this.#parts.destroy();
  }

  #restore({ record, sets, bestWeights }: Snapshot): void {
    if (record.stage !== this.#parts.stage || record.seed !== this.#parts.seed) {
      throw new Error(
        `[train] expected a checkpoint of ${this.#parts.stage} with seed ${this.#parts.seed}, got ${record.stage} with seed ${record.seed}`,
      );
    }
    const { trainer } = this.#parts;
    if (!trainer.lossScale !== !record.lossScale) {
      const precision = (isMixed: unknown) => (isMixed ? 'mixed precision' : 'f32');
      throw new Error(
        `[train] expected a checkpoint in ${precision(trainer.lossScale)}, got one in ${precision(record.lossScale)}: go on with the precision it began with`,
      );
    }
    restoreSets(this.#parts.sets, sets);
    if (record.lossScale) trainer.lossScale?.restore(record.lossScale);
    trainer.startAt(record.step);
    this.#step = record.step;
    this.#steps = [...record.steps];
    this.#validations = [...record.validations];
    this.#bestWeights = bestWeights;
    this.#epochsSinceBest = record.epochsSinceBest;
    this.#best = record.best && { record: record.best, score: record.best.score };
  }

  #write(step: number, microBatch: number): void {
    const { batch, microBatches } = this.#parts.settings;
    const { segments, seed } = this.#parts;
    const epoch = Math.floor(step / this.#stepsPerEpoch);
    const order = shuffleSegments(segments, seed, epoch);
    const replay = (step % this.#stepsPerEpoch) * microBatches + microBatch;
    const chosen = Array.from(
      { length: batch },
      (_, i) => order[(replay * batch + i) % order.length],
    );
    this.#parts.write(chosen, step * microBatches + microBatch);
  }

  async #validate(): Promise<ValidationRecord> {
    const { values, score } = await this.#parts.validate();
    const isBest = !this.#best || score > this.#best.score;
    const epoch = this.#step / this.#stepsPerEpoch;
    const record: ValidationRecord = { step: this.#step, epoch, values, score, isBest };
    this.#validations.push(record);
    if (isBest) {
      this.#best = { record, score };
      this.#bestWeights = await this.#parts.sets[0].read();
    }
    this.#epochsSinceBest = isBest ? 0 : this.#epochsSinceBest + 1;
    return record;
  }

  #checkFinite(records: readonly StepRecord[]): void {
    const bad = records.find(({ values }) => !Object.values(values).every(Number.isFinite));
    if (!bad) return;
    throw new Error(
      `[train] expected finite losses, got ${JSON.stringify(bad.values)} at step ${bad.step}: the training diverged; resume from the last checkpoint with a lower learning rate`,
    );
  }

  #event(
    learningRate: number,
    records: readonly StepRecord[],
    validation: ValidationRecord | undefined,
    picture: ReconstructionPicture | undefined,
  ): TrainEvent {
    const { stage, settings, segmentFrames } = this.#parts;
    // The first step compiles the kernels: it says nothing about those to come.
    const paced =
      this.#stepMs.length > 1 ? this.#stepMs.slice(-(this.#stepMs.length - 1)) : this.#stepMs;
    const stepMs = paced.reduce((sum, ms) => sum + ms, 0) / paced.length;
    const frames = settings.batch * settings.microBatches * segmentFrames;
    return {
      stage,
      step: this.#step,
      totalSteps: this.totalSteps,
      epoch: Math.ceil(this.#step / this.#stepsPerEpoch),
      epochs: settings.epochs,
      learningRate,
      stepMs,
      framesPerS: (frames * 1000) / stepMs,
      remainingS: ((this.totalSteps - this.#step) * stepMs) / 1000,
      records,
      validation,
      picture,
    };
  }
}
