/** Builds the training stage that a request asks for, out of sessions, preset and held models. */
import type { GpuDevice } from '../gpu/device';
import type { ModelConfig } from '../model/config';
import { createDistillation } from '../train/distil';
import type { Stage } from '../train/events';
import { createFinetuning } from '../train/finetune';
import { createPretraining } from '../train/pretrain';
import type { ModelSize, Preset } from '../train/settings';
import type { Snapshot } from '../train/snapshot';
import type { TrainingStage } from '../train/stage';
import { configFor, prepareData, type TrainingData } from '../train/trainingData';
import type { HeldModel, Models } from './heldModel';
import type { Prepared } from './preparing';

export interface StagePlan {
  stage: Stage;
  preset: Preset;
  seed: number;
  data: TrainingData;
  /** What the stage starts from: teacher for distillation, student for fine-tuning. */
  from: HeldModel | undefined;
  /** Of the model that comes out. */
  config: ModelConfig;
}

/** @throws one sentence when the held models do not fit the recordings */
export function planStage(
  stage: Stage,
  preset: Preset,
  seed: number,
  prepared: readonly Prepared[],
  models: Models,
): StagePlan {
  const data = prepareData(
    prepared.map(({ features }) => features),
    prepared.map(({ split }) => split),
  );
  if (stage === 'teacher') {
    return { stage, preset, seed, data, from: undefined, config: configFor(preset.teacher, data) };
  }
  const kind = stage === 'student' ? 'teacher' : 'distilled';
  const from = models.get(kind);
  if (!from)
    throw new Error(
      `[train] expected a ${kind === 'teacher' ? kind : 'student'}, got none: make or load one first`,
    );
  checkFit(from, data, kind);
  // A model keeps the channels it was made with; narrower sessions are padded.
  const padded = { ...data, channelCount: from.config.channelCount };
  const sized: Preset =
    stage === 'student'
      ? { ...preset, teacher: sizeOf(from.config) }
      : { ...preset, student: sizeOf(from.config) };
  const config = configFor(sized.student, padded);
  return { stage, preset: sized, seed, data: padded, from, config };
}

function checkFit({ config }: HeldModel, data: TrainingData, kind: string): void {
  if (data.channelCount > config.channelCount || data.bandCount !== config.bandCount) {
    throw new Error(
      `[train] expected recordings of at most ${config.channelCount} channels and ${config.bandCount} bands, as the ${kind} has, ` +
        `got ${data.channelCount} and ${data.bandCount}: train a teacher on these recordings`,
    );
  }
}

function sizeOf(config: ModelConfig): ModelSize {
  const { channelCount: _channels, bandCount: _bands, outputCount: _outputs, ...size } = config;
  return size;
}

export function buildStage(
  device: GpuDevice,
  { stage, preset, seed, data, from }: StagePlan,
  resume: Snapshot | undefined,
): Promise<TrainingStage> {
  const common = { device, data, preset, seed, resume };
  if (stage === 'teacher') return createPretraining(common);
  if (stage === 'student') return createDistillation({ ...common, teacher: from!.weights });
  return createFinetuning({ ...common, student: fittingReadout(from!, data.outputCount) });
}

/** Without a readout of another number of outputs, which fine-tuning then starts afresh. */
function fittingReadout({ config, weights }: HeldModel, outputCount: number) {
  if (config.outputCount === outputCount) return weights;
  return new Map([...weights].filter(([name]) => !/^(out_proj|skip)\./.test(name)));
}
