// The values that change from one replay of a plan to the next; twin of shaders/common/step.wgsl.

export interface StepValues {
  /** Seed of the run; key of every random number. */
  readonly seed: number;
  /** Counter of random draws: unique per replay that draws (optimiser step * micro-batches + micro-batch). */
  readonly step: number;
  /** Row of the metrics ring that this replay writes. */
  readonly ringSlot: number;
  /** 0 for the first micro-batch of an optimiser step, which overwrites the accumulated gradient. */
  readonly microBatch: number;
  readonly learningRate: number;
  /** 1 - beta1^t and 1 - beta2^t of AdamW at optimiser step t (from 1). */
  readonly biasCorrection1: number;
  readonly biasCorrection2: number;
  /** Factor on the gradient before clipping: 1 / micro-batches. */
  readonly gradientScale: number;
}

export const FIRST_STEP: StepValues = {
  seed: 0,
  step: 0,
  ringSlot: 0,
  microBatch: 0,
  learningRate: 0,
  biasCorrection1: 1,
  biasCorrection2: 1,
  gradientScale: 1,
};

export const STEP_BYTES = 32;

/** The step as the GPU reads it. */
export function packStep(step: StepValues, target = new ArrayBuffer(STEP_BYTES)): ArrayBuffer {
  const words = new Uint32Array(target);
  const floats = new Float32Array(target);
  words[0] = step.seed;
  words[1] = step.step;
  words[2] = step.ringSlot;
  words[3] = step.microBatch;
  floats[4] = step.learningRate;
  floats[5] = step.biasCorrection1;
  floats[6] = step.biasCorrection2;
  floats[7] = step.gradientScale;
  return target;
}
