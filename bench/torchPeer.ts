// The paper-scale student as PyTorch gets it: weights, inputs and our own loss in one file; and what it answers.

import { Graph } from '../src/autograd/graph';
import { ParameterSet } from '../src/autograd/parameterSet';
import { compile } from '../src/autograd/plan';
import { gaussian, PURPOSE } from '../src/base/rng';
import type { GpuDevice } from '../src/gpu/device';
import { encode } from '../src/model/encoder';
import { decoderParameters, initialWeights } from '../src/model/parameters';
import { readout } from '../src/model/readout';
import { type StoredTensor, writeSafetensors } from '../src/model/safetensors';
import { weightedMse } from '../src/ops/losses';
import { configOfPreset } from './realmSteps';

export interface TorchRow {
  readonly mode: 'eager' | 'torch.compile';
  /** Its version. */
  readonly torch: string;
  readonly device: string;
  readonly threads: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Runs the step of torchStudent.py on the file's student; no rows where there is no PyTorch. */
export type RunTorch = (file: Uint8Array, log: (line: string) => void) => Promise<TorchRow[]>;

const BATCH = 2;
const FRAMES = 500;

/** Safetensors under the names of torchStudent.py, our loss without dropout among them. */
export async function studentFile(gpu: GpuDevice): Promise<Uint8Array> {
  const config = configOfPreset('realm-v2', 'student');
  const { channelCount, outputCount } = config;
  const specs = decoderParameters(config);
  const weights = initialWeights(specs, 3, 'realm');
  const parameters = new ParameterSet(gpu, specs, () => false);
  parameters.load(weights);
  const draws = (size: number, salt: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => gaussian(2, PURPOSE.test, salt, i));
  const lfpValues = draws(BATCH * FRAMES * channelCount, 0);
  const targets = draws(BATCH * FRAMES * outputCount, 1);
  const graph = new Graph();
  const read = parameters.reader(graph);
  const constant = (shape: readonly [number, number, ...number[]], values?: Float32Array) =>
    graph.constant('fixed', shape, values ?? new Float32Array(shape[0] * shape[1]).fill(1));
  const lfp = constant([BATCH, FRAMES, channelCount], lfpValues);
  const { hidden } = encode(lfp, constant([BATCH, channelCount]), read, config);
  const loss = weightedMse(
    readout(hidden, lfp, read),
    constant([BATCH, FRAMES, outputCount], targets),
    constant([BATCH, FRAMES]),
    constant([BATCH, outputCount]),
  );
  graph.output(loss);
  const plan = await compile(graph, gpu);
  plan.run();
  const lossValue = await plan.read(loss);
  plan.destroy();
  parameters.destroy();
  const tensors = new Map<string, StoredTensor>([
    ['input.lfp', { shape: [BATCH, channelCount, FRAMES], data: columnsFirst(lfpValues, FRAMES) }],
    [
      'input.channel_mask',
      { shape: [BATCH, channelCount], data: new Float32Array(BATCH * channelCount).fill(1) },
    ],
    ['input.velocity', { shape: [BATCH, FRAMES, outputCount], data: targets }],
    ['loss.mse', { shape: [1], data: lossValue }],
    ...specs.map(({ name, shape }): [string, StoredTensor] => [
      `param.${name}`,
      { shape: [...shape], data: weights.get(name)! },
    ]),
  ]);
  return writeSafetensors(tensors, {
    n_channels: String(channelCount),
    d_model: String(config.modelDim),
    n_layers: String(config.layerCount),
    d_state: String(config.stateDim),
    headdim: String(config.headDim),
    d_conv: String(config.convTaps),
    expand: String(config.expand),
    d_channel: String(config.channelDim),
    eca_kernel: String(config.ecaTaps),
  });
}

/** [B, T, C] to [B, C, T]. */
function columnsFirst(values: Float32Array, frames: number): Float32Array {
  const columns = values.length / BATCH / frames;
  return values.map((_, i) => {
    const [row, t] = [Math.floor(i / frames), i % frames];
    const [b, c] = [Math.floor(row / columns), row % columns];
    return values[(b * frames + t) * columns + c];
  });
}
