// The published architecture: every output and every parameter gradient of the golden vectors, on gpu and cpu, and
// the published parameter counts (REALM, sections 1.3 and 9 of its description).

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { compileGpu } from '../autograd/gpuPlan';
import { Graph } from '../autograd/graph';
import { ParameterSet } from '../autograd/parameterSet';
import { CPU, type Device } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { backward } from '../ops/backward';
import { add } from '../ops/elementwise';
import { cosineDistance, weightedMse } from '../ops/losses';
import type { ModelConfig } from './config';
import { encode } from './encoder';
import { decoderParameters, encoderParameters, publishedCount } from './parameters';
import { readout } from './readout';
import { readSafetensors } from './safetensors';

const FOLDER = new URL('../../../shared/golden/', import.meta.url);
const FILES = ['realm_causal_small', 'realm_bidirectional_small', 'realm_causal_medium'];

/** Relative to each tensor's norm; the vectors themselves are f32. */
const TOLERANCE = {
  gpu: { output: 1e-4, gradient: 1e-3 },
  cpu: { output: 1e-5, gradient: 1e-4 },
} as const;

interface Golden {
  readonly config: ModelConfig;
  readonly batch: number;
  readonly frames: number;
  values(name: string): Float32Array;
  names(prefix: string): string[];
}

function loadGolden(file: string): Golden {
  const { tensors, metadata } = readSafetensors(
    readFileSync(new URL(`${file}.safetensors`, FOLDER)),
  );
  const size = (key: string): number => Number(metadata[key]);
  return {
    config: {
      channelCount: size('n_channels'),
      bandCount: 1,
      modelDim: size('d_model'),
      layerCount: size('n_layers'),
      stateDim: size('d_state'),
      headDim: size('headdim'),
      expand: size('expand'),
      convTaps: size('d_conv'),
      channelDim: size('d_channel'),
      ecaTaps: size('eca_kernel'),
      bidirectional: /^(true|1)$/i.test(metadata.bidirectional),
      outputCount: 2,
    },
    batch: size('batch'),
    frames: size('frames'),
    values(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`expected ${name} in ${file}, got none`);
      return tensor.data;
    },
    names: (prefix) => [...tensors.keys()].filter((name) => name.startsWith(prefix)),
  };
}

/** [B, C, T] to [B, T, C]. */
function framesFirst(
  values: Float32Array,
  batch: number,
  channels: number,
  frames: number,
): Float32Array {
  const out = new Float32Array(values.length);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let t = 0; t < frames; t++)
        out[(b * frames + t) * channels + c] = values[(b * channels + c) * frames + t];
  return out;
}

/** Every output, loss and gradient by its golden name. */
async function run(golden: Golden, device: Device): Promise<Map<string, Float32Array>> {
  const { config, batch, frames } = golden;
  const set = new ParameterSet(device, decoderParameters(config), () => true);
  set.load(
    new Map(
      golden.names('param.').map((name) => [name.slice('param.'.length), golden.values(name)]),
    ),
  );
  const graph = new Graph();
  const read = set.reader(graph);
  const lfp = graph.input('lfp', [batch, frames, config.channelCount]);
  const mask = graph.input('channel_mask', [batch, config.channelCount]);
  const { tokens, layers, hidden } = encode(lfp, mask, read, config);
  const velocity = readout(hidden, lfp, read);
  const constant = (name: string, shape: number[]): Tensor =>
    graph.constant(name, shape, golden.values(name));
  const everyFrame = graph.constant('w', [batch, frames], new Float32Array(batch * frames).fill(1));
  const everyOutput = graph.constant('o', [batch, 2], new Float32Array(batch * 2).fill(1));
  const mse = weightedMse(
    velocity,
    constant('input.velocity', [batch, frames, 2]),
    everyFrame,
    everyOutput,
  );
  const target = constant('input.teacher_hidden', [batch, frames, config.modelDim]);
  const cosine = cosineDistance(hidden, target, everyFrame);
  const wanted = new Map<string, Tensor>([
    ['output.tokens', tokens],
    ...layers.map((layer, i): [string, Tensor] => [`output.layer.${i}`, layer]),
    ['output.hidden', hidden],
    ['output.velocity', velocity],
    ['loss.mse', mse],
    ['loss.one_minus_cosine', cosine],
  ]);
  const trained = set.trainedTensors(graph);
  const gradients = backward(
    add(mse, cosine),
    trained.map(({ tensor }) => tensor),
  );
  for (const tensor of [...wanted.values(), ...gradients]) graph.output(tensor!);
  const plan = device.kind === 'cpu' ? compileCpu(graph) : await compileGpu(graph, device);
  plan.write(lfp, framesFirst(golden.values('input.lfp'), batch, config.channelCount, frames));
  plan.write(mask, golden.values('input.channel_mask'));
  plan.run();
  const results = new Map<string, Float32Array>();
  for (const [name, tensor] of wanted) results.set(name, await plan.read(tensor));
  for (const [i, { names }] of trained.entries()) {
    const values = await plan.read(gradients[i]!);
    let begin = 0;
    for (const name of names) {
      const end = begin + golden.values(`grad.${name}`).length;
      results.set(`grad.${name}`, values.slice(begin, end));
      begin = end;
    }
  }
  return results;
}

function relativeError(got: Float32Array, expected: Float32Array): number {
  let error = 0;
  let norm = 0;
  expected.forEach((value, i) => {
    error += (got[i] - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(error / Math.max(norm, 1e-24));
}

describe.skipIf(!existsSync(FOLDER))('golden vectors (need ../shared/golden)', () => {
  for (const file of FILES) {
    test.each(['cpu', 'gpu'] as const)(`${file} on %s`, async (kind) => {
      const golden = loadGolden(file);
      const device = kind === 'cpu' ? CPU : await testDevice();
      const results = await run(golden, device);
      const names = [
        ...golden.names('output.'),
        ...golden.names('grad.'),
        ...golden.names('loss.'),
      ];
      let [worstOutput, worstGradient] = [0, 0];
      for (const name of names) {
        const got = results.get(name);
        if (!got) throw new Error(`expected ${name} from the model, got none`);
        const error = relativeError(got, golden.values(name));
        const isGradient = name.startsWith('grad.');
        expect(error, name).toBeLessThan(TOLERANCE[kind][isGradient ? 'gradient' : 'output']);
        if (isGradient) worstGradient = Math.max(worstGradient, error);
        else worstOutput = Math.max(worstOutput, error);
      }
      const where = device.kind === 'gpu' ? device.adapterName : 'cpu';
      console.log(
        `[golden] ${file} on ${where}: ${names.length} tensors, worst output ${worstOutput.toExponential(1)}, worst gradient ${worstGradient.toExponential(1)}`,
      );
    });
  }
});

const paper: ModelConfig = {
  channelCount: 96,
  bandCount: 1,
  modelDim: 256,
  layerCount: 10,
  stateDim: 64,
  headDim: 64,
  expand: 2,
  convTaps: 4,
  channelDim: 8,
  ecaTaps: 5,
  bidirectional: false,
  outputCount: 2,
};

// As published, the tables that no equation uses included.
test.each([
  ['student', decoderParameters, paper, { sessionRows: 200, causalProjection: true }, 4_909_273],
  [
    'teacher encoder, code version 2',
    encoderParameters,
    { ...paper, bidirectional: true },
    { sessionRows: 34, causalProjection: true },
    11_496_709,
  ],
  [
    'REALM-bi, code version 2',
    decoderParameters,
    { ...paper, bidirectional: true, layerCount: 8, expand: 1 },
    { sessionRows: 200, causalProjection: true },
    5_542_057,
  ],
  [
    'REALM-bi, code version 1',
    decoderParameters,
    { ...paper, bidirectional: true, layerCount: 8, expand: 1 },
    { sessionRows: 200, causalProjection: false },
    5_015_721,
  ],
  [
    'REALM-S',
    decoderParameters,
    { ...paper, layerCount: 8, expand: 1 },
    { sessionRows: 200, causalProjection: false },
    2_107_465,
  ],
  [
    'REALM-L',
    decoderParameters,
    { ...paper, layerCount: 22 },
    { sessionRows: 200, causalProjection: false },
    10_500_601,
  ],
] as const)('published parameter count of %s', (_, list, config, unused, expected) => {
  expect(publishedCount(list(config), config, unused)).toBe(expected);
});
