// Proof of plans on both devices: what runs, where its numbers lie, and what a replay costs.

import { describe, expect, test } from 'vitest';
import { gaussian, PURPOSE } from '../base/rng';
import type { GpuDevice } from '../gpu/device';
import { testDevice } from '../gpu/testDevice';
import { assign } from '../ops/assign';
import { dropout } from '../ops/dropout';
import { add, gelu, multiply, scale, silu } from '../ops/elementwise';
import { reshape } from '../ops/reshape';
import { compileCpu } from './cpuPlan';
import { gradients } from './gradients';
import { Graph } from './graph';
import { compile } from './plan';
import { CPU, createStore, type Device } from './store';
import type { Tensor } from './tensor';

const KINDS = ['cpu', 'gpu'] as const;
const deviceOf = async (kind: (typeof KINDS)[number]): Promise<Device> =>
  kind === 'cpu' ? CPU : testDevice();

const draws = (size: number, salt: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => gaussian(2, PURPOSE.test, salt, i));

describe.each(KINDS)('a plan on %s', (kind) => {
  test('reads what the last run made of what was written', async () => {
    const graph = new Graph();
    const x = graph.input('x', [2, 2]);
    const fixed = graph.constant('fixed', [2, 2], Float32Array.of(1, 2, 3, 4));
    const y = graph.output(reshape(multiply(x, fixed), [4]));
    const plan = await compile(graph, await deviceOf(kind));
    for (const factor of [1, -2]) {
      plan.write(x, new Float32Array(4).fill(factor));
      plan.run();
      expect([...(await plan.read(y))]).toEqual([1, 2, 3, 4].map((v) => factor * v));
      expect([...(await plan.read(x))]).toEqual([factor, factor, factor, factor]);
    }
    plan.destroy();
  });

  test('keeps an effect that nothing reads, in the order of building', async () => {
    const device = await deviceOf(kind);
    const store = createStore(device, 4, 'state');
    store.write(Float32Array.of(1, 2, 3, 4));
    const graph = new Graph();
    const state = graph.stored('state', [4], store);
    const before = graph.output(scale(state, 1));
    assign(state, scale(state, 10));
    const after = graph.output(scale(state, 1));
    const plan = await compile(graph, device);
    plan.run();
    expect([...(await plan.read(before))]).toEqual([1, 2, 3, 4]);
    expect([...(await plan.read(after))]).toEqual([10, 20, 30, 40]);
    expect([...(await store.read())]).toEqual([10, 20, 30, 40]);
    plan.destroy();
  });

  test('replays a series, each with inputs and outputs of its own', async () => {
    const device = await deviceOf(kind);
    const [input, output, total] = ['input', 'output', 'total'].map((label) =>
      createStore(device, 2, label),
    );
    const graph = new Graph();
    const x = graph.stored('x', [2], input);
    const sum = graph.stored('sum', [2], total);
    const added = add(sum, x);
    assign(sum, added);
    graph.pin(scale(added, 10), output, 0);
    const plan = await compile(graph, device);
    const series = plan.series({ input, output, most: 3 });
    expect([...(await series.run(Float32Array.of(1, 2, 3, 4, 5, 6)))]).toEqual([
      ...[10, 20],
      ...[40, 60],
      ...[90, 120],
    ]);
    expect([...(await series.run(Float32Array.of(-9, 0)))]).toEqual([0, 120]);
    for (const size of [0, 3, 8]) {
      await expect(series.run(new Float32Array(size))).rejects.toThrow(
        `[series] expected 1 to 3 rows of 2 numbers, got ${size} numbers`,
      );
    }
    expect([...(await total.read())]).toEqual([0, 12]);
    series.destroy();
    plan.destroy();
  });

  test('runs no node that nothing reads', async () => {
    const graph = new Graph();
    const x = graph.input('x', [4]);
    const used = scale(x, 2);
    gelu(gelu(used));
    graph.output(scale(used, 3));
    const plan = await compile(graph, await deviceOf(kind));
    expect(plan.counts.dispatches).toBe(2);
    plan.destroy();
  });

  test('produces a pinned tensor in its store, and nothing beside it', async () => {
    const device = await deviceOf(kind);
    const store = createStore(device, 64 + 100, 'gradient');
    store.write(new Float32Array(164).fill(9));
    const graph = new Graph();
    const x = graph.input('x', [50]);
    graph.pin(scale(x, 3), store, 64);
    const plan = await compile(graph, device);
    const values = draws(50, 0).map(Math.round);
    plan.write(x, values);
    plan.run();
    const got = await store.read();
    expect([...got.subarray(64, 114)]).toEqual([...values.map((v) => 3 * v)]);
    expect([...got.subarray(0, 64), ...got.subarray(114)].every((v) => v === 9)).toBe(true);
    plan.destroy();
  });

  test('debug names the first op whose output is not finite', async () => {
    const graph = new Graph();
    const x = graph.input('x', [100], true);
    const y = graph.output(add(silu(multiply(scale(x, 1), x)), x));
    const plan = await compile(graph, await deviceOf(kind));
    plan.write(x, new Float32Array(100).fill(1));
    await plan.debug();
    expect((await plan.read(y))[0]).toBeCloseTo(1 / (1 + Math.exp(-1)) + 1, 6);
    plan.write(x, new Float32Array(100).fill(Number.NaN, 99));
    await expect(plan.debug()).rejects.toThrow('[scale] expected finite numbers in scale');
    plan.destroy();
  });

  test('debug names an op in the middle that overflows', async () => {
    const graph = new Graph();
    const x = graph.input('x', [10]);
    let power = scale(x, 1);
    // (3e30)^2 overflows f32 at the first product; f64 needs four more.
    for (let k = 0; k < 5; k++) power = multiply(power, power);
    graph.output(add(power, x));
    const plan = await compile(graph, await deviceOf(kind));
    plan.write(x, new Float32Array(10).fill(3e30));
    await expect(plan.debug()).rejects.toThrow('[multiply] expected finite numbers');
    plan.destroy();
  });
});

/** A small training step in kind: products, activations, dropout, a gradient, an alias. */
function buildStep() {
  const graph = new Graph();
  const x = graph.input('x', [3, 1000]);
  const w = graph.input('w', [3, 1000], true);
  const h = dropout(gelu(multiply(x, w)), 0.25);
  const y = reshape(add(silu(h), multiply(h, h)), [3000]);
  const seed = graph.constant('seed', [3000], draws(3000, 9));
  const [gradient] = gradients([{ tensor: y, seed }], [w], add);
  return { graph, x, w, outputs: [graph.output(y), graph.output(gradient!)] };
}

test('replays equal each other and debug, bit for bit', async () => {
  const { graph, x, w, outputs } = buildStep();
  const plan = await compile(graph, await testDevice());
  plan.write(x, draws(3000, 0));
  plan.write(w, draws(3000, 1));
  const step = { seed: 4, step: 5 };
  const readAll = () => Promise.all(outputs.map((output) => plan.read(output)));
  plan.run(step);
  const first = await readAll();
  plan.run({ seed: 4, step: 6 });
  expect(await readAll()).not.toEqual(first);
  plan.run(step);
  expect(await readAll()).toEqual(first);
  plan.run({ seed: 4, step: 6 });
  await plan.debug(step);
  expect(await readAll()).toEqual(first);
  plan.destroy();
});

test('activations share buffers over time', async () => {
  const graph = new Graph();
  const size = 64 * 256;
  const x = graph.input('x', [size]);
  const layers = 10;
  let h = x;
  for (let k = 0; k < layers; k++) h = gelu(add(h, x));
  graph.output(h);
  const plan = await compile(graph, await testDevice());
  // The input, and the two that one op reads and writes.
  expect(plan.counts.bytes).toBe(3 * size * 4);
  const reference = compileCpu(graph);
  for (const one of [plan, reference]) {
    one.write(x, draws(size, 0));
    one.run();
  }
  const [got, expected] = [await plan.read(h), await reference.read(h)];
  // Ten f32 layers with slopes of about 1.
  const worst = got.reduce((max, v, i) => Math.max(max, Math.abs(v - expected[i])), 0);
  expect(worst).toBeLessThan(1e-4);
  plan.destroy();
});

/** Counts the calls of an object's methods, and of the objects that some of them return. */
function counted<T extends object>(target: T, calls: Map<string, number>): T {
  const deep = ['createCommandEncoder', 'beginComputePass'];
  return new Proxy(target, {
    get(_, key) {
      const value = Reflect.get(target, key) as unknown;
      if (key === 'queue') return counted(value as object, calls);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls.set(String(key), (calls.get(String(key)) ?? 0) + 1);
        const result = value.apply(target, args) as unknown;
        return deep.includes(String(key)) ? counted(result as object, calls) : result;
      };
    },
  });
}

test('a replay is one submit of one pass, and makes no buffer and no bind group', async () => {
  const calls = new Map<string, number>();
  const real = await testDevice();
  const gpu: GpuDevice = { ...real, device: counted(real.device, calls) };
  const { graph, x, w } = buildStep();
  const plan = await compile(graph, gpu);
  plan.write(x, draws(3000, 0));
  plan.write(w, draws(3000, 1));
  // The control: compiling makes them, so the counting sees them.
  expect(calls.get('createBindGroup')).toBe(plan.counts.dispatches);
  expect(calls.get('createBuffer')).toBeGreaterThan(3);
  for (let replay = 0; replay < 3; replay++) {
    calls.clear();
    plan.run({ step: replay });
    // Asking when the work is done costs nothing on the GPU; mapping a buffer would show here.
    calls.delete('onSubmittedWorkDone');
    expect(Object.fromEntries([...calls].sort())).toEqual({
      beginComputePass: 1,
      createCommandEncoder: 1,
      dispatchWorkgroups: plan.counts.dispatches,
      end: 1,
      finish: 1,
      setBindGroup: plan.counts.dispatches,
      setPipeline: calls.get('setPipeline'),
      submit: 1,
      writeBuffer: 1,
    });
    expect(calls.get('setPipeline')).toBeLessThanOrEqual(plan.counts.dispatches);
  }
  plan.destroy();
});

describe('a gpu plan refuses', () => {
  const compiled = async (build: (graph: Graph) => Tensor) => {
    const graph = new Graph();
    const x = build(graph);
    return { graph, x, plan: await compile(graph, await testDevice()) };
  };

  test('too few numbers', async () => {
    const { x, plan } = await compiled((graph) => {
      const x = graph.input('x', [4]);
      graph.output(scale(x, 2));
      return x;
    });
    expect(() => plan.write(x, new Float32Array(3))).toThrow('[x] expected 4 numbers, got 3');
    plan.destroy();
  });

  test('reading what no output needs', async () => {
    const { x, plan } = await compiled((graph) => scale(graph.input('x', [4]), 2));
    await expect(plan.read(x)).rejects.toThrow('expected a tensor of this plan');
    plan.destroy();
  });

  test('a store of the other device, and one at an odd offset', async () => {
    const gpu = await testDevice();
    const refused = async (device: Device, offset: number, message: string) => {
      const graph = new Graph();
      const store = createStore(device, 200, 'state');
      graph.output(scale(graph.stored('s', [4], store, offset), 2));
      await expect(compile(graph, gpu)).rejects.toThrow(message);
    };
    await refused(CPU, 0, '[s] expected a store of the gpu device');
    await refused(gpu, 63, '[s] expected an offset of whole 256 bytes, got 252');
  });
});
