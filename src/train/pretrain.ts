// Stage 1: the teacher learns to reconstruct masked LFP (REALM, section 1.4).

import { Graph } from '../autograd/graph';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { compile, type Plan } from '../autograd/plan';
import type { Device } from '../autograd/store';
import type { Segment } from '../data/segments';
import { checkConfig, lfpColumns } from '../model/config';
import { initialWeights, withDecayOf } from '../model/parameters';
import { reconstruct, teacherParameters } from '../model/teacher';
import { augment } from '../ops/augment';
import { weightedMse } from '../ops/losses';
import type { ReconstructionPicture } from './events';
import { blockMask } from './masks';
import { type SegmentBatch, SegmentSource } from './segmentSource';
import type { Preset } from './settings';
import type { Snapshot } from './snapshot';
import { TrainingStage } from './stage';
import { Trainer } from './trainer';
import { batchOf, configFor, groups, type TrainingData, trainingSegments } from './trainingData';

export interface PretrainOptions {
  readonly device: Device;
  readonly data: TrainingData;
  readonly preset: Preset;
  readonly seed: number;
  readonly resume?: Snapshot;
  /** Start from these instead of random weights. */
  readonly weights?: Weights;
  /** See SegmentSourceOptions. */
  readonly mostResidentBytes?: number;
}

/** Builds the stage; nothing runs until its events are pulled. */
export async function createPretraining(options: PretrainOptions): Promise<TrainingStage> {
  const { device, data, preset, seed, mostResidentBytes } = options;
  const settings = preset.pretrain;
  const { batch } = settings;
  const frames = preset.segmentFrames;
  const config = checkConfig(configFor(preset.teacher, data));
  const specs = withDecayOf(teacherParameters(config), preset.ssmInit);
  const parameters = new ParameterSet(device, specs, () => true, settings.precision);
  parameters.load(options.weights ?? initialWeights(specs, seed, preset.ssmInit));

  const source = new SegmentSource({ device, data, batch, frames, mostResidentBytes });
  const graph = new Graph(settings.precision);
  const taken = source.take(graph, true);
  const { channelDropout, gain, noise, maskFraction, maskBlockFrames } = settings;
  const augmented = augment(taken.lfp, {
    bandCount: config.bandCount,
    channelDropout,
    gain,
    noise,
  });
  const trained = reconstruct(
    augmented,
    taken.channelMask,
    taken.chosenFrames,
    parameters.reader(graph),
    config,
    {
      regularisation: { dropout: settings.dropout, dropPath: settings.dropPath },
      recompute: settings.recompute,
    },
  );
  const loss = weightedMse(trained, taken.lfp, taken.chosenFrames, taken.channelMask);

  const heldOut = new Graph();
  const heldOutTaken = source.take(heldOut, true);
  const reconstruction = heldOut.output(
    reconstruct(
      heldOutTaken.lfp,
      heldOutTaken.channelMask,
      heldOutTaken.chosenFrames,
      parameters.reader(heldOut),
      config,
    ),
  );
  const heldOutLoss = heldOut.output(
    weightedMse(
      reconstruction,
      heldOutTaken.lfp,
      heldOutTaken.chosenFrames,
      heldOutTaken.channelMask,
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
  /** 1 = masked. */
  const maskOf = (draw: number, b: number): Float32Array =>
    blockMask(frames, maskedFrames, maskBlockFrames, seed, draw * batch + b);
  const write = (plan: Plan, to: SegmentBatch, segments: readonly Segment[], draw: number): void =>
    source.write(plan, to, segments, (b) => maskOf(draw, b));

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
      write: (segments, draw) => write(trainer.plan, taken, segments, draw),
      async validate() {
        let maskedLoss = 0;
        for (const [i, group] of groups(validation, batch).entries()) {
          write(evaluation, heldOutTaken, group, heldOutDraw(i));
          evaluation.run();
          const [value] = await evaluation.read(heldOutLoss);
          maskedLoss += (value * group.length) / validation.length;
        }
        return { values: { maskedLoss }, score: -maskedLoss };
      },
      async picture(): Promise<ReconstructionPicture> {
        const [segment] = validation;
        write(evaluation, heldOutTaken, [segment], heldOutDraw(0));
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
          mask: maskOf(heldOutDraw(0), 0),
        };
      },
      destroy() {
        trainer.destroy();
        evaluation.destroy();
        parameters.destroy();
        source.destroy();
      },
    },
    options.resume,
  );
}
