// Proof of the optimiser: against an independent loop in float64, over several steps, on both devices.

import { describe, expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { compile, type Plan } from '../autograd/plan';
import { CPU, createMirroredStore, createStore, type Device, type Store } from '../autograd/store';
import { packHalves, unpackHalves } from '../base/half';
import { gaussian, PURPOSE, uniform } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { type AdamWSettings, accumulate, adamW, globalNorm } from './optimiser';

const DEVICES = ['cpu', 'gpu'] as const;
const deviceOf = async (kind: (typeof DEVICES)[number]): Promise<Device> =>
  kind === 'cpu' ? CPU : testDevice();

/** f32 rounding of a tree of positive terms. */
const NORM_ERROR = 2e-6;
/** Ten updates in f32, relative to the largest parameter or moment. */
const UPDATE_ERROR = 3e-6;

const draws = (size: number, salt: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => gaussian(3, PURPOSE.test, salt, i));

function relativeError(got: ArrayLike<number>, reference: ArrayLike<number>): number {
  let error = 0;
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    error = Math.max(error, Math.abs(got[i] - reference[i]));
    largest = Math.max(largest, Math.abs(reference[i]));
  }
  return error / largest;
}

describe.each([4, 252, 256, 260, 2048, 2052, 70_000, 5_000_000])(
  'globalNorm of %d elements',
  (size) => {
    const values = Float32Array.from(
      { length: size },
      (_, i) => uniform(1, PURPOSE.test, 0, i) + 1,
    );
    const exact = Math.sqrt(values.reduce((sum, g) => sum + (0.25 * g) ** 2, 0));
    test.each(DEVICES)('on %s', async (kind) => {
      const graph = new Graph();
      const gradient = graph.input('gradient', [size]);
      const norm = graph.output(globalNorm(gradient));
      const plan = await compile(graph, await deviceOf(kind));
      plan.write(gradient, values);
      plan.run({ gradientScale: 0.25 });
      const [got] = await plan.read(norm);
      expect(Math.abs(got / exact - 1)).toBeLessThan(NORM_ERROR);
      plan.run({ gradientScale: 0.25 });
      expect((await plan.read(norm))[0]).toBe(got);
      plan.destroy();
    });
  },
);

describe.each(DEVICES)('globalNorm on %s of', (kind) => {
  test.each([
    ['NaN first', 0, Number.NaN],
    ['NaN last', 999, Number.NaN],
    ['infinity', 500, Number.POSITIVE_INFINITY],
    ['minus infinity', 300, Number.NEGATIVE_INFINITY],
  ])('%s is not finite', async (_, index, value) => {
    const graph = new Graph();
    const gradient = graph.input('gradient', [1000]);
    const norm = graph.output(globalNorm(gradient));
    const plan = await compile(graph, await deviceOf(kind));
    plan.write(gradient, draws(1000, 0).fill(value, index, index + 1));
    plan.run();
    expect(Number.isFinite((await plan.read(norm))[0])).toBe(false);
    plan.write(gradient, new Float32Array(1000));
    plan.run();
    expect((await plan.read(norm))[0]).toBe(0);
    plan.destroy();
  });
});

const SIZE = 600;

interface Trainer {
  readonly stores: Record<'parameters' | 'gradient' | 'm' | 'v', Store>;
  readonly plan: Plan;
}

async function createTrainer(
  device: Device,
  settings: AdamWSettings,
  parameterStore = createStore,
): Promise<Trainer> {
  const graph = new Graph();
  const store = (label: string): Store => createStore(device, SIZE, label);
  const stores = {
    parameters: parameterStore(device, SIZE, 'parameters'),
    gradient: store('gradient'),
    m: store('m'),
    v: store('v'),
  };
  const stored = (name: keyof typeof stores) => graph.stored(name, [SIZE], stores[name]);
  const gradient = stored('gradient');
  adamW(
    {
      parameters: stored('parameters'),
      gradient,
      m: stored('m'),
      v: stored('v'),
      norm: globalNorm(gradient),
    },
    settings,
  );
  stores.parameters.write(draws(SIZE, 100));
  return { stores, plan: await compile(graph, device) };
}

const learningRateOf = (t: number): number => 1e-2 / t;
const gradientOf = (t: number): Float32Array => draws(SIZE, t).map((g, i) => g * (1 + (i % 7)));

function runSteps({ stores, plan }: Trainer, count: number): void {
  for (let t = 1; t <= count; t++) {
    stores.gradient.write(gradientOf(t));
    plan.run({
      learningRate: learningRateOf(t),
      biasCorrection1: 1 - 0.9 ** t,
      biasCorrection2: 1 - 0.999 ** t,
      gradientScale: 0.5,
    });
  }
}

/** AdamW as its paper writes it, with mHat and vHat. */
function plainAdamW(settings: AdamWSettings, count: number) {
  const p = Float64Array.from(draws(SIZE, 100));
  const m = new Float64Array(SIZE);
  const v = new Float64Array(SIZE);
  for (let t = 1; t <= count; t++) {
    const g = Float64Array.from(gradientOf(t), (x) => 0.5 * x);
    const norm = Math.hypot(...g);
    const clip = norm + 1e-6 > settings.clipNorm ? settings.clipNorm / (norm + 1e-6) : 1;
    for (let i = 0; i < settings.trainedCount; i++) {
      const gi = clip * g[i];
      m[i] += (1 - 0.9) * (gi - m[i]);
      v[i] += (1 - 0.999) * (gi * gi - v[i]);
      const mHat = m[i] / (1 - 0.9 ** t);
      const vHat = v[i] / (1 - 0.999 ** t);
      const decay = i < settings.decayCount ? settings.weightDecay * p[i] : 0;
      p[i] -= learningRateOf(t) * (mHat / (Math.sqrt(vHat) + 1e-8) + decay);
    }
  }
  return { parameters: p, m, v };
}

const SETTINGS: [string, AdamWSettings][] = [
  ['clipped', { weightDecay: 0.1, decayCount: 400, clipNorm: 1, trainedCount: SIZE }],
  ['norm below the clip', { weightDecay: 0.1, decayCount: 1, clipNorm: 1e4, trainedCount: SIZE }],
  ['no clip', { weightDecay: 0, decayCount: SIZE, clipNorm: Infinity, trainedCount: SIZE }],
  ['a frozen tail', { weightDecay: 0.5, decayCount: 300, clipNorm: 1, trainedCount: 257 }],
  ['all frozen', { weightDecay: 0.5, decayCount: SIZE, clipNorm: 1, trainedCount: 0 }],
];

describe.each(DEVICES)('adamW on %s', (kind) => {
  test.each(SETTINGS)('ten steps equal the plain loop: %s', async (_, settings) => {
    const trainer = await createTrainer(await deviceOf(kind), settings);
    runSteps(trainer, 10);
    const expected = plainAdamW(settings, 10);
    const { trainedCount } = settings;
    for (const name of ['parameters', 'm', 'v'] as const) {
      const got = await trainer.stores[name].read();
      if (trainedCount > 0)
        expect(relativeError(got, expected[name]), name).toBeLessThan(UPDATE_ERROR);
      expect(got.slice(trainedCount), name).toEqual(
        Float32Array.from(expected[name].slice(trainedCount)),
      );
    }
    trainer.plan.destroy();
  });

  test.each(SETTINGS)('a mirror follows and changes nothing else: %s', async (_, settings) => {
    const device = await deviceOf(kind);
    const plain = await createTrainer(device, settings);
    const trainer = await createTrainer(device, settings, createMirroredStore);
    const { parameters } = trainer.stores;
    const mirrorOf = async (values: Float32Array): Promise<Float32Array> =>
      kind === 'cpu' ? values : unpackHalves(new Float32Array(packHalves(values).buffer));
    const written = await parameters.halves!.read();
    expect(written).toEqual(await mirrorOf(draws(SIZE, 100)));
    runSteps(plain, 3);
    runSteps(trainer, 3);
    const values = await parameters.read();
    expect(values).toEqual(await plain.stores.parameters.read());
    expect(await parameters.halves!.read()).toEqual(await mirrorOf(values));
    if (settings.trainedCount > 0) expect(await parameters.halves!.read()).not.toEqual(written);
    // A step that is left out.
    trainer.stores.gradient.write(gradientOf(4).fill(Number.NaN, 5, 6));
    trainer.plan.run({ learningRate: 1 });
    expect(await parameters.halves!.read()).toEqual(await mirrorOf(values));
    expect(trainer.plan.counts.dispatches).toBe(plain.plan.counts.dispatches);
    for (const { plan } of [plain, trainer]) plan.destroy();
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'a gradient of %d changes no bit',
    async (x) => {
      const settings = SETTINGS[0][1];
      const trainer = await createTrainer(await deviceOf(kind), settings);
      const bits = async () =>
        Promise.all(
          (['parameters', 'm', 'v'] as const).map(
            async (name) => new Uint32Array((await trainer.stores[name].read()).buffer),
          ),
        );
      runSteps(trainer, 2);
      const before = await bits();
      trainer.stores.gradient.write(gradientOf(3).fill(x, SIZE - 1));
      trainer.plan.run({ learningRate: 1, biasCorrection1: 0.5, biasCorrection2: 0.5 });
      expect(await bits()).toEqual(before);
      // The control: the same step without it changes them.
      trainer.stores.gradient.write(gradientOf(3));
      trainer.plan.run({ learningRate: 1, biasCorrection1: 0.5, biasCorrection2: 0.5 });
      expect(await bits()).not.toEqual(before);
      trainer.plan.destroy();
    },
  );

  test('accumulate overwrites in the first micro-batch and adds in the others', async () => {
    const device = await deviceOf(kind);
    const graph = new Graph();
    const [total, gradient] = ['total', 'gradient'].map((name) => createStore(device, 300, name));
    accumulate(graph.stored('total', [300], total), graph.stored('gradient', [300], gradient));
    const plan = await compile(graph, device);
    total.write(new Float32Array(300).fill(Number.NaN));
    const sum = new Float32Array(300);
    for (let microBatch = 0; microBatch < 3; microBatch++) {
      const values = draws(300, microBatch).map((g) => Math.round(100 * g));
      gradient.write(values);
      plan.run({ microBatch });
      values.forEach((g, i) => {
        sum[i] += g;
      });
    }
    expect(await total.read()).toEqual(sum);
    plan.destroy();
  });
});

test('adamW and accumulate refuse what does not fit', () => {
  const graph = new Graph();
  const stored = (size: number) => graph.stored('x', [size], createStore(CPU, 64, 'x'));
  const tensors = {
    parameters: stored(4),
    gradient: stored(4),
    m: stored(4),
    v: stored(4),
    norm: graph.input('norm', [1]),
  };
  const settings = { weightDecay: 0, decayCount: 4, clipNorm: 1, trainedCount: 4 };
  expect(() => adamW({ ...tensors, m: stored(5) }, settings)).toThrow(
    '[adamW] expected stored tensors of shape [4], got x [5] (stored)',
  );
  expect(() => adamW({ ...tensors, v: graph.input('v', [4]) }, settings)).toThrow(
    'got v [4] (input)',
  );
  expect(() => adamW({ ...tensors, norm: stored(4) }, settings)).toThrow(
    'expected a norm of one number',
  );
  expect(() => adamW(tensors, { ...settings, trainedCount: 5 })).toThrow(
    '[adamW] expected counts from 0 to 4, got 5',
  );
  expect(() => accumulate(stored(4), graph.input('g', [4]))).toThrow('got g [4] (input)');
  const isNoMultiple = 'expected a multiple of 4 numbers, got [6]';
  expect(() => globalNorm(stored(6))).toThrow(`[globalNorm] ${isNoMultiple}`);
  expect(() => accumulate(stored(6), stored(6))).toThrow(`[accumulate] ${isNoMultiple}`);
  const sixes = { parameters: stored(6), gradient: stored(6), m: stored(6), v: stored(6) };
  expect(() => adamW({ ...tensors, ...sixes }, settings)).toThrow(`[adamW] ${isNoMultiple}`);
});
