// The causality promise, end to end: later input never changes earlier output by a bit, and decoding frame by frame
// equals the full forward pass; both from raw samples through the realtime front end.

import { beforeAll, describe, expect, test } from 'vitest';
import { ParameterSet } from '../autograd/parameterSet';
import { CPU, type Device } from '../autograd/store';
import { PURPOSE, uniform } from '../base/rng';
import { extractFeatures, type Features } from '../data/features';
import { createRealtimeFrontEnd } from '../data/frontEnd/realtime';
import type { Session } from '../data/session';
import { syntheticSessions } from '../data/synthetic';
import type { GpuDevice } from '../gpu/device';
import { testDevice } from '../gpu/testDevice';
import { checkConfig, lfpColumns, type ModelConfig } from '../model/config';
import { compileForward } from '../model/forward';
import { relativeError } from '../model/goldenModel.test-support';
import { decoderParameters, initialWeights } from '../model/parameters';
import { createCpuDecoder } from './cpuDecoder';
import { createDecoder, type DecodedFrame, MOST_QUEUED_FRAMES } from './decoder';
import { LatencyMeter } from './latency';

const FRAMES = 500;
const CHANNELS = 12;

/** Stepping against the chunked forward pass: another order of f32 sums over 500 frames. */
const STREAM_TOLERANCE = 1e-4;

const config: ModelConfig = checkConfig({
  channelCount: CHANNELS,
  bandCount: 1,
  modelDim: 32,
  layerCount: 2,
  stateDim: 16,
  headDim: 16,
  expand: 2,
  convTaps: 4,
  channelDim: 4,
  ecaTaps: 5,
  bidirectional: false,
  outputCount: 2,
});
const weights = initialWeights(decoderParameters(config), 11, 'mamba2');
const mask = Float32Array.from({ length: CHANNELS }, (_, c) => (c === 3 ? 0 : 1));

let gpu: GpuDevice;
let session: Session;

beforeAll(async () => {
  gpu = await testDevice();
  [session] = syntheticSessions({
    sessionCount: 1,
    durationS: 10,
    channelCount: CHANNELS,
    seed: 2,
  });
});

/** Microvolt features brought to order one, as a normalisation fitted on a training fold does. */
const scaled = (features: Features): Float32Array =>
  features.lfp.map((x) => x / 30).slice(0, FRAMES * CHANNELS);

const featuresOf = (from: Session): Features => extractFeatures(from, { kind: 'realtime' });

/** Decodes all frames at once. */
async function forward(lfp: Float32Array): Promise<Float32Array> {
  const parameters = new ParameterSet(gpu, decoderParameters(config));
  parameters.load(weights);
  const plan = await compileForward(gpu, parameters, config, 1, FRAMES);
  const behaviour = await plan.predict(lfp, mask);
  plan.plan.destroy();
  parameters.destroy();
  return behaviour;
}

test('samples after a frame never change the output up to it, to the bit', async () => {
  const whole = await forward(scaled(featuresOf(session)));
  const cutFrame = 260;
  const cutSample = Math.ceil(((cutFrame + 1) / 100) * session.lfp.rateHz);
  const data = session.lfp.data.slice();
  for (let i = cutSample * CHANNELS; i < data.length; i++) data[i] = 1000 * Math.sin(i);
  const changed = await forward(scaled(featuresOf({ ...session, lfp: { ...session.lfp, data } })));
  const kept = (cutFrame + 1) * 2;
  expect(changed.slice(0, kept)).toEqual(whole.slice(0, kept));
  // Control: the change is there afterwards.
  expect(changed.slice(kept + 20)).not.toEqual(whole.slice(kept + 20));
});

const options = { channelMask: mask };

const RESULTS = ['behaviour', 'tokens', 'hidden'] as const;

const copyOf = ({ behaviour, tokens, hidden }: DecodedFrame): DecodedFrame => ({
  behaviour: behaviour.slice(),
  tokens: tokens.slice(),
  hidden: hidden.slice(),
});

/** Frames from t on. */
const frameOf = (lfp: Float32Array, t: number, count: number): Float32Array =>
  lfp.subarray(t * CHANNELS, (t + count) * CHANNELS);

describe.each([
  { kind: 'gpu', create: () => createDecoder(gpu, config, weights, options), rounds: [0, 1] },
  { kind: 'cpu', create: () => createCpuDecoder(config, weights, options), rounds: [0, 1] },
  { kind: 'twins', create: () => createDecoder(CPU, config, weights, options), rounds: [0] },
])('stepping on $kind', ({ create, rounds }) => {
  test('500 frames from raw samples equal the full forward pass, also after a reset', async () => {
    const expected = await forward(scaled(featuresOf(session)));
    const decoder = await create();
    for (const round of rounds) {
      decoder.reset();
      const frontEnd = createRealtimeFrontEnd({
        inputRateHz: session.lfp.rateHz,
        frameRateHz: 100,
        channelCount: CHANNELS,
        notchHz: 60,
        reference: 'average',
      });
      const got: number[] = [];
      // Packets of 7 samples: no multiple of a frame.
      for (let at = 0; got.length < FRAMES * 2; at += 7 * CHANNELS) {
        const frames = frontEnd.push(session.lfp.data.subarray(at, at + 7 * CHANNELS));
        for (let f = 0; f < frames.length && got.length < FRAMES * 2; f += CHANNELS) {
          const frame = frames.slice(f, f + CHANNELS).map((x) => x / 30);
          got.push(...(await decoder.step(frame)).behaviour);
        }
      }
      const error = Math.hypot(...got.map((x, i) => x - expected[i])) / Math.hypot(...expected);
      expect(error, `round ${round}`).toBeLessThan(STREAM_TOLERANCE);
    }
    decoder.destroy();
  });
});

/** No size fills a workgroup, few fill a quad; two streams side by side. */
const odd: ModelConfig = checkConfig({
  ...config,
  channelCount: 5,
  bandCount: 2,
  modelDim: 20,
  layerCount: 3,
  stateDim: 12,
  headDim: 4,
  convTaps: 3,
  channelDim: 3,
  ecaTaps: 3,
  outputCount: 3,
});

describe.each([
  { name: 'sizes with a rest', size: odd },
  { name: 'one tap, one electrode', size: { ...odd, convTaps: 1, channelCount: 1, ecaTaps: 5 } },
])('$name', ({ size }) => {
  const [batch, frames] = [2, 60];
  const parameters = decoderParameters(size);
  const values = initialWeights(parameters, 4, 'mamba2');
  const columns = lfpColumns(size);
  const channelMask = Float32Array.from({ length: size.channelCount }, (_, c) => Number(c !== 1));
  const recording = Float32Array.from(
    { length: frames * batch * columns },
    (_, i) => 4 * uniform(3, PURPOSE.test, 0, i) - 2,
  );
  /** Frame by frame [T, B, ...] as streams one behind the other [B, T, ...]. */
  const streams = (rows: ArrayLike<number>, width: number): Float32Array =>
    Float32Array.from({ length: frames * batch * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return rows[((row % frames) * batch + Math.floor(row / frames)) * width + column];
    });
  const deviceOf = (kind: string): Device => (kind === 'gpu' ? gpu : CPU);

  test.each(['gpu', 'twins'])('two streams on %s equal the full forward pass', async (kind) => {
    const set = new ParameterSet(CPU, parameters);
    set.load(values);
    const { plan, tensors, predict } = await compileForward(CPU, set, size, batch, frames);
    const masks = Float32Array.from({ length: 2 * size.channelCount }, (_, i) => {
      return channelMask[i % size.channelCount];
    });
    const expected = {
      behaviour: await predict(streams(recording, columns), masks),
      tokens: await plan.read(tensors.tokens),
      hidden: await plan.read(tensors.hidden),
    };
    const decoder = await createDecoder(deviceOf(kind), size, values, { channelMask, batch });
    const got = { behaviour: [] as number[], tokens: [] as number[], hidden: [] as number[] };
    for (let t = 0; t < frames; t++) {
      const step = batch * columns;
      const decoded = await decoder.step(recording.subarray(t * step, (t + 1) * step));
      for (const name of RESULTS) got[name].push(...decoded[name]);
    }
    for (const name of RESULTS) {
      const width = got[name].length / frames / batch;
      const error = relativeError(streams(got[name], width), expected[name]);
      expect(error, name).toBeLessThan(STREAM_TOLERANCE);
    }
    decoder.destroy();
  });
});

describe.each([
  { kind: 'gpu', create: () => createDecoder(gpu, config, weights, options) },
  { kind: 'cpu', create: () => createCpuDecoder(config, weights, options) },
  { kind: 'twins', create: () => createDecoder(CPU, config, weights, options) },
])('queued frames on $kind', ({ create }) => {
  test('decode to the bits of single frames', async () => {
    const lfp = scaled(featuresOf(session));
    const decoder = await create();
    const single: DecodedFrame[] = [];
    for (let t = 0; t < 50; t++) {
      single.push(copyOf(await decoder.step(frameOf(lfp, t, 1))));
    }
    decoder.reset();
    const queued: DecodedFrame[] = [];
    // Single frames and queues of several lengths take turns in one stream.
    for (const length of [1, 2, 1, MOST_QUEUED_FRAMES, 5, 9]) {
      const frames = frameOf(lfp, queued.length, length);
      if (length === 1) queued.push(copyOf(await decoder.step(frames)));
      else queued.push(...(await decoder.catchUp(frames)));
    }
    expect(queued).toEqual(single);
    // Control: the frames differ.
    expect(single[49]).not.toEqual(single[48]);
    decoder.destroy();
  });

  test.each([0, 1.5, MOST_QUEUED_FRAMES + 1])('refuses %d frames', async (length) => {
    const decoder = await create();
    await expect(decoder.catchUp(new Float32Array(length * CHANNELS))).rejects.toThrow(
      `[decoder] expected 1 to ${MOST_QUEUED_FRAMES} frames of ${CHANNELS} numbers, got ${length * CHANNELS}`,
    );
    await expect(decoder.step(new Float32Array(CHANNELS + 1))).rejects.toThrow(
      `[decoder] expected a frame of ${CHANNELS} numbers, got ${CHANNELS + 1}`,
    );
    decoder.destroy();
  });
});

test('refuses a bidirectional model', async () => {
  await expect(createDecoder(CPU, { ...config, bidirectional: true }, weights)).rejects.toThrow(
    /expected a causal model/,
  );
});

test('latency percentiles and missed deadlines', () => {
  const meter = new LatencyMeter(10, 100);
  for (let i = 1; i <= 100; i++) meter.add(i / 5);
  expect(meter.summary()).toMatchObject({
    frames: 100,
    p50Ms: 10.2,
    p99Ms: 20,
    maxMs: 20,
    missed: 50,
  });
  expect(meter.summary().normalizedLatency).toBeCloseTo(1.01, 5);
});
