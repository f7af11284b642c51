// The promises of training: one submit per step and nothing made, the same bits from the same seed, and a run that
// was stopped, saved and resumed equals one that never was.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extractFeatures } from '../data/features';
import { contiguousSplit } from '../data/splits';
import { syntheticSessions } from '../data/synthetic';
import type { GpuDevice } from '../gpu/device';
import { testDevice } from '../gpu/testDevice';
import { createDistillation } from './distil';
import type { TrainEvent, TrainOutcome } from './events';
import { createFinetuning } from './finetune';
import { createPretraining } from './pretrain';
import type { Preset } from './settings';
import { smallPreset } from './smallPreset.test-support';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot';
import type { TrainingStage } from './stage';
import { prepareData, type TrainingData } from './trainingData';

const preset = smallPreset(2, { batch: 2, epochs: 4, recompute: false });

let gpu: GpuDevice;
let data: TrainingData;

beforeAll(async () => {
  gpu = await testDevice();
  const sessions = syntheticSessions({ sessionCount: 1, durationS: 30, channelCount: 6, seed: 4 });
  const features = sessions.map((session) => extractFeatures(session, { kind: 'realtime' }));
  const splits = features.map((f) => contiguousSplit(f, { guardS: 1 }));
  data = prepareData(features, splits);
});

afterAll(() => gpu.throwIfFailed());

const teacherStage = (resume?: Snapshot, over: Partial<Preset> = {}): Promise<TrainingStage> =>
  createPretraining({ device: gpu, data, preset: { ...preset, ...over }, seed: 7, resume });

/** Pulls `steps` events; all of them when undefined. */
async function pull(stage: TrainingStage, steps = Number.POSITIVE_INFINITY) {
  const events: TrainEvent[] = [];
  let outcome: TrainOutcome | undefined;
  const run = stage.run();
  while (events.length < steps) {
    const next = await run.next();
    if (next.done) {
      outcome = next.value;
      break;
    }
    events.push(next.value);
  }
  return { events, outcome };
}

async function setsAfter(stage: TrainingStage, steps: number): Promise<Snapshot> {
  await pull(stage, steps);
  const snapshot = await stage.snapshot();
  stage.destroy();
  return snapshot;
}

const bits = (numbers: Float32Array): Uint32Array =>
  new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);

function expectSameBits(a: Snapshot, b: Snapshot): void {
  expect(a.record.step).toBe(b.record.step);
  a.sets.forEach((set, i) => {
    for (const key of ['values', 'm', 'v'] as const) {
      expect(
        Buffer.compare(
          Buffer.from(bits(set[key]).buffer),
          Buffer.from(bits(b.sets[i][key]).buffer),
        ),
        key,
      ).toBe(0);
    }
  });
}

/** Counts calls of the device's methods while `work` runs. */
async function countCalls(work: () => Promise<void>): Promise<Record<string, number>> {
  const { device } = gpu;
  const probe = device.createBuffer({ size: 16, usage: 8 });
  const buffers = Object.getPrototypeOf(probe) as object;
  const counts: Record<string, number> = {};
  const watched: [object, string][] = [
    [device.queue, 'submit'],
    [device, 'createBuffer'],
    [device, 'createBindGroup'],
    [device, 'createComputePipelineAsync'],
    [device, 'createComputePipeline'],
    [buffers, 'mapAsync'],
  ];
  const restore = watched.map(([target, name]) => {
    const own = Object.getOwnPropertyDescriptor(target, name);
    const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
    counts[name] = 0;
    Object.defineProperty(target, name, {
      configurable: true,
      value(this: unknown, ...args: unknown[]) {
        counts[name]++;
        return method.apply(this, args);
      },
    });
    return () => {
      if (own) Object.defineProperty(target, name, own);
      else Reflect.deleteProperty(target, name);
    };
  });
  await work();
  for (const undo of restore) undo();
  probe.destroy();
  return counts;
}

describe('one training step', () => {
  test('is one submit, and makes no buffer, bind group or pipeline and maps nothing', async () => {
    const stage = await teacherStage();
    const run = stage.run();
    // The first step starts the first read of the metrics ring, and with it its staging buffer.
    for (let i = 0; i < 2; i++) await run.next();
    const trainer = stage.trainer;
    const counts = await countCalls(async () => {
      await trainer.step({ seed: 7, step: 2, learningRate: 1e-3, write: () => {} });
    });
    expect(counts).toEqual({
      submit: 1,
      createBuffer: 0,
      createBindGroup: 0,
      createComputePipelineAsync: 0,
      createComputePipeline: 0,
      mapAsync: 0,
    });
    stage.destroy();
  });

  test('gives the same bits twice over 50 steps, and others from another seed', async () => {
    const over = { pretrain: { ...preset.pretrain, epochs: 50 } };
    const first = await setsAfter(await teacherStage(undefined, over), 50);
    const second = await setsAfter(await teacherStage(undefined, over), 50);
    expectSameBits(first, second);
    const other = await createPretraining({ device: gpu, data, preset, seed: 8 });
    const third = await setsAfter(other, 1);
    expect(third.sets[0].values).not.toEqual(first.sets[0].values);
  });

  test('with micro-batches and recompute equals the whole batch', async () => {
    const still = {
      dropout: 0,
      dropPath: 0,
      channelDropout: 0,
      gain: [1, 1] as const,
      noise: 0,
      weightDecay: 0,
    };
    const settings = { ...preset.pretrain, ...still, batch: 4 };
    const whole = await setsAfter(await teacherStage(undefined, { pretrain: settings }), 1);
    const split = { ...settings, batch: 2, microBatches: 2, recompute: true };
    const parts = await setsAfter(await teacherStage(undefined, { pretrain: split }), 1);
    const [a, b] = [whole.sets[0].m, parts.sets[0].m];
    const norm = Math.hypot(...a);
    const error = Math.hypot(...a.map((value, i) => value - b[i]));
    expect(error / norm).toBeLessThan(1e-5);
  });
});

test('recompute makes the same random choices and the same bits', async () => {
  const steps = 3;
  const [kept, again] = await Promise.all(
    [false, true].map(async (recompute) => {
      const pretrain = { ...preset.pretrain, dropout: 0.1, dropPath: 0.1, recompute };
      return setsAfter(await teacherStage(undefined, { pretrain }), steps);
    }),
  );
  expectSameBits(again, kept);
});

describe('a stage', () => {
  test('resumed from its saved bytes in the middle of an epoch equals one that never stopped', async () => {
    const whole = await teacherStage();
    const total = whole.totalSteps;
    const uninterrupted = await setsAfter(whole, total);
    const halfway = await setsAfter(await teacherStage(), Math.floor(total / 2) + 1);
    const saved = decodeSnapshot(encodeSnapshot(halfway));
    const resumed = await setsAfter(await teacherStage(saved), total);
    expectSameBits(resumed, uninterrupted);
    expect(resumed.record.validations).toEqual(uninterrupted.record.validations);
    expect(resumed.bestWeights).toEqual(uninterrupted.bestWeights);
    expect(resumed.record.steps.map(({ step }) => step)).toEqual(
      uninterrupted.record.steps.map(({ step }) => step),
    );
  });

  test('refuses a checkpoint of another seed', async () => {
    const snapshot = await setsAfter(await teacherStage(), 1);
    const other = { ...snapshot, record: { ...snapshot.record, seed: 9 } };
    await expect(teacherStage(other)).rejects.toThrow(
      /expected a checkpoint of teacher with seed 7/,
    );
  });

  test('teacher, student and fine-tuning run to their ends with falling losses', async () => {
    const teacher = await teacherStage();
    const pretrained = await pull(teacher);
    teacher.destroy();
    const losses = pretrained.events.flatMap(({ records }) =>
      records.map(({ values }) => values.loss),
    );
    expect(losses).toHaveLength(teacher.totalSteps);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
    const picture = pretrained.events.at(-1)!.picture!;
    expect(picture.reconstruction).toHaveLength(picture.frames * picture.columns);
    expect(picture.mask.reduce((a, b) => a + b)).toBe(Math.round(0.6 * picture.frames));

    const distil = await createDistillation({
      device: gpu,
      data,
      preset,
      seed: 7,
      teacher: pretrained.outcome!.weights,
    });
    const distilled = await pull(distil);
    distil.destroy();
    const { values } = distilled.events.at(-1)!.validation!;
    expect(Object.keys(values)).toEqual(['loss', 'alignment', 'reconstruction', 'task']);
    expect(values.loss).toBeLessThan(
      distilled.events.find((e) => e.validation)!.validation!.values.loss,
    );

    const tune = await createFinetuning({
      device: gpu,
      data,
      preset,
      seed: 7,
      student: distilled.outcome!.weights,
    });
    const tuned = await pull(tune);
    tune.destroy();
    expect(tuned.outcome?.stopped).toBe('finished');
    const task = tuned.events.flatMap(({ records }) => records.map(({ values }) => values.loss));
    expect(task.at(-1)!).toBeLessThan(task[0]);
    expect(Number.isFinite(tuned.outcome?.best?.values.meanR2)).toBe(true);
  });
});
