// What a training stage tells whoever drives it. Stages are async generators: pausing is not pulling.

export type Stage = 'teacher' | 'student' | 'finetune';

/** Values of one optimiser step, read back from the GPU some steps later. */
export interface StepRecord {
  readonly step: number;
  /** By name: `loss` first, then its parts, then `gradientNorm`; in mixed precision `lossScale`, and no norm for a step left out. */
  readonly values: Readonly<Record<string, number>>;
}

/** One held-out evaluation at the end of an epoch. */
export interface ValidationRecord {
  readonly step: number;
  readonly epoch: number;
  /** teacher: maskedLoss; student: loss and its parts; finetune: loss, meanR2. */
  readonly values: Readonly<Record<string, number>>;
  /** What selects the model: higher is better. */
  readonly score: number;
  readonly isBest: boolean;
}

/** A held-out segment as the teacher sees it, for the page's picture. */
export interface ReconstructionPicture {
  readonly frames: number;
  readonly columns: number;
  readonly frameRateHz: number;
  /** [frame, column], normalised. */
  readonly input: Float32Array;
  readonly reconstruction: Float32Array;
  /** [frame], 1 = masked. */
  readonly mask: Float32Array;
}

export interface TrainEvent {
  readonly stage: Stage;
  /** Optimiser steps done, of how many. */
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Mean over recent steps, validation not counted. */
  readonly stepMs: number;
  readonly framesPerS: number;
  readonly remainingS: number;
  /** Records that arrived since the last event. */
  readonly records: readonly StepRecord[];
  readonly validation?: ValidationRecord;
  readonly picture?: ReconstructionPicture;
}

/** How a stage ended: by running out, or because the validation score stopped improving. */
export interface TrainOutcome {
  readonly stage: Stage;
  readonly steps: number;
  readonly stopped: 'finished' | 'no improvement';
  readonly best: ValidationRecord | undefined;
  /** Weights of the best epoch, by the authors' names. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}
