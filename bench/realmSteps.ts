// Training steps of REALM's own networks: the student on the behaviour, the teacher on masked LFP.

import { Graph, type Precision } from '../src/autograd/graph';
import { ParameterSet } from '../src/autograd/parameterSet';
import type { Tensor } from '../src/autograd/tensor';
import { gaussian, PURPOSE } from '../src/base/rng';
import type { GpuDevice } from '../src/gpu/device';
import { checkConfig, lfpColumns, type ModelConfig } from '../src/model/config';
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
import { presetOf } from '../src/train/settings';
import { Trainer } from '../src/train/trainer';

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

/** A preset's network for 96 channels and two behaviour columns. */
export function configOfPreset(id: string, network: 'student' | 'teacher'): ModelConfig {
  return checkConfig({ ...presetOf(id)[network], channelCount: 96, bandCount: 1, outputCount: 2 });
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
  const columns = lfpColumns(config);
  const lfp = graph.input('lfp', [batch, frames, columns]);
  const ones = (shape: readonly number[]): Tensor =>
    graph.constant('ones', shape, new Float32Array(shape[0] * shape[1]).fill(1));
  const channelMask = ones([batch, config.channelCount]);
  const regularisation = { dropout: DROPOUT, dropPath: isStudent ? 0 : DROPOUT };
  const options = { regularisation, recompute };
  const inputs = [lfp];
  const studentLoss = (): Tensor => {
    const target = graph.input('behaviour', [batch, frames, config.outputCount]);
    inputs.push(target);
    const { hidden } = encode(lfp, channelMask, read, config, options);
    const weights = [ones([batch, frames]), ones([batch, config.outputCount])] as const;
    return weightedMse(readout(hidden, lfp, read), target, ...weights);
  };
  const teacherLoss = (): Tensor => {
    const masked = Float32Array.from({ length: batch * frames }, (_, i) => Number(i % 5 < 3));
    const tokenMask = graph.constant('token_mask', [batch, frames], masked);
    const frame = reconstruct(lfp, channelMask, tokenMask, read, config, options);
    return weightedMse(frame, lfp, tokenMask, ones([batch, columns]));
  };
  const loss = isStudent ? studentLoss() : teacherLoss();
  const trainer = await Trainer.create({
    device: gpu,
    graph,
    losses: [{ name: 'loss', tensor: loss }],
    sets: [{ parameters, weightDecay: 1e-5, clipNorm: 1 }],
    microBatches,
  });
  for (const input of inputs) {
    const values = Float32Array.from({ length: input.size }, (_, i) =>
      gaussian(2, PURPOSE.test, 0, i),
    );
    trainer.plan.write(input, values);
  }
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
