// The batches that graphs take from the device are those of the processor to the bit, whether the recordings lie there
// whole or are streamed, and training cannot tell the two apart.

import { describe, expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU, type Device } from '../autograd/store';
import { gaussian, PURPOSE } from '../base/rng';
import type { Features } from '../data/features';
import type { Segment } from '../data/segments';
import { contiguousSplit } from '../data/splits';
import { testDevice } from '../gpu/testDevice';
import { initialWeights } from '../model/parameters';
import { teacherParameters } from '../model/teacher';
import { createDistillation } from './distil';
import { createFinetuning } from './finetune';
import { createPretraining } from './pretrain';
import { MOST_RESIDENT_BYTES } from './recordingRows';
import { SegmentSource } from './segmentSource';
import { smallPreset } from './smallPreset.test-support';
import type { TrainingStage } from './stage';
import { batchOf, configFor, prepareData, type TrainingData } from './trainingData';

const bandCount = 2;

/** Noise with a rejected channel, behaviour (where it has any) that is unknown now and then. */
function sessionOf(
  index: number,
  channelCount: number,
  frameCount: number,
  hasBehaviour = true,
): Features {
  const columns = channelCount * bandCount;
  const noise = (i: number) => Math.fround(gaussian(index, PURPOSE.test, 0, i));
  return {
    sessionId: `session ${index}`,
    sessionName: `session ${index}`,
    synthetic: true,
    frameRateHz: 100,
    frameCount,
    channelCount,
    bandCount,
    lfp: Float32Array.from({ length: frameCount * columns }, (_, i) => noise(i)),
    channelMask: Float32Array.from({ length: channelCount }, (_, c) => (c === 1 ? 0 : 1)),
    ...(hasBehaviour && {
      behaviour: Float32Array.from({ length: frameCount * 2 }, (_, i) =>
        i % 37 === 5 ? Number.NaN : noise(i + 1),
      ),
    }),
    behaviourNames: hasBehaviour ? ['vx', 'vy'] : [],
    behaviourUnits: hasBehaviour ? ['cm/s', 'cm/s'] : [],
    frontEnd: 'none',
    groupDelayMs: 0,
  };
}

function dataOf(sessions: readonly Features[]): TrainingData {
  return prepareData(
    sessions,
    sessions.map((features) => contiguousSplit(features, { guardS: 0.5 })),
  );
}

/** Of different widths and lengths, one longer than what crosses to the device at once, one without behaviour. */
const mixed = dataOf([sessionOf(1, 5, 5000), sessionOf(2, 3, 700), sessionOf(3, 4, 600, false)]);
const silent = dataOf([sessionOf(4, 3, 500, false)]);

const bits = (numbers: Float32Array): Uint32Array =>
  new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);

/** A bound that no recording keeps. */
const STREAMED = 0;

const [frames, batch] = [30, 4];
const choiceOf = (b: number): Float32Array =>
  Float32Array.from({ length: frames }, (_, t) => Number((t * (b + 2)) % 7 < 3));

describe.each([
  { kind: 'cpu', owner: 'resident', mostResidentBytes: MOST_RESIDENT_BYTES },
  { kind: 'cpu', owner: 'streamed', mostResidentBytes: STREAMED },
  { kind: 'gpu', owner: 'resident', mostResidentBytes: MOST_RESIDENT_BYTES },
  { kind: 'gpu', owner: 'streamed', mostResidentBytes: STREAMED },
] as const)('on $kind, recordings $owner', ({ kind, owner, mostResidentBytes }) => {
  test.each<{ name: string; data: TrainingData; batches: Segment[][] }>([
    {
      name: 'of three sessions',
      data: mixed,
      batches: [
        [
          { session: 0, startFrame: 4090 },
          { session: 1, startFrame: 0 },
          { session: 2, startFrame: 570 },
          { session: 0, startFrame: 4970 },
        ],
        [
          { session: 1, startFrame: 670 },
          { session: 0, startFrame: 1 },
        ],
        [{ session: 2, startFrame: 3 }],
      ],
    },
    { name: 'without behaviour', data: silent, batches: [[{ session: 0, startFrame: 17 }]] },
    {
      name: 'padded to a wider model',
      data: { ...silent, channelCount: 8 },
      batches: [[{ session: 0, startFrame: 17 }]],
    },
  ])('batches $name', async ({ data, batches }) => {
    const device: Device = kind === 'cpu' ? CPU : await testDevice();
    const source = new SegmentSource({ device, data, batch, frames, mostResidentBytes });
    expect(source.isResident).toBe(owner === 'resident');
    const graph = new Graph();
    const [chosen, whole] = [source.take(graph, true), source.take(graph, false)];
    const { places: _, ...tensors } = chosen;
    for (const tensor of [...Object.values(tensors), whole.lfp, whole.chosenFrames]) {
      graph.output(tensor);
    }
    const plan = await compile(graph, device);
    for (const segments of batches) {
      source.write(plan, chosen, segments, choiceOf);
      source.write(plan, whole, segments);
      plan.run();
      const counted = new Float32Array(batch * frames).fill(1, 0, segments.length * frames);
      const choice = new Float32Array(batch * frames);
      segments.forEach((_segment, b) => {
        choice.set(choiceOf(b), b * frames);
      });
      const filled = batchOf(data, segments, frames, batch);
      const expected = { ...filled, frameWeight: counted, chosenFrames: choice };
      for (const [name, tensor] of Object.entries(tensors)) {
        const numbers = await plan.read(tensor);
        expect(bits(numbers), name).toEqual(bits(expected[name as keyof typeof expected]));
      }
      expect(bits(await plan.read(whole.lfp))).toEqual(bits(filled.lfp));
      expect(bits(await plan.read(whole.chosenFrames))).toEqual(bits(counted));
    }
    plan.destroy();
    source.destroy();
  });
});

test('recordings beyond the bound or the adapter are streamed', async () => {
  const gpu = await testDevice();
  // A mask and 500 frames of 6 columns, one output and whether it is known.
  const bytes = 501 * 8 * 4;
  const isResident = (device: Device, mostResidentBytes?: number): boolean => {
    const source = new SegmentSource({ device, data: silent, batch, frames, mostResidentBytes });
    source.destroy();
    return source.isResident;
  };
  expect(isResident(gpu, bytes)).toBe(true);
  expect(isResident(gpu, bytes - 1)).toBe(false);
  expect(isResident(gpu)).toBe(true);
  const { device } = gpu;
  for (const limit of ['maxBufferSize', 'maxStorageBufferBindingSize']) {
    const adapterWith = (most: number): Device => {
      const limits = { maxBufferSize: bytes, maxStorageBufferBindingSize: bytes, [limit]: most };
      const createBuffer: GPUDevice['createBuffer'] = (descriptor) =>
        device.createBuffer(descriptor);
      return {
        ...gpu,
        device: { limits, queue: device.queue, createBuffer } as unknown as GPUDevice,
      };
    };
    expect(isResident(adapterWith(bytes)), limit).toBe(true);
    expect(isResident(adapterWith(bytes - 1)), limit).toBe(false);
  }
});

const preset = smallPreset(1, { batch: 3, epochs: 1, microBatches: 2 });
const trained = dataOf([sessionOf(1, 4, 1500), sessionOf(2, 3, 1200)]);

describe.each(['cpu', 'gpu'] as const)('training on %s', (kind) => {
  const STAGES = {
    pretraining: (device: Device, mostResidentBytes: number) =>
      createPretraining({ device, data: trained, preset, seed: 7, mostResidentBytes }),
    distillation: (device: Device, mostResidentBytes: number) => {
      const teacher = initialWeights(teacherParameters(configFor(preset.teacher, trained)), 1);
      return createDistillation({
        device,
        data: trained,
        preset,
        seed: 7,
        teacher,
        mostResidentBytes,
      });
    },
    'fine-tuning': (device: Device, mostResidentBytes: number) =>
      createFinetuning({ device, data: trained, preset, seed: 7, mostResidentBytes }),
  };

  async function resultOf(stage: TrainingStage) {
    const validations: unknown[] = [];
    for await (const { validation, picture } of stage.run()) {
      validations.push(validation, picture);
    }
    const { sets, record } = await stage.snapshot();
    stage.destroy();
    return { sets, steps: record.steps, validations };
  }

  test.each(Object.entries(STAGES))('%s gives the same bits either way', async (_, create) => {
    const device: Device = kind === 'cpu' ? CPU : await testDevice();
    const resident = await resultOf(await create(device, MOST_RESIDENT_BYTES));
    const streamed = await resultOf(await create(device, STREAMED));
    expect(resident.steps.length).toBeGreaterThan(2);
    expect(streamed).toEqual(resident);
  });
});
