/** Presets as the page lists them, and a person's changes put into one. */
import type { Precision } from '../autograd/graph';
import type { Stage } from '../train/events';
import {
  type DistilSettings,
  type FinetuneSettings,
  type OptimiserSettings,
  PRESETS,
  type Preset,
  type PretrainSettings,
  presetOf,
} from '../train/settings';
import type { ChoiceInfo, NumberInfo, Overrides, PresetInfo, SettingInfo } from './trainingApi';

type Bounds = Omit<NumberInfo, 'kind' | 'name' | 'value'>;
type NumberOf<T> = Extract<{ [K in keyof T]: T[K] extends number ? K : never }[keyof T], string>;

const share = (label: string, hint: string, unit = ''): Bounds => ({
  label,
  unit,
  hint,
  minimum: 0,
  maximum: 0.95,
  isInteger: false,
});

const count = (label: string, hint: string, maximum: number, unit = ''): Bounds => ({
  label,
  unit,
  hint,
  minimum: 1,
  maximum,
  isInteger: true,
});

const COMMON: Record<NumberOf<OptimiserSettings>, Bounds> = {
  epochs: count('Epochs', 'Passes over the training segments', 10_000),
  batch: count('Batch', 'Segments on the GPU at once', 512, 'segments'),
  microBatches: count('Micro-batches', 'Batches whose gradients are averaged for one step', 64),
  learningRate: {
    label: 'Learning rate',
    unit: '',
    hint: 'Peak rate of AdamW',
    minimum: 1e-7,
    maximum: 1,
    isInteger: false,
  },
  weightDecay: share('Weight decay', 'Decoupled, of AdamW'),
  clipNorm: { ...share('Clip norm', 'Largest norm of the gradient'), minimum: 1e-3, maximum: 1e3 },
  patience: count(
    'Patience',
    'Epochs without a better validation score before stopping',
    10_000,
    'epochs',
  ),
  dropout: share(
    'Dropout',
    'Share of activations set to zero while training',
    'share of activations',
  ),
  dropPath: share(
    'Drop path',
    'Share of residual branches left out while training',
    'share of branches',
  ),
};

const weight = (label: string): Bounds => ({
  ...share(label, 'Weight of this part of the loss'),
  maximum: 100,
});

const TEACHER: Partial<Record<NumberOf<PretrainSettings>, Bounds>> = {
  maskFraction: share('Mask', 'Share of frames hidden from the teacher', 'share of frames'),
  channelDropout: share(
    'Channel dropout',
    'Chance of a channel to be silenced',
    'share of channels',
  ),
  noise: share('Noise', 'Deviation of added noise, in standard deviations', 'SD'),
};

const WEIGHTS: Record<keyof DistilSettings['weights'], Bounds> = {
  alignment: weight('Weight: alignment'),
  reconstruction: weight('Weight: reconstruction'),
  task: weight('Weight: task'),
};

const PRECISIONS: Record<Precision, string> = {
  f32: 'full (32 bit)',
  mixed: 'mixed (16-bit products, 32-bit sums)',
};

const precisionOf = ({ precision }: OptimiserSettings): ChoiceInfo => ({
  kind: 'choice',
  name: 'precision',
  label: 'Precision',
  hint: 'Mixed takes less memory; weights, sums and states stay in 32 bit.',
  value: precision,
  choices: Object.entries(PRECISIONS).map(([value, label]) => ({ value, label })),
});

export function presetInfos(): PresetInfo[] {
  return PRESETS.map((preset) => ({
    name: preset.id,
    title: preset.title,
    note: preset.note,
    isPaperScale: preset.paperScale,
    settings: {
      teacher: [
        ...listed(COMMON, preset.pretrain),
        ...listed(TEACHER, preset.pretrain),
        precisionOf(preset.pretrain),
      ],
      student: [
        ...listed(WEIGHTS, preset.distil.weights),
        ...listed(COMMON, preset.distil),
        precisionOf(preset.distil),
      ],
      finetune: [...listed(COMMON, preset.finetune), precisionOf(preset.finetune)],
    },
  }));
}

function listed(bounds: Record<string, Bounds>, values: object): NumberInfo[] {
  return Object.entries(bounds).map(([name, bound]) => ({
    ...bound,
    kind: 'number',
    name,
    value: (values as Record<string, number>)[name],
  }));
}

export function optimiserOf(preset: Preset, stage: Stage): OptimiserSettings {
  return { teacher: preset.pretrain, student: preset.distil, finetune: preset.finetune }[stage];
}

function isAllowed(info: SettingInfo, value: number | string): boolean {
  if (info.kind === 'choice') return info.choices.some((choice) => choice.value === value);
  return typeof value === 'number' && value >= info.minimum && value <= info.maximum;
}

function rangeOf(info: SettingInfo): string {
  if (info.kind === 'number') return `from ${info.minimum} to ${info.maximum}`;
  return info.choices.map(({ value }) => value).join(' or ');
}

/**
 * @param overrides by the names of `presetInfos`
 * @throws when a preset or a name is unknown or a value is out of bounds
 */
export function presetWith(id: string, stage: Stage, overrides: Overrides): Preset {
  const preset = presetOf(id);
  const known = presetInfos().find(({ name }) => name === id)!.settings[stage];
  for (const [name, value] of Object.entries(overrides)) {
    const info = known.find((setting) => setting.name === name);
    if (info && isAllowed(info, value)) continue;
    throw new Error(
      `[settings] expected ${name} ${info ? rangeOf(info) : 'to be a setting'}, got ${value}: set it back in the advanced settings`,
    );
  }
  if (stage === 'teacher') return { ...preset, pretrain: { ...preset.pretrain, ...overrides } };
  if (stage === 'finetune') {
    return {
      ...preset,
      finetune: { ...preset.finetune, ...(overrides as Partial<FinetuneSettings>) },
    };
  }
  const { alignment, reconstruction, task, ...others } = { ...preset.distil.weights, ...overrides };
  return {
    ...preset,
    distil: { ...preset.distil, ...others, weights: { alignment, reconstruction, task } },
  };
}
