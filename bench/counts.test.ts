// Exact counts of a steady training step and of a live frame, so that a regression of dispatches, submits or allocations fails.

import { beforeAll, expect, test } from 'vitest';
import type { Precision } from '../src/autograd/graph';
import { STEP_BYTES } from '../src/autograd/step';
import { sizeOf } from '../src/autograd/tensor';
import { createDecoder, type Decoder, MOST_QUEUED_FRAMES } from '../src/decode/decoder';
import type { GpuDevice } from '../src/gpu/device';
import { testDevice } from '../src/gpu/testDevice';
import type { ModelConfig } from '../src/model/config';
import { decoderParameters } from '../src/model/parameters';
import { caseOf, dataOf } from './cases';
import { counting, installCounters, newHeld } from './counters';
import { configOfPreset, countDispatches, startRealmStep } from './realmSteps';
import { studioEngine } from './studioEngine';

let gpu: GpuDevice;

beforeAll(async () => {
  gpu = await testDevice();
  installCounters(gpu.device);
});

/** Lower them when a fusion lands; a rise needs a reason. */
const DISPATCHES = { S: 101, M8: 173 };
const REALM = {
  student: { perLayer: 29, outsideLayers: 45, total: 335 },
  teacher: { perLayer: 37, outsideLayers: 99, total: 469 },
};

test.each(Object.entries(DISPATCHES))('a steady step of %s', async (name, dispatches) => {
  const one = caseOf(name);
  const engine = studioEngine(async () => ({ ...gpu, destroy: () => {} }));
  const held = newHeld();
  const [run] = await counting(held, () => engine.start(one, dataOf(one)));
  await run.step();
  const [, counts] = await counting(held, () => run.step());
  expect(counts).toEqual({
    dispatches,
    submits: 1,
    bindGroups: 0,
    buffers: 0,
    pipelines: 0,
    writes: 1,
    writtenBytes: STEP_BYTES,
  });
  // Control: the counters see what making the plan asks for.
  const [again, made] = await counting(newHeld(), () => engine.start(one, dataOf(one)));
  expect(made.bindGroups).toBe(dispatches);
  expect(made.buffers).toBeGreaterThan(10);
  expect(held.peakBytes).toBeGreaterThan(2 ** 20);
  again.destroy();
  run.destroy();
});

test.each(['student', 'teacher'] as const)(
  'dispatches of the %s at paper scale',
  async (network) => {
    const config = configOfPreset('realm-v2', network);
    expect(await countDispatches(gpu, network, config)).toEqual(REALM[network]);
  },
);

/** Two casts of each Linear, and what is kept as halves restored: y and both sides of the convolution. */
const MIXED = { student: 449, teacher: 622 };
/** Of the bytes in f32. The rest: states, the residual stream, halves of the weights. */
const MIXED_SHARE = 0.83;

test.each(['student', 'teacher'] as const)(
  'mixed precision of the %s at paper scale',
  async (network) => {
    const countsOf = async (precision: Precision) => {
      const config = configOfPreset('realm-v2', network);
      const step = { network, config, batch: 2, frames: 500, microBatches: 1, recompute: false };
      const { trainer, destroy } = await startRealmStep(gpu, { ...step, precision });
      destroy();
      return trainer.plan.counts;
    };
    const [f32, mixed] = [await countsOf('f32'), await countsOf('mixed')];
    console.log(`${network}: ${f32.bytes} bytes in f32, ${mixed.bytes} mixed`);
    expect([f32.dispatches, mixed.dispatches]).toEqual([REALM[network].total, MIXED[network]]);
    expect(mixed.bytes / f32.bytes).toBeLessThan(MIXED_SHARE);
  },
);

/** A live frame: a layer's, and the tokenizer's three, the skip from the raw frame and the readout. */
const FRAME = { perLayer: 3, outsideLayers: 5 };

/** Zeros: what a frame asks for does not depend on the weights. */
function decoderOf(config: ModelConfig): Promise<Decoder> {
  const weights = decoderParameters(config).map(
    ({ name, shape }) => [name, new Float32Array(sizeOf(shape))] as const,
  );
  return createDecoder(gpu, config, new Map(weights));
}

test.each([
  { preset: 'realm-v2', layers: 10, dispatches: 35 },
  { preset: 'tiny', layers: 4, dispatches: 17 },
])('dispatches of a live frame of $preset', async ({ preset, layers, dispatches }) => {
  const config = configOfPreset(preset, 'student');
  const decoder = await decoderOf(config);
  expect(config.layerCount).toBe(layers);
  expect(decoder.dispatches).toBe(dispatches);
  expect(decoder.dispatches).toBe(FRAME.perLayer * layers + FRAME.outsideLayers);
  decoder.destroy();
});

/** 96 channels, the frame's number and the 32 angles of its position, each in whole 256 bytes. */
const FRAME_BYTES = 1024;

test.each([1, 2, MOST_QUEUED_FRAMES])('%d live frames take one submit', async (frames) => {
  const config = configOfPreset('tiny', 'student');
  const decoder = await decoderOf(config);
  const lfp = new Float32Array(frames * config.channelCount);
  const decode = () => (frames === 1 ? decoder.step(lfp) : decoder.catchUp(lfp));
  await decode();
  const [, counts] = await counting(newHeld(), async () => {
    await decode();
  });
  expect(counts).toEqual({
    dispatches: frames * decoder.dispatches,
    submits: 1,
    bindGroups: 0,
    buffers: 0,
    pipelines: 0,
    writes: 1,
    writtenBytes: frames * FRAME_BYTES,
  });
  decoder.destroy();
});
