// Stage 3: the student is fine-tuned on one session's behaviour; the best epoch is chosen on the validation fold
// (REALM, section 1.6).

import { Graph } from '../autograd/graph';
import { ParameterSet, type Weights } from '../autograd/parameterSet';
import { compile } from '../autograd/plan';
import type { Device } from '../autograd/store';
import { scorePredictions } from '../evaluate/metrics';
import { checkConfig } from '../model/config';
import { encode } from '../model/encoder';
import { decoderParameters, initialWeights, withDecayOf } from '../model/parameters';
import { readout } from '../model/readout';
import { isTokenizer } from '../model/student';
import { weightedMse } from '../ops/losses';
import { predictWith, type SegmentDecoder } from './predict';
import { SegmentSource } from './segmentSource';
import type { Preset } from './settings';
import type { Snapshot } from './snapshot';
import { TrainingStage } from './stage';
import { Trainer } from './trainer';
import { configFor, type TrainingData, trainingSegments } from './trainingData';

export interface FinetuneOptions {
  readonly device: Device;
  /** The sessions to fine-tune on together; usually one. Each needs behaviour. */
  readonly data: TrainingData;
  readonly preset: Preset;
  readonly seed: number;
  /** The distilled student; absent: random weights, which is the student trained from scratch. */
  readonly student?: Weights;
  readonly resume?: Snapshot;
  /** See SegmentSourceOptions. */
  readonly mostResidentBytes?: number;
}

/** Builds the stage; nothing runs until its events are pulled. */
export async function createFinetuning(options: FinetuneOptions): Promise<TrainingStage> {
  const { device, data, preset, seed, mostResidentBytes } = options;
  const settings = preset.finetune;
  const { batch } = settings;
  const frames = preset.segmentFrames;
  for (const { behaviour, sessionName } of data.sessions) {
    if (!behaviour) {
      throw new Error(
        `[finetune] expected behaviour in every session, got none in "${sessionName}": choose a behaviour series or leave the session out`,
      );
    }
  }
  const config = checkConfig(configFor(preset.student, data));
  const specs = withDecayOf(decoderParameters(config), preset.ssmInit);
  const freezeSkip = settings.rawSkip === 'zero';
  const freezeTokenizer = settings.freezeTokenizer && options.student !== undefined;
  const parameters = new ParameterSet(
    device,
    specs,
    (name) => !(freezeTokenizer && isTokenizer(name)) && !(freezeSkip && name.startsWith('skip.')),
    settings.precision,
  );
  const weights = initialWeights(specs, seed, preset.ssmInit);
  for (const [name, values] of options.student ?? []) {
    const isFresh = settings.freshReadout && name.startsWith('out_proj.');
    if (weights.has(name) && !isFresh) weights.set(name, values);
  }
  if (freezeSkip) {
    for (const name of ['skip.weight', 'skip.bias']) weights.get(name)?.fill(0);
  }
  parameters.load(weights);

  const source = new SegmentSource({ device, data, batch, frames, mostResidentBytes });
  const graph = new Graph(settings.precision);
  const read = parameters.reader(graph);
  const taken = source.take(graph, false);
  const { lfp, channelMask } = taken;
  const ones = graph.constant('output_weight', [batch, 1], new Float32Array(batch).fill(1));
  const { hidden } = encode(lfp, channelMask, read, config, {
    regularisation: { dropout: settings.dropout, dropPath: settings.dropPath },
    recompute: settings.recompute,
  });
  const loss = weightedMse(
    readout(hidden, lfp, read),
    taken.behaviour,
    taken.behaviourWeight,
    ones,
  );

  const heldOut = new Graph();
  const held = source.take(heldOut, false);
  const readHeld = parameters.reader(heldOut);
  const encoded = encode(held.lfp, held.channelMask, readHeld, config);
  const prediction = heldOut.output(readout(encoded.hidden, held.lfp, readHeld));

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
  const decoder: SegmentDecoder = {
    batch,
    frames,
    predict(segments) {
      source.write(evaluation, held, segments);
      evaluation.run();
      return evaluation.read(prediction);
    },
  };
  const { train } = trainingSegments(data, frames, Math.ceil(frames / 2));
  return new TrainingStage(
    {
      stage: 'finetune',
      settings,
      seed,
      segmentFrames: frames,
      segments: train,
      trainer,
      sets: [parameters],
      write: (segments) => source.write(trainer.plan, taken, segments),
      async validate() {
        let meanR2 = 0;
        for (const [session, { validation }] of data.splits.entries()) {
          const { behaviourNames, behaviourUnits } = data.sessions[session];
          const fold = await predictWith(decoder, data, session, validation);
          const score = scorePredictions(
            fold.prediction,
            fold.target,
            behaviourNames,
            behaviourUnits,
          );
          meanR2 += (score.meanR2 ?? 0) / data.sessions.length;
        }
        return { values: { meanR2 }, score: meanR2 };
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
