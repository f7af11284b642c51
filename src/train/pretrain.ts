// Stage 1: the teacher learns to reconstruct masked LFP (REALM, section 1.4).

import { Graph } from '../autograd/graph';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { compile } from '../autograd/plan';
import type { Device } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import type { Segment } from '../data/segments';
import { checkConfig, lfpColumns, type ModelConfig } from '../model/config';
import { initialWeights, withDecayOf } from '../model/parameters';
import { reconstruct, teacherParameters } from '../model/teacher';
import { augment } from '../ops/augment';
import { weightedMse } from '../ops/losses';
import type { ReconstructionPicture } from './events';
import { blockMask } from './masks';
import type { Preset } from './settings';
import type { Snapshot } from './snapshot';
import { TrainingStage } from './stage';
import { Trainer } from './trainer';
import {
  batchOf,
  columnWeights,
  configFor,
  groups,
  type TrainingData,
  trainingSegments,
} from './trainingData';

export interface PretrainOptions {
  readonly device: Device;
  readonly data: TrainingData;
  readonly preset: Preset;
  readonly seed: number;
  readonly resume?: Snapshot;
  /** Start from these instead of random weights. */
  readonly weights?: Weights;
}

interface Inputs {
  readonly lfp: Tensor;
  readonly channelMask: Tensor;
  readonly tokenMask: Tensor;
  readonly columnWeight: Tensor;
}

function inputsOf(graph: Graph, config: ModelConfig, batch: number, frames: number): Inputs {
  return {
    lfp: graph.input('lfp', [batch, frames, lfpColumns(config)]),
    channelMask: graph.input('channel_mask', [batch, config.channelCount]),
    tokenMask: graph.input('token_mask', [batch, frames]),
    columnWeight: graph.input('column_weight', [batch, lfpColumns(config)]),
  };
}

/** Builds the stage; nothing runs until its events are pulled. */
export async function createPretraining(options: PretrainOptions): Promise<TrainingStage> {
  const { device, data, preset, seed } = options;
  const settings = preset.pretrain;
  const { batch } = settings;
  const frames = preset.segmentFrames;
  const config = checkConfig(configFor(preset.teacher, data));
  const specs = withDecayOf(teacherParameters(config), preset.ssmInit);
  const parameters = new ParameterSet(device, specs, () => true, settings.precision);
  parameters.load(options.weights ?? initialWeights(specs, seed, preset.ssmInit));

  const graph = new Graph(settings.precision);
  const inputs = inputsOf(graph, config, batch, frames);
  const { channelDropout, gain, noise, maskFraction, maskBlockFrames } = settings;
  const augmented = augment(inputs.lfp, {
    bandCount: config.bandCount,
    channelDropout,
    gain,
    noise,
  });
  const trained = reconstruct(
    augmented,
    inputs.channelMask,
    inputs.tokenMask,
    parameters.reader(graph),
    config,
    {
      regularisation: { dropout: settings.dropout, dropPath: settings.dropPath },
      recompute: settings.recompute,
    },
  );
  const loss = weightedMse(trained, inputs.lfp, inputs.tokenMask, inputs.columnWeight);

  const heldOut = new Graph();
  const heldOutInputs = inputsOf(heldOut, config, batch, frames);
  const reconstruction = heldOut.output(
    reconstruct(
      heldOutInputs.lfp,
      heldOutInputs.channelMask,
      heldOutInputs.tokenMask,
      parameters.reader(heldOut),
      config,
    ),
  );
  const heldOutLoss = heldOut.output(
    weightedMse(
      reconstruction,
      heldOutInputs.lfp,
      heldOutInputs.tokenMask,
      heldOutInputs.columnWeight,
    ),
  );
  const [trainer, evaluation] = await Promise.all([
    Trainer.create({
      device,
      graph,
      losses: [{ name: 'loss', tensor: loss }],
      sets: [{ parameters, weightDecay: settings.weightDecay, clipNorm: settings.clipNorm }],
      microBatches: settings.microBatches,
    }),
    compile(heldOut, device),
  ]);

  const maskedFrames = Math.round(maskFraction * frames);
  const write = (
    plan: typeof evaluation,
    to: Inputs,
    segments: readonly Segment[],
    draw: number,
  ): Float32Array => {
    const filled = batchOf(data, segments, frames, batch);
    const mask = new Float32Array(batch * frames);
    segments.forEach((_, b) => {
      mask.set(
        blockMask(frames, maskedFrames, maskBlockFrames, seed, draw * batch + b),
        b * frames,
      );
    });
    plan.write(to.lfp, filled.lfp);
    plan.write(to.channelMask, filled.channelMask);
    plan.write(to.tokenMask, mask);
    plan.write(to.columnWeight, columnWeights(filled.channelMask, config.bandCount));
    return mask;
  };

  const { train, validation } = trainingSegments(data, frames, Math.ceil(frames / 2));
  // The same masks at every epoch, far from the counters of training, so that epochs compare.
  const heldOutDraw = (group: number): number => 0x40000000 + group;
  return new TrainingStage(
    {
      stage: 'teacher',
      settings,
      seed,
      segmentFrames: frames,
      segments: train,
      trainer,
      sets: [parameters],
      write: (segments, draw) => write(trainer.plan, inputs, segments, draw),
      async validate() {
        let maskedLoss = 0;
        for (const [i, group] of groups(validation, batch).entries()) {
          write(evaluation, heldOutInputs, group, heldOutDraw(i));
          evaluation.run();
          const [value] = await evaluation.read(heldOutLoss);
          maskedLoss += (value * group.length) / validation.length;
        }
        return { values: { maskedLoss }, score: -maskedLoss };
      },
      async picture(): Promise<ReconstructionPicture> {
        const [segment] = validation;
        const mask = write(evaluation, heldOutInputs, [segment], heldOutDraw(0));
        evaluation.run();
        const columns = lfpColumns(config);
        const size = frames * columns;
        const input = batchOf(data, [segment], frames, 1).lfp;
        return {
          frames,
          columns,
          frameRateHz: data.sessions[segment.session].frameRateHz,
          input,
          reconstruction: (await evaluation.read(reconstruction)).slice(0, size),
          mask: mask.slice(0, frames),
        };
      },
      destroy() {
        trainer.destroy();
        evaluation.destroy();
        parameters.destroy();
      },
    },
    options.resume,
  );
}
