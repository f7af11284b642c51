// The three stages at paper scale, as the presets of that scale train them: made but not run, their memory and their
// heaviest dispatch stay within bounds.

import { beforeAll, expect, test, vi } from 'vitest';
import { Graph } from '../src/autograd/graph';
import type { Tensor } from '../src/autograd/tensor';
import { contiguousSplit } from '../src/data/splits';
import type { GpuDevice } from '../src/gpu/device';
import { testDevice } from '../src/gpu/testDevice';
import { initialWeights } from '../src/model/parameters';
import { teacherParameters } from '../src/model/teacher';
import { matmul } from '../src/ops/matmul';
import { ssd } from '../src/ops/ssd';
import { createDistillation } from '../src/train/distil';
import { createFinetuning } from '../src/train/finetune';
import { plainRecording } from '../src/train/plainRecording.test-support';
import { createPretraining } from '../src/train/pretrain';
import { MOST_RESIDENT_BYTES } from '../src/train/recordingRows';
import { type Preset, presetOf } from '../src/train/settings';
import type { TrainingStage } from '../src/train/stage';
import { configFor, prepareData } from '../src/train/trainingData';
import { counting, installCounters, newHeld } from './counters';
import { heaviestDispatches } from './flops';

/** Every graph that the product makes a plan of. */
const graphs = vi.hoisted((): Graph[] => []);
vi.mock('../src/autograd/plan', async (original) => {
  const real = await original<typeof import('../src/autograd/plan')>();
  const compile: typeof real.compile = (graph, ...rest) => {
    graphs.push(graph);
    return real.compile(graph, ...rest);
  };
  return { ...real, compile };
});

const MOST_BYTES = 2 ** 30;
/** A slow integrated GPU takes a tenth of a second for it: far from any watchdog. */
const MOST_FLOPS = 2e9;

const features = plainRecording(10_000);
const data = prepareData([features], [contiguousSplit(features)]);

let gpu: GpuDevice;

beforeAll(async () => {
  gpu = await testDevice();
  installCounters(gpu.device);
});

const STAGES = {
  teacher: (preset: Preset) => createPretraining({ device: gpu, data, preset, seed: 1 }),
  distillation: (preset: Preset) => {
    const specs = teacherParameters(configFor(preset.teacher, data));
    return createDistillation({
      device: gpu,
      data,
      preset,
      seed: 1,
      teacher: initialWeights(specs, 1),
    });
  },
  'fine-tuning': (preset: Preset) => createFinetuning({ device: gpu, data, preset, seed: 1 }),
};

/** Bytes of every buffer of the stage, validation included, and its dispatches, the heaviest first. */
async function make(create: (preset: Preset) => Promise<TrainingStage>, preset: Preset) {
  graphs.length = 0;
  const held = newHeld();
  const [stage] = await counting(held, () => create(preset));
  stage.destroy();
  const all = graphs.flatMap((graph) => heaviestDispatches(graph, gpu.subgroupSize));
  return { bytes: held.peakBytes, heaviest: all.sort((a, b) => b.flops - a.flops) };
}

test.each(Object.entries(STAGES))('%s', async (name, create) => {
  const { bytes, heaviest } = await make(create, presetOf('realm-v2'));
  const [first] = heaviest;
  console.log(
    `[paper scale] ${name}: ${(bytes / 2 ** 20).toFixed(1)} MiB, heaviest of ${heaviest.length} dispatches ${first.kernel} with ${(first.flops / 1e9).toFixed(2)} GFLOP`,
  );
  // With the longest recordings that are kept on the device, too.
  expect(bytes + MOST_RESIDENT_BYTES).toBeLessThanOrEqual(MOST_BYTES);
  expect(first.flops).toBeLessThanOrEqual(MOST_FLOPS);
});

test('control: the same batch at once takes too much memory', async () => {
  const preset = presetOf('realm-v2');
  const { batch, microBatches } = preset.pretrain;
  // Eight segments or more, as the paper's batch; each keeps what the backward pass needs.
  expect(batch * microBatches).toBeGreaterThanOrEqual(8);
  const whole = { ...preset.pretrain, batch: 8, microBatches: 1, recompute: false };
  const { bytes } = await make(STAGES.teacher, { ...preset, pretrain: whole });
  expect(bytes).toBeGreaterThan(MOST_BYTES);
});

test('control: a state-space layer over many sequences does too much at once, a product never', () => {
  const flopsOf = (build: (graph: Graph) => Tensor): number => {
    const graph = new Graph();
    graph.output(build(graph));
    return heaviestDispatches(graph, gpu.subgroupSize)[0].flops;
  };
  const [sequences, frames, heads, headDim, stateDim] = [32, 1000, 8, 64, 64];
  const layer = (graph: Graph): Tensor =>
    ssd({
      x: graph.input('x', [sequences, frames, heads, headDim]),
      dt: graph.input('dt', [sequences, frames, heads]),
      aLog: graph.input('aLog', [heads]),
      bc: graph.input('bc', [sequences, frames, 2 * stateDim]),
      d: graph.input('d', [heads]),
      inputScale: 'one',
    }).y;
  expect(flopsOf(layer)).toBeGreaterThan(MOST_FLOPS);
  const width = heads * headDim;
  const product = (graph: Graph): Tensor =>
    matmul(graph.input('a', [sequences * frames, width]), graph.input('b', [width, width]));
  expect(2 * sequences * frames * width ** 2).toBeGreaterThan(8 * MOST_FLOPS);
  expect(flopsOf(product)).toBeLessThanOrEqual(MOST_FLOPS);
});
