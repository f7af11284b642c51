// Exact bytes that a steady step of each stage writes to the device, at the batches of the presets. The networks are small:
// what is written does not depend on them.

import { beforeAll, expect, test } from 'vitest';
import { contiguousSplit } from '../src/data/splits';
import type { GpuDevice } from '../src/gpu/device';
import { testDevice } from '../src/gpu/testDevice';
import { initialWeights } from '../src/model/parameters';
import { teacherParameters } from '../src/model/teacher';
import { createDistillation } from '../src/train/distil';
import { createFinetuning } from '../src/train/finetune';
import { plainRecording } from '../src/train/plainRecording.test-support';
import { createPretraining } from '../src/train/pretrain';
import { type Preset, presetOf } from '../src/train/settings';
import { configFor, prepareData, type TrainingData } from '../src/train/trainingData';
import { counting, installCounters, newHeld } from './counters';

/** Four steps of 32 segments of 500 frames in the training fold. */
const frameCount = 100_000;

let gpu: GpuDevice;
let data: TrainingData;

beforeAll(async () => {
  gpu = await testDevice();
  installCounters(gpu.device);
  const features = plainRecording(frameCount, (i) => i % 101);
  data = prepareData([features], [contiguousSplit(features)]);
});

function smallOf(id: string): Preset {
  const preset = presetOf(id);
  const size = { modelDim: 16, layerCount: 1, stateDim: 8, headDim: 8, channelDim: 1 };
  return {
    ...preset,
    teacher: { ...preset.teacher, ...size },
    student: { ...preset.student, ...size },
  };
}

const STAGES = {
  pretraining: (preset: Preset, mostResidentBytes?: number) =>
    createPretraining({ device: gpu, data, preset, seed: 1, mostResidentBytes }),
  distillation: (preset: Preset, mostResidentBytes?: number) => {
    const teacher = initialWeights(teacherParameters(configFor(preset.teacher, data)), 1);
    return createDistillation({ device: gpu, data, preset, seed: 1, teacher, mostResidentBytes });
  },
  'fine-tuning': (preset: Preset, mostResidentBytes?: number) =>
    createFinetuning({ device: gpu, data, preset, seed: 1, mostResidentBytes }),
};

/** Of the third step, which reads nothing back and is not the last of its epoch. */
async function steadyWrites(stage: keyof typeof STAGES, preset: string, mostBytes?: number) {
  const made = await STAGES[stage](smallOf(preset), mostBytes);
  const run = made.run();
  for (let i = 0; i < 2; i++) await run.next();
  const [, { writes, writtenBytes }] = await counting(newHeld(), () => run.next());
  made.destroy();
  return { writes, writtenBytes };
}

/** Per replay the step's values (32 bytes) and the places of its segments: 12 bytes each, and a bit per frame where some are
 * chosen, 24 to a number. */
test.each([
  // Eight replays of four segments of 500 frames, and the update.
  { preset: 'realm-v2', stage: 'pretraining', writes: 17, writtenBytes: 3360 },
  { preset: 'realm-v2', stage: 'distillation', writes: 17, writtenBytes: 3360 },
  { preset: 'realm-v2', stage: 'fine-tuning', writes: 17, writtenBytes: 672 },
  // One of sixteen segments of 250 frames.
  { preset: 'tiny', stage: 'pretraining', writes: 2, writtenBytes: 928 },
  { preset: 'tiny', stage: 'distillation', writes: 2, writtenBytes: 928 },
  { preset: 'tiny', stage: 'fine-tuning', writes: 2, writtenBytes: 224 },
] as const)('$stage of $preset', async ({ preset, stage, ...expected }) => {
  expect(await steadyWrites(stage, preset)).toEqual(expected);
});

test('control: where the recordings do not fit, each step writes its frames', async () => {
  const { writes, writtenBytes } = await steadyWrites('fine-tuning', 'tiny', 0);
  // A row of 96 columns, two outputs and whether they are known for each frame, and one for each segment's mask.
  expect(writtenBytes).toBe(224 + 16 * 251 * 99 * 4);
  expect(writes).toBe(3);
});
