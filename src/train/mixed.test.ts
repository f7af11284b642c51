// The promises of mixed precision: an overflow costs a step and nothing else, the loss scale follows its schedule to the
// bit, and a run that was stopped and resumed equals one that never was.

import { describe, expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { ParameterSet } from '../autograd/parameterSet';
import { CPU, type Device } from '../autograd/store';
import { extractFeatures } from '../data/features';
import { contiguousSplit } from '../data/splits';
import { syntheticSessions } from '../data/synthetic';
import { testDevice } from '../gpu/testDevice';
import { linear } from '../ops/linear';
import { weightedMse } from '../ops/losses';
import { createPretraining } from './pretrain';
import { type Preset, presetOf } from './settings';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from './snapshot';
import type { TrainingStage } from './stage';
import { Trainer } from './trainer';
import { prepareData, type TrainingData } from './trainingData';

const [ROWS, WIDTH] = [32, 16];

/**
 * A Linear of zero weights on ones with ones as target. Its output's gradient is 2 / 512 of the loss scale: a half holds
 * it up to a scale of 2^23. Each weight's gradient is 32 of these, so that the norm of the 256 is 2.
 */
async function trainerOf(device: Device, microBatches: number, first: number) {
  const parameters = new ParameterSet(
    device,
    [{ name: 'weight', shape: [WIDTH, WIDTH], decay: false }],
    () => true,
    'mixed',
  );
  const graph = new Graph('mixed');
  const ones = (...shape: number[]) =>
    graph.constant('ones', shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(1));
  const rows = ones(1, ROWS, WIDTH);
  const prediction = linear(rows, parameters.reader(graph)('weight'));
  const loss = weightedMse(prediction, rows, ones(1, ROWS), ones(1, WIDTH));
  const trainer = await Trainer.create({
    device,
    graph,
    losses: [{ name: 'loss', tensor: loss }],
    sets: [{ parameters, weightDecay: 0, clipNorm: 1 }],
    microBatches,
    lossScale: { first, growthSteps: 3 },
  });
  const run = async (from: number, to: number, learningRate: number) => {
    for (let step = from; step < to; step++) {
      await trainer.step({ seed: 1, step, learningRate, write: () => {} });
    }
    return trainer.settle();
  };
  const numbers = async () => {
    const { m, v } = parameters.training;
    return Promise.all([parameters.values, m, v].map((store) => store.read()));
  };
  const destroy = (): void => {
    trainer.destroy();
    parameters.destroy();
  };
  return { run, numbers, destroy };
}

describe.each([
  ['cpu', 1],
  ['gpu', 1],
  ['gpu', 2],
] as const)('on %s with %d micro-batches', (kind, microBatches) => {
  const deviceOf = async (): Promise<Device> => (kind === 'cpu' ? CPU : testDevice());

  test('the loss scale halves at each overflow and doubles after three good steps', async () => {
    const { run, destroy } = await trainerOf(await deviceOf(), microBatches, 2 ** 26);
    const records = await run(0, 12, 0);
    expect(records.map(({ values }) => Math.log2(values.lossScale))).toEqual([
      26, 25, 24, 23, 23, 23, 24, 23, 23, 23, 24, 23,
    ]);
    // Whatever the scale, the norm is that of the gradient itself; a step left out has none.
    expect(records.map(({ values }) => values.gradientNorm)).toEqual(
      records.map(({ values }) => (values.lossScale > 2 ** 23 ? undefined : 2)),
    );
    expect(records.every(({ values }) => values.loss === 1)).toBe(true);
    destroy();
  });

  test('a step that overflows changes neither weights nor moments', async () => {
    const { run, numbers, destroy } = await trainerOf(await deviceOf(), microBatches, 2 ** 26);
    const before = await numbers();
    await run(0, 3, 1e-3);
    expect(await numbers()).toEqual(before);
    // Control: the next one fits.
    await run(3, 4, 1e-3);
    const after = await numbers();
    after.forEach((values, i) => {
      expect(values).not.toEqual(before[i]);
      expect(values.every(Number.isFinite)).toBe(true);
    });
    destroy();
  });
});

test('in f16 a block of four products overflows too, two scales earlier', async ({ skip }) => {
  const gpu = await testDevice();
  if (!gpu.device.features.has('shader-f16')) skip('SKIPPED: this adapter has no f16');
  const { run, destroy } = await trainerOf({ ...gpu, multipliesHalves: true }, 1, 2 ** 26);
  const records = await run(0, 12, 0);
  expect(records.map(({ values }) => Math.log2(values.lossScale))).toEqual([
    26, 25, 24, 23, 22, 21, 21, 21, 22, 21, 21, 21,
  ]);
  expect(records.map(({ values }) => values.gradientNorm)).toEqual(
    records.map(({ values }) => (values.lossScale > 2 ** 21 ? undefined : 2)),
  );
  destroy();
});

const nano = presetOf('nano');
const size = { ...nano.student, modelDim: 16, stateDim: 8, headDim: 8, channelDim: 4 };
const few = { batch: 2, microBatches: 2, epochs: 2, precision: 'mixed' } as const;

function dataOf(): TrainingData {
  const sessions = syntheticSessions({ sessionCount: 1, durationS: 30, channelCount: 6, seed: 4 });
  const features = sessions.map((session) => extractFeatures(session, { kind: 'realtime' }));
  return prepareData(
    features,
    features.map((f) => contiguousSplit(f, { guardS: 1 })),
  );
}

async function teacher(resume?: Snapshot, over: Partial<Preset['pretrain']> = {}) {
  const preset: Preset = {
    ...nano,
    segmentFrames: 50,
    teacher: { ...size, bidirectional: true },
    pretrain: { ...nano.pretrain, ...few, maskBlockFrames: [3, 10], ...over },
  };
  const device = await testDevice();
  return createPretraining({ device, data: dataOf(), preset, seed: 7, resume });
}

async function after(stage: TrainingStage, steps: number): Promise<Snapshot> {
  let count = stage.totalSteps;
  for await (const { step } of stage.run()) {
    count = step;
    if (step >= steps) break;
  }
  expect(count).toBe(steps);
  const snapshot = await stage.snapshot();
  stage.destroy();
  return snapshot;
}

describe.each([false, true])('a stage, recompute %s', (recompute) => {
  test('resumed from its saved bytes equals one that never stopped', async () => {
    const over = { recompute };
    const whole = await teacher(undefined, over);
    const total = whole.totalSteps;
    const uninterrupted = await after(whole, total);
    const half = await after(await teacher(undefined, over), Math.floor(total / 2) + 1);
    const saved = decodeSnapshot(encodeSnapshot(half));
    expect(saved.record.lossScale).toEqual([2 ** 16, saved.record.step]);
    const resumed = await after(await teacher(saved, over), total);
    expect(resumed).toEqual(uninterrupted);
    // Control: it is another run than that in f32.
    const f32 = await after(await teacher(undefined, { ...over, precision: 'f32' }), total);
    expect(f32.sets[0].values).not.toEqual(uninterrupted.sets[0].values);
  });
});

test('a stage goes on with another loss scale where the checkpoint has one', async () => {
  const snapshot = await after(await teacher(), 2);
  const other = { ...snapshot, record: { ...snapshot.record, lossScale: [2 ** 10, 5] } };
  const resumed = await after(await teacher(other), 3);
  expect(resumed.record.lossScale).toEqual([2 ** 10, 6]);
  expect(resumed.record.steps.at(-1)!.values.lossScale).toBe(2 ** 10);
});

test('a checkpoint of the other precision is refused', async () => {
  const mixed = await after(await teacher(), 1);
  await expect(teacher(mixed, { precision: 'f32' })).rejects.toThrow(
    '[train] expected a checkpoint in f32, got one in mixed precision: go on with the precision it began with',
  );
});
