// What a user chooses about training, and the presets that choose it for them.

import type { Precision } from '../autograd/graph';
import type { ModelConfig } from '../model/config';
import type { SsmInit } from '../model/parameters';

/** A model's sizes without what the recording decides. */
export type ModelSize = Omit<ModelConfig, 'channelCount' | 'bandCount' | 'outputCount'>;

export interface OptimiserSettings {
  readonly epochs: number;
  /** Segments per replay. */
  readonly batch: number;
  /** Replays per optimiser step; gradients are averaged. */
  readonly microBatches: number;
  /** Peak learning rate of AdamW. */
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly schedule:
    | {
        readonly kind: 'warm-up then decay';
        readonly warmUpEpochs: number;
        readonly startFactor: number;
        readonly decayPerEpoch: number;
      }
    | { readonly kind: 'cosine'; readonly endFactor: number };
  /** Epochs without a better validation score before stopping. */
  readonly patience: number;
  readonly dropout: number;
  readonly dropPath: number;
  /** Run the forward pass of each layer again in the backward pass: less memory, about a third more time. */
  readonly recompute: boolean;
  /** Of the training's matrix products; validation and the weights are in f32. */
  readonly precision: Precision;
}

export interface PretrainSettings extends OptimiserSettings {
  /** Fraction of frames masked, and the lengths of the masked blocks in frames. */
  readonly maskFraction: number;
  readonly maskBlockFrames: readonly [number, number];
  readonly channelDropout: number;
  readonly gain: readonly [number, number];
  readonly noise: number;
}

export interface DistilSettings extends OptimiserSettings {
  readonly weights: {
    readonly alignment: number;
    readonly reconstruction: number;
    readonly task: number;
  };
  /** Fraction of frames whose reconstruction is scored. */
  readonly reconstructionFraction: number;
}

export interface FinetuneSettings extends OptimiserSettings {
  readonly freezeTokenizer: boolean;
  /** Version 2 zeroes and freezes the raw skip. */
  readonly rawSkip: 'zero' | 'trained';
  /** Start the readout afresh, as the paper does after label-free distillation. */
  readonly freshReadout: boolean;
}

export interface Preset {
  readonly id: 'realm-v2' | 'realm-v1' | 'tiny' | 'nano';
  readonly title: string;
  readonly note: string;
  readonly paperScale: boolean;
  /** T: frames per segment; pretraining segments overlap by half. */
  readonly segmentFrames: number;
  readonly ssmInit: SsmInit;
  readonly teacher: ModelSize;
  readonly student: ModelSize;
  readonly pretrain: PretrainSettings;
  readonly distil: DistilSettings;
  readonly finetune: FinetuneSettings;
}

const paperSize: ModelSize = {
  modelDim: 256,
  layerCount: 10,
  stateDim: 64,
  headDim: 64,
  expand: 2,
  convTaps: 4,
  channelDim: 8,
  ecaTaps: 5,
  bidirectional: false,
};

const paperAugmentation = {
  maskFraction: 0.6,
  maskBlockFrames: [10, 50],
  channelDropout: 0.15,
  gain: [0.85, 1.15],
  noise: 0.05,
} as const;

/** 32 segments per step, as few at once as keeps every dispatch short on a slow adapter and a stage within 1 GiB. */
const paperOptimiser = {
  batch: 4,
  microBatches: 8,
  weightDecay: 1e-5,
  clipNorm: 1,
  dropout: 0.1,
  recompute: false,
  precision: 'f32',
} as const;

const cosine = { kind: 'cosine', endFactor: 0.01 } as const;

/** The paper's rate scaled by the square root of the batch: 6.25e-4 at 64 and 1.53e-3 at 384. */
export const scaledRate = (effectiveBatch: number): number =>
  6.25e-4 * Math.sqrt(effectiveBatch / 64);

const realmV2: Preset = {
  id: 'realm-v2',
  title: 'REALM, current code',
  note: 'Paper scale: label-free distillation, honest split (Wu et al., 2026, version 2 of the code).',
  paperScale: true,
  segmentFrames: 500,
  ssmInit: 'realm',
  teacher: { ...paperSize, bidirectional: true },
  student: paperSize,
  pretrain: {
    ...paperOptimiser,
    ...paperAugmentation,
    recompute: true,
    epochs: 300,
    learningRate: scaledRate(32),
    schedule: {
      kind: 'warm-up then decay',
      warmUpEpochs: 30,
      startFactor: 0.3,
      decayPerEpoch: 0.995,
    },
    patience: 30,
    dropPath: 0.1,
  },
  distil: {
    ...paperOptimiser,
    epochs: 300,
    learningRate: 5e-4,
    schedule: cosine,
    patience: 30,
    dropPath: 0,
    weights: { alignment: 1, reconstruction: 1, task: 0 },
    reconstructionFraction: 0.3,
  },
  finetune: {
    ...paperOptimiser,
    epochs: 100,
    learningRate: 5e-4,
    schedule: cosine,
    patience: 20,
    dropPath: 0,
    freezeTokenizer: true,
    rawSkip: 'zero',
    freshReadout: true,
  },
};

const realmV1: Preset = {
  ...realmV2,
  id: 'realm-v1',
  title: 'REALM as announced, May 2026',
  note: 'Paper scale: distillation with the task loss. The original chose its epochs on test data; here a validation fold does.',
  pretrain: {
    ...realmV2.pretrain,
    epochs: 200,
    learningRate: 6.25e-4,
    schedule: {
      kind: 'warm-up then decay',
      warmUpEpochs: 30,
      startFactor: 1 / 30,
      decayPerEpoch: 0.995,
    },
    patience: 100,
  },
  distil: { ...realmV2.distil, weights: { alignment: 1, reconstruction: 0.1, task: 1 } },
  finetune: {
    ...realmV2.finetune,
    freezeTokenizer: false,
    rawSkip: 'trained',
    freshReadout: false,
  },
};

const small = {
  batch: 16,
  microBatches: 1,
  recompute: false,
  precision: 'f32',
  weightDecay: 1e-5,
  clipNorm: 1,
} as const;

const tinySize: ModelSize = {
  ...paperSize,
  modelDim: 128,
  layerCount: 4,
  stateDim: 32,
  headDim: 32,
  channelDim: 4,
};

const tiny: Preset = {
  id: 'tiny',
  title: 'Tiny',
  note: 'Not paper scale: trains in minutes on an integrated GPU.',
  paperScale: false,
  segmentFrames: 250,
  ssmInit: 'realm',
  teacher: { ...tinySize, bidirectional: true },
  student: tinySize,
  pretrain: {
    ...small,
    ...paperAugmentation,
    epochs: 40,
    learningRate: 1e-3,
    schedule: {
      kind: 'warm-up then decay',
      warmUpEpochs: 2,
      startFactor: 0.1,
      decayPerEpoch: 0.98,
    },
    patience: 15,
    dropout: 0.1,
    dropPath: 0.05,
  },
  distil: {
    ...small,
    epochs: 40,
    learningRate: 1e-3,
    schedule: cosine,
    patience: 15,
    dropout: 0.1,
    dropPath: 0,
    weights: { alignment: 1, reconstruction: 0.1, task: 1 },
    reconstructionFraction: 0.3,
  },
  finetune: {
    ...small,
    epochs: 40,
    learningRate: 1e-3,
    schedule: cosine,
    patience: 15,
    dropout: 0.1,
    dropPath: 0,
    freezeTokenizer: false,
    rawSkip: 'trained',
    freshReadout: false,
  },
};

const nanoSize: ModelSize = {
  ...tinySize,
  modelDim: 32,
  layerCount: 2,
  stateDim: 16,
  headDim: 16,
};

const nano: Preset = {
  ...tiny,
  id: 'nano',
  title: 'Nano',
  note: 'Not paper scale: for tests and a first run, about a minute on a software adapter.',
  segmentFrames: 100,
  teacher: { ...nanoSize, bidirectional: true },
  student: nanoSize,
  pretrain: { ...tiny.pretrain, epochs: 6, batch: 8, learningRate: 2e-3, maskBlockFrames: [5, 20] },
  distil: { ...tiny.distil, epochs: 8, batch: 8, learningRate: 2e-3 },
  finetune: { ...tiny.finetune, epochs: 8, batch: 8, learningRate: 2e-3 },
};

export const PRESETS: readonly Preset[] = [realmV2, realmV1, tiny, nano];

/** @throws Error listing the presets when the name is none of them */
export function presetOf(id: string): Preset {
  const preset = PRESETS.find((p) => p.id === id);
  if (!preset) {
    const ids = PRESETS.map((p) => p.id).join(', ');
    throw new Error(`[preset] expected one of ${ids}, got ${id}`);
  }
  return preset;
}
