// The chain of a training run: each stage is trained, taken from a finished run, or read from a given model file.

import type { Weights } from '../autograd/parameterSet';
import type { Features } from '../data/features';
import type { ModelConfig } from '../model/config';
import { readModelFile, writeModelFile } from '../model/modelFile';
import { createDistillation } from '../train/distil';
import { createFinetuning } from '../train/finetune';
import { createPretraining } from '../train/pretrain';
import type { Preset } from '../train/settings';
import type { Snapshot } from '../train/snapshot';
import type { TrainingStage } from '../train/stage';
import { configFor, type TrainingData } from '../train/trainingData';
import type { Interruption } from './interruption';
import { modelMetadata } from './modelMetadata';
import type { OpenedDevice } from './nodeDevice';
import { fileNameOf, readBytes, replaceFile } from './nodeFiles';
import type { Options } from './options';
import { formatTime, type Terminal } from './progress';
import type { FinishedStage, RunFolder, RunRecord } from './runFolder';
import { RIDGE_LAG_FRAMES, scoreNetwork, scoreRidge, sessionFacts } from './scoring';
import { driveStage } from './stageDriver';
import { settingsRecord } from './trainSettings';

export interface Run {
  readonly opened: OpenedDevice;
  readonly folder: RunFolder;
  /** Replaced as stages finish. */
  record: RunRecord;
  readonly options: Options;
  readonly preset: Preset;
  readonly seed: number;
  /** In the recordings' units, for ridge. */
  readonly features: readonly Features[];
  readonly data: TrainingData;
  readonly interruption: Interruption;
  readonly terminal: Terminal;
}

/** One stage of the chain. */
interface Link {
  /** In run.json, history.json and the checkpoint's name. */
  readonly key: string;
  readonly title: string;
  readonly model: string;
  readonly config: ModelConfig;
  readonly data: TrainingData;
  create(resume: Snapshot | undefined): Promise<TrainingStage>;
}

/** @returns false when interrupted */
export async function trainStages(run: Run, stages: ReadonlySet<string>): Promise<boolean> {
  const { data, preset, seed, opened, options } = run;
  const { device } = opened;
  const teacherConfig = configFor(preset.teacher, data);
  const studentConfig = configFor(preset.student, data);
  const common = { device, data, preset, seed };

  let teacher = await givenModel(options.text('teacher'), teacherConfig);
  if (stages.has('teacher')) {
    teacher = await trained(run, {
      key: 'teacher',
      title: 'teacher',
      model: 'teacher.safetensors',
      config: teacherConfig,
      data,
      create: (resume) => createPretraining({ ...common, resume, weights: teacher }),
    });
    if (!teacher) return false;
  }
  let student = await givenModel(options.text('student'), studentConfig);
  if (stages.has('student') && teacher) {
    const from = teacher;
    student = await trained(run, {
      key: 'student',
      title: 'student',
      model: 'student.safetensors',
      config: studentConfig,
      data,
      create: (resume) => createDistillation({ ...common, teacher: from, resume }),
    });
    if (!student) return false;
  }
  if (!stages.has('finetune')) return true;
  for (const [i, session] of run.features.entries()) {
    if (!session.behaviour) {
      run.terminal.note(`${session.sessionName}: no behaviour, so no fine-tuning`);
      continue;
    }
    if (!(await finetuneSession(run, i, studentConfig, student))) return false;
  }
  return true;
}

/** Fine-tunes on one session and scores it; false when interrupted. */
async function finetuneSession(
  run: Run,
  i: number,
  config: ModelConfig,
  student: Weights | undefined,
): Promise<boolean> {
  const { preset, seed, opened, folder, terminal, features } = run;
  const { sessionName, sessionId } = features[i];
  const data = dataOfSession(run.data, i);
  const name = uniqueNames(features)[i];
  const link = (key: string, title: string, model: string, from: Weights | undefined): Link => ({
    key: `${key} ${name}`,
    title: `${title} ${sessionName}`,
    model,
    config,
    data,
    create: (resume) =>
      createFinetuning({ device: opened.device, data, preset, seed, student: from, resume }),
  });
  const links = [
    {
      label: 'student',
      link: link('finetune', 'fine-tuning', `student-${name}.safetensors`, student),
    },
    ...(run.options.flag('scratch')
      ? [
          {
            label: 'student from scratch',
            link: link('scratch', 'from scratch', `scratch-${name}.safetensors`, undefined),
          },
        ]
      : []),
  ];
  const models: { readonly label: string; readonly key: string; readonly weights: Weights }[] = [];
  for (const { label, link: one } of links) {
    const weights = await trained(run, one);
    if (!weights) return false;
    models.push({ label, key: one.key, weights });
  }
  const results = await folder.readResults();
  if (results.some((result) => result.sessionId === sessionId)) return true;
  const [split] = data.splits;
  const segment = { frames: preset.segmentFrames, batch: preset.finetune.batch };
  const evaluations = [];
  for (const { label, key, weights } of models) {
    const { best, steps, seconds } = run.record.finished[key];
    evaluations.push({
      ...sessionFacts(features[i], split),
      model: label,
      score: await scoreNetwork(opened, config, weights, data, 0, segment),
      seed,
      adapter: opened.name,
      settings: {
        ...settingsRecord(preset),
        steps,
        bestEpoch: best?.epoch ?? 0,
        seconds: Math.round(seconds),
      },
    });
  }
  evaluations.push(scoreRidge(features[i], split, RIDGE_LAG_FRAMES, terminal));
  await folder.writeResults([...results, { sessionId, sessionName, evaluations }]);
  return true;
}

/** The stage's best weights, from the folder when it is finished; undefined when interrupted. */
async function trained(run: Run, link: Link): Promise<Weights | undefined> {
  const { folder, terminal, interruption, record } = run;
  const finished = record.finished[link.key];
  if (finished) {
    terminal.note(`${link.title}: finished before`);
    return readModelFile(await readBytes(folder.file(finished.model))).weights;
  }
  if (interruption.exitCode !== undefined) return undefined;
  const driven = await driveStage({
    title: link.title,
    create: link.create,
    checkpoints: folder.checkpoints(link.key),
    interruption,
    terminal,
  });
  if (!driven) return undefined;
  const { outcome, record: stageRecord, seconds } = driven;
  const { weights, steps, stopped, best } = outcome;
  await replaceFile(
    folder.file(link.model),
    writeModelFile(link.config, weights, origin(run, link)),
  );
  await folder.addHistory(link.key, {
    steps: stageRecord.steps,
    validations: stageRecord.validations,
  });
  const summary: FinishedStage = { model: link.model, steps, stopped, best, seconds };
  run.record = { ...record, finished: { ...record.finished, [link.key]: summary } };
  await folder.writeRun(run.record);
  await folder.slots(link.key).remove();
  const epoch = best ? `, best epoch ${best.epoch}` : '';
  terminal.note(
    `${link.title}: ${stopped} after ${steps} steps in ${formatTime(seconds)}${epoch}; ${folder.file(link.model)}`,
  );
  return weights;
}

function origin(run: Run, { key, data }: Link): Record<string, string> {
  const { preset, seed, opened, options } = run;
  return modelMetadata({ stage: key, preset, seed, adapter: opened.name, options, data });
}

async function givenModel(
  path: string | undefined,
  expected: ModelConfig,
): Promise<Weights | undefined> {
  if (!path) return undefined;
  const { config, weights } = readModelFile(await readBytes(path));
  for (const [name, size] of Object.entries(expected) as [keyof ModelConfig, number | boolean][]) {
    // A teacher's file has no readout, and so no number of outputs of its own.
    if (config[name] === size || (name === 'outputCount' && !weights.has('out_proj.weight')))
      continue;
    throw new Error(
      `[train] expected ${name} ${size} for these recordings and settings, got ${config[name]} in "${path}": choose the model's own sizes`,
    );
  }
  return weights;
}

/** Models of one session still have the widest session's channels. */
function dataOfSession(data: TrainingData, i: number): TrainingData {
  return {
    ...data,
    sessions: [data.sessions[i]],
    normalisations: [data.normalisations[i]],
    splits: [data.splits[i]],
  };
}

/** File names of the sessions, numbered where they repeat. */
function uniqueNames(features: readonly Features[]): string[] {
  const names = features.map(({ sessionName }) => fileNameOf(sessionName));
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before + 1}`;
  });
}
