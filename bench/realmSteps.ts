// Training steps of REALM's own networks: the student on the behaviour, the teacher on masked LFP.

import { Graph, type Precision } from '../src/autograd/graph';
import { ParameterSet } from '../src/autograd/parameterSet';
import type { Tensor } from '../src/autograd/tensor';
import { gaussian, PURPOSE } from '../src/base/rng';
import type { GpuDevice } from '../src/gpu/device';
import { checkConfig, type ModelConfig } from '../src/model/config';
import { encode } from '../src/model/encoder';
import {
  decoderParameters,
  initialWeights,
  type ModelParameter,
  withDecayOf,
} from '../src/model/parameters';
import { readout } from '../src/model/readout';
import { reconstruct, teacherParameters } from '../src/model/teacher';
import { weightedMse } from '../src/ops/losses';
import { plainRecording } from '../src/train/plainRecording.test-support';
import { SegmentSource } from '../src/train/segmentSource';
import { presetOf } from '../src/train/settings';
import { Trainer } from '../src/train/trainer';
import type { TrainingData } from '../src/train/trainingData';

export interface RealmStep {
  readonly network: 'student' | 'teacher';
  readonly config: ModelConfig;
  /** Segments per replay. */
  readonly batch: number;
  readonly frames: number;
  readonly microBatches: number;
  readonly recompute: boolean;
  /** Default f32. */
  readonly precision?: Precision;
}

export interface RunningStep {
  readonly trainer: Trainer;
  /** One optimiser step; resolves when the GPU has finished it. */
  step(): Promise<void>;
  destroy(): void;
}

const DROPOUT = 0.1;

/** A preset's network for 96 channels and two behaviour columns, as `noiseOf` has. */
export function configOfPreset(id: string, network: 'student' | 'teacher'): ModelConfig {
  return checkConfig({ ...presetOf(id)[network], channelCount: 96, bandCount: 1, outputCount: 2 });
}

/** One session of noise as it is. */
function noiseOf(frameCount: number): TrainingData {
  const features = plainRecording(frameCount, (i) => gaussian(2, PURPOSE.test, 0, i));
  const { channelCount, bandCount } = features;
  const sizes = { channelCount, bandCount, outputCount: 2 };
  return { sessions: [features], normalisations: [], splits: [], ...sizes };
}

export async function startRealmStep(gpu: GpuDevice, one: RealmStep): Promise<RunningStep> {
  const { config, batch, frames, microBatches, recompute } = one;
  const isStudent = one.network === 'student';
  const specs: ModelParameter[] = withDecayOf(
    isStudent ? decoderParameters(config) : teacherParameters(config),
    'realm',
  );
  const parameters = new ParameterSet(gpu, specs, () => true, one.precision);
  parameters.load(initialWeights(specs, 3, 'realm'));
  const graph = new Graph(one.precision);
  const read = parameters.reader(graph);
  const data = noiseOf(batch * frames);
  const source = new SegmentSource({ device: gpu, data, batch, frames });
  const taken = source.take(graph, !isStudent);
  const { lfp, channelMask } = taken;
  const regularisation = { dropout: DROPOUT, dropPath: isStudent ? 0 : DROPOUT };
  const options = { regularisation, recompute };
  const studentLoss = (): Tensor => {
    const { hidden } = encode(lfp, channelMask, read, config, options);
    const ones = graph.constant('ones', [batch, 1], new Float32Array(batch).fill(1));
    const prediction = readout(hidden, lfp, read);
    return weightedMse(prediction, taken.behaviour, taken.behaviourWeight, ones);
  };
  const teacherLoss = (): Tensor => {
    const frame = reconstruct(lfp, channelMask, taken.chosenFrames, read, config, options);
    return weightedMse(frame, lfp, taken.chosenFrames, channelMask);
  };
  const loss = isStudent ? studentLoss() : teacherLoss();
  const trainer = await Trainer.create({
    device: gpu,
    graph,
    losses: [{ name: 'loss', tensor: loss }],
    sets: [{ parameters, weightDecay: 1e-5, clipNorm: 1 }],
    microBatches,
  });
  const segments = Array.from({ length: batch }, (_, b) => ({
    session: 0,
    startFrame: b * frames,
  }));
  const masked = Float32Array.from({ length: frames }, (_, t) => Number(t % 5 < 3));
  source.write(trainer.plan, taken, segments, isStudent ? undefined : () => masked);
  let count = 0;
  return {
    trainer,
    async step() {
      await trainer.step({ seed: 1, step: count++, learningRate: 1e-4, write: () => {} });
      await gpu.guard(gpu.device.queue.onSubmittedWorkDone());
    },
    destroy() {
      trainer.destroy();
      parameters.destroy();
      source.destroy();
    },
  };
}

export interface DispatchCounts {
  readonly total: number;
  readonly perLayer: number;
  readonly outsideLayers: number;
}

/** Dispatches of one step at batch 2, T 500 without micro-batches: per layer from the difference that one more layer makes. */
export async function countDispatches(
  gpu: GpuDevice,
  network: RealmStep['network'],
  config: ModelConfig,
): Promise<DispatchCounts> {
  const totalOf = async (layerCount: number): Promise<number> => {
    const made = await startRealmStep(gpu, {
      network,
      config: { ...config, layerCount },
      batch: 2,
      frames: 500,
      microBatches: 1,
      recompute: false,
    });
    const { dispatches } = made.trainer.plan.counts;
    made.destroy();
    return dispatches;
  };
  const [two, three] = [await totalOf(2), await totalOf(3)];
  const perLayer = three - two;
  const outsideLayers = two - 2 * perLayer;
  return { total: outsideLayers + config.layerCount * perLayer, perLayer, outsideLayers };
}
