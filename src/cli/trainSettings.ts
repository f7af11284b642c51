// The preset that a run trains with: one of the studio's, changed by options.

import {
  type ModelSize,
  type OptimiserSettings,
  PRESETS,
  type Preset,
  presetOf,
} from '../train/settings';
import type { OptionSpec, Options, OptionTable } from './options';

type StageKey = 'pretrain' | 'distil' | 'finetune';
type Change = (preset: Preset, value: number) => Preset;
type NumberIn<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

const STAGES = { teacher: 'pretrain', student: 'distil', finetune: 'finetune' } as const;

const ofModels =
  (size: NumberIn<ModelSize>): Change =>
  (preset, value) => ({
    ...preset,
    teacher: { ...preset.teacher, [size]: value },
    student: { ...preset.student, [size]: value },
  });

const ofStage = (preset: Preset, stage: StageKey, change: Partial<OptimiserSettings>): Preset => ({
  ...preset,
  [stage]: { ...preset[stage], ...change },
});

const ofEachStage =
  (setting: NumberIn<OptimiserSettings>): Change =>
  (preset, value) =>
    Object.values(STAGES).reduce(
      (changed, stage) => ofStage(changed, stage, { [setting]: value }),
      preset,
    );

const ofLoss =
  (part: keyof Preset['distil']['weights']): Change =>
  (preset, value) => ({
    ...preset,
    distil: { ...preset.distil, weights: { ...preset.distil.weights, [part]: value } },
  });

interface SettingOption extends OptionSpec {
  readonly change: Change;
}

const integer = (help: string, change: Change): SettingOption => {
  return { kind: 'integer', value: 'N', help, change, least: 1 };
};
const number = (help: string, change: Change): SettingOption => {
  return { kind: 'number', value: 'X', help, change };
};

const perStage = Object.fromEntries(
  Object.entries(STAGES).flatMap(([name, stage]) => [
    [
      `epochs-${name}`,
      integer(`epochs of ${name}`, (preset, epochs) => ofStage(preset, stage, { epochs })),
    ],
    [
      `learning-rate-${name}`,
      number(`peak rate of ${name}`, (preset, learningRate) =>
        ofStage(preset, stage, { learningRate }),
      ),
    ],
  ]),
);

const SETTINGS: Readonly<Record<string, SettingOption>> = {
  ...perStage,
  batch: integer('segments per replay', ofEachStage('batch')),
  'micro-batches': integer('replays per optimiser step', ofEachStage('microBatches')),
  patience: integer('epochs without a better score before stopping', ofEachStage('patience')),
  dropout: number('in every stage', ofEachStage('dropout')),
  'weight-decay': number('in every stage', ofEachStage('weightDecay')),
  'segment-frames': integer('frames per segment', (preset, segmentFrames) => ({
    ...preset,
    segmentFrames,
  })),
  'model-dim': integer('width of both networks', ofModels('modelDim')),
  layers: integer('layers of both networks', ofModels('layerCount')),
  'state-dim': integer('state size of both networks', ofModels('stateDim')),
  'head-dim': integer('head width of both networks', ofModels('headDim')),
  'channel-dim': integer('tokenizer maps per channel', ofModels('channelDim')),
  'weight-alignment': number('of the distillation losses', ofLoss('alignment')),
  'weight-reconstruction': number('of the distillation losses', ofLoss('reconstruction')),
  'weight-task': number('of the distillation losses', ofLoss('task')),
};

export const SETTING_OPTIONS: OptionTable = {
  preset: { kind: 'text', choices: PRESETS.map(({ id }) => id), help: 'default tiny' },
  ...SETTINGS,
  'ssm-init': {
    kind: 'text',
    choices: ['realm', 'mamba2'],
    help: "first values of the SSM; default the preset's",
  },
  precision: {
    kind: 'text',
    choices: ['f32', 'mixed'],
    help: 'of the training: mixed multiplies 16-bit numbers and sums in f32; default f32',
  },
};

export function presetFrom(options: Options): Preset {
  let preset = presetOf(options.text('preset') ?? 'tiny');
  for (const [name, { change }] of Object.entries(SETTINGS)) {
    const value = options.number(name);
    if (value !== undefined) preset = change(preset, value);
  }
  const ssmInit = options.text('ssm-init');
  if (ssmInit === 'realm' || ssmInit === 'mamba2') preset = { ...preset, ssmInit };
  const precision = options.text('precision');
  if (precision !== 'f32' && precision !== 'mixed') return preset;
  return Object.values(STAGES).reduce(
    (changed, stage) => ofStage(changed, stage, { precision }),
    preset,
  );
}

/** What stands beside every score: the sizes and the training. */
export function settingsRecord(preset: Preset): Record<string, string | number> {
  const { student, pretrain, distil, finetune } = preset;
  const list = (values: readonly number[]): string => values.join('/');
  return {
    preset: preset.id,
    segmentFrames: preset.segmentFrames,
    modelDim: student.modelDim,
    layers: student.layerCount,
    stateDim: student.stateDim,
    headDim: student.headDim,
    ssmInit: preset.ssmInit,
    precision: finetune.precision,
    epochs: list([pretrain.epochs, distil.epochs, finetune.epochs]),
    learningRates: list([pretrain.learningRate, distil.learningRate, finetune.learningRate]),
    effectiveBatch: finetune.batch * finetune.microBatches,
  };
}
