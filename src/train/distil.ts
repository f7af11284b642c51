// Stage 2: the causal student learns the frozen teacher's hidden states (REALM, section 1.5).

import { Graph } from '../autograd/graph';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { compile, type Plan } from '../autograd/plan';
import type { Device } from '../autograd/store';
import { sizeOf, type Tensor } from '../autograd/tensor';
import type { Segment } from '../data/segments';
import { checkConfig, type ModelConfig } from '../model/config';
import { encode, type Regularisation } from '../model/encoder';
import {
  decoderParameters,
  encoderParameters,
  initialWeights,
  withDecayOf,
} from '../model/parameters';
import { readout } from '../model/readout';
import {
  distillationParameters,
  isTokenizer,
  projectHidden,
  reconstructFrame,
} from '../model/student';
import { add, scale } from '../ops/elementwise';
import { cosineDistance, weightedMse } from '../ops/losses';
import { frameChoice } from './masks';
import { type SegmentBatch, SegmentSource } from './segmentSource';
import type { DistilSettings, Preset } from './settings';
import type { Snapshot } from './snapshot';
import { TrainingStage } from './stage';
import { Trainer } from './trainer';
import { configFor, groups, type TrainingData, trainingSegments } from './trainingData';

export interface DistilOptions {
  readonly device: Device;
  readonly data: TrainingData;
  readonly preset: Preset;
  readonly seed: number;
  /** The pretrained teacher, by the authors' names; the predictor's parameters are ignored. */
  readonly teacher: Weights;
  readonly resume?: Snapshot;
  /** See SegmentSourceOptions. */
  readonly mostResidentBytes?: number;
}

interface Losses {
  readonly taken: SegmentBatch;
  /** The total first. */
  readonly losses: readonly { readonly name: string; readonly tensor: Tensor }[];
}

/** Builds the stage; nothing runs until its events are pulled. */
export async function createDistillation(options: DistilOptions): Promise<TrainingStage> {
  const { device, data, preset, seed, mostResidentBytes } = options;
  const settings = preset.distil;
  const { batch, weights } = settings;
  const frames = preset.segmentFrames;
  const config = checkConfig(configFor(preset.student, data));
  const teacherConfig = checkConfig(configFor(preset.teacher, data));

  const teacherSet = new ParameterSet(
    device,
    encoderParameters(teacherConfig),
    () => false,
    settings.precision,
  );
  teacherSet.load(options.teacher);
  const specs = withDecayOf(decoderParameters(config), preset.ssmInit);
  // Without a task loss nothing reaches the final norm and the readout: they stay as they are.
  const isReadout = (name: string): boolean => /^(out_proj|skip|encoder\.out_norm)\./.test(name);
  const student = new ParameterSet(
    device,
    specs,
    (name) => weights.task > 0 || !isReadout(name),
    settings.precision,
  );
  const initial = initialWeights(specs, seed, preset.ssmInit);
  for (const { name, shape } of specs) {
    const copy = isTokenizer(name) ? options.teacher.get(name) : undefined;
    if (copy?.length === sizeOf(shape)) initial.set(name, copy);
  }
  student.load(initial);
  const headSpecs = distillationParameters(config, teacherConfig);
  const isUsed = (name: string): boolean =>
    name.startsWith('projection') ? weights.alignment > 0 : weights.reconstruction > 0;
  const heads = new ParameterSet(
    device,
    headSpecs.filter(({ name }) => isUsed(name)),
    () => true,
    settings.precision,
  );
  heads.load(initialWeights(headSpecs, seed));

  const source = new SegmentSource({ device, data, batch, frames, mostResidentBytes });
  const lossesOf = (graph: Graph, regularisation?: Regularisation): Losses =>
    buildLosses(
      graph,
      { config, teacherConfig, teacherSet, student, heads, settings, source },
      regularisation,
    );
  const graph = new Graph(settings.precision);
  const training = lossesOf(graph, { dropout: settings.dropout, dropPath: settings.dropPath });
  const heldOut = new Graph();
  const evaluated = lossesOf(heldOut);
  for (const { tensor } of evaluated.losses) heldOut.output(tensor);

  const decay = { weightDecay: settings.weightDecay };
  const hasHeads = headSpecs.some(({ name }) => isUsed(name));
  const [trainer, evaluation] = await Promise.all([
    Trainer.create({
      device,
      graph,
      losses: training.losses,
      sets: [
        { parameters: student, ...decay, clipNorm: settings.clipNorm },
        // The paper clips the student's gradient only.
        ...(hasHeads ? [{ parameters: heads, ...decay, clipNorm: Number.MAX_VALUE }] : []),
      ],
      microBatches: settings.microBatches,
    }),
    compile(heldOut, device),
  ]);

  const chosen = Math.max(1, Math.round(settings.reconstructionFraction * frames));
  const write = (plan: Plan, to: SegmentBatch, segments: readonly Segment[], draw: number): void =>
    source.write(plan, to, segments, (b) => frameChoice(frames, chosen, seed, draw * batch + b));

  const { train, validation } = trainingSegments(data, frames, frames);
  return new TrainingStage(
    {
      stage: 'student',
      settings,
      seed,
      segmentFrames: frames,
      segments: train,
      trainer,
      sets: hasHeads ? [student, heads] : [student],
      write: (segments, draw) => write(trainer.plan, training.taken, segments, draw),
      async validate() {
        const sums = new Map<string, number>(evaluated.losses.map(({ name }) => [name, 0]));
        for (const [i, group] of groups(validation, batch).entries()) {
          write(evaluation, evaluated.taken, group, 0x40000000 + i);
          evaluation.run();
          for (const { name, tensor } of evaluated.losses) {
            const [value] = await evaluation.read(tensor);
            sums.set(name, sums.get(name)! + (value * group.length) / validation.length);
          }
        }
        const values = Object.fromEntries(sums);
        return { values, score: -values.loss };
      },
      destroy() {
        trainer.destroy();
        evaluation.destroy();
        for (const made of [teacherSet, student, heads, source]) made.destroy();
      },
    },
    options.resume,
  );
}

interface Parts {
  readonly config: ModelConfig;
  readonly teacherConfig: ModelConfig;
  readonly teacherSet: ParameterSet;
  readonly student: ParameterSet;
  readonly heads: ParameterSet;
  readonly settings: DistilSettings;
  readonly source: SegmentSource;
}

/** λ_repr (1 - cos) + λ_ae MSE(g(s), lfp) over chosen frames + λ_task MSE(v, behaviour); a weight of 0 costs nothing. */
function buildLosses(
  graph: Graph,
  { config, teacherConfig, teacherSet, student, heads, settings, source }: Parts,
  regularisation: Regularisation | undefined,
): Losses {
  const { batch, weights, recompute } = settings;
  const taken = source.take(graph, true);
  const { lfp, channelMask } = taken;
  const read = student.reader(graph);
  const readHeads = heads.reader(graph);
  const { hidden } = encode(lfp, channelMask, read, config, { regularisation, recompute });
  const parts: { name: string; weight: number; tensor: Tensor }[] = [];
  if (weights.alignment > 0) {
    const target = encode(lfp, channelMask, teacherSet.reader(graph), teacherConfig).hidden;
    const own = projectHidden(hidden, readHeads, teacherConfig);
    const tensor = cosineDistance(own, target, taken.frameWeight);
    parts.push({ name: 'alignment', weight: weights.alignment, tensor });
  }
  if (weights.reconstruction > 0) {
    const frame = reconstructFrame(hidden, readHeads);
    const tensor = weightedMse(frame, lfp, taken.chosenFrames, channelMask);
    parts.push({ name: 'reconstruction', weight: weights.reconstruction, tensor });
  }
  if (weights.task > 0) {
    const behaviour = readout(hidden, lfp, read);
    const ones = graph.constant('output_weight', [batch, 1], new Float32Array(batch).fill(1));
    const tensor = weightedMse(behaviour, taken.behaviour, taken.behaviourWeight, ones);
    parts.push({ name: 'task', weight: weights.task, tensor });
  }
  const loss = parts.map(({ tensor, weight }) => scale(tensor, weight)).reduce(add);
  return { taken, losses: [{ name: 'loss', tensor: loss }, ...parts] };
}
