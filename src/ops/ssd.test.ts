// Proof of the SSD layer: chunked kernels against the plain recurrence, causality, streaming, reproducibility.

import { expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { compileGpu } from '../autograd/gpuPlan';
import { gradients } from '../autograd/gradients';
import { Graph } from '../autograd/graph';
import type { Shape, Tensor } from '../autograd/tensor';
import { gaussian, PURPOSE } from '../base/rng';
import { testDevice } from '../gpu/testDevice';
import { add } from './elementwise';
import { flipFrames } from './evaluateGraph';
import { ssd } from './ssd';
import { testOp } from './testOp';

const FRAMES = [1, 2, 63, 64, 65];

/** Each row is compiled once; frames, batch, decays and initial state are drawn afresh for every case. */
const LAYERS = [
  { H: 1, P: 4, N: 4, directions: 1, inputScale: 'one' },
  { H: 2, P: 8, N: 8, directions: 2, inputScale: 'one' },
  { H: 4, P: 12, N: 4, directions: 1, inputScale: 'dt' },
  { H: 3, P: 4, N: 20, directions: 2, inputScale: 'dt' },
  { H: 1, P: 64, N: 64, directions: 1, inputScale: 'one' },
  { H: 2, P: 68, N: 72, directions: 2, inputScale: 'dt' },
] as const;

const shapesOf = (
  B: number,
  T: number,
  H: number,
  P: number,
  N: number,
  directions: 1 | 2 = 1,
): Shape[] => [
  [B, T, H, P],
  [B, T, H],
  [directions * H],
  [B, T, 2 * N],
  [directions * H],
  [B, H, P, N],
];

const build = (graph: Graph, x: Shape, dt: Shape, bc: Shape, directions: 1 | 2 = 1): unknown =>
  ssd({
    x: graph.input('x', x),
    dt: graph.input('dt', dt),
    aLog: graph.input('aLog', [2]),
    bc: graph.input('bc', bc),
    d: graph.input('d', [2]),
    directions,
    inputScale: 'one',
  });

testOp('ssd', {
  hasSubgroupForm: true,
  cases(draw, i) {
    const { H, P, N, ...options } = LAYERS[i % LAYERS.length];
    const { directions } = options;
    const longest = P * N > 256 ? 70 : 130;
    const T = i < 30 ? FRAMES[i % FRAMES.length] : draw.integer(1, longest);
    const shapes = shapesOf(directions * draw.integer(1, 2), T, H, P, N, directions);
    const hasInitial = draw.pick([false, true]);
    const dtScale = draw.pick([1e-3, 0.1, 1, 10]);
    return {
      label: `dt ${dtScale} ${JSON.stringify(options)}`,
      inputs: hasInitial ? shapes : shapes.slice(0, 5),
      build([x, dt, aLog, bc, d, initialState]) {
        const { y, finalState } = ssd({ x, dt, aLog, bc, d, initialState, ...options });
        return [y, finalState];
      },
      // Every third dt is moderate: were all decays 0, the gradient of dt would drown in central differences.
      sample(input, z, k) {
        if (input !== 1) return z;
        return k % 3 === 0 ? 0.1 * Math.exp(0.5 * z) : Math.min(30, dtScale * Math.exp(2 * z));
      },
    };
  },
  errors: [
    {
      build: (graph) => build(graph, [1, 4, 2], [1, 4, 2], [1, 4, 6]),
      message: /\[ssd\] expected x \[B, T, H, P\], got \[1, 4, 2\]/,
    },
    {
      build: (graph) => build(graph, [1, 4, 2, 4], [1, 2, 4], [1, 4, 8]),
      message: /\[ssd\] expected dt \[1, 4, 2\], got \[1, 2, 4\]/,
    },
    {
      build: (graph) => build(graph, [1, 4, 2, 4], [1, 4, 2], [1, 4, 5]),
      message: /\[ssd\] expected bc \[1, 4, 2N\], got \[1, 4, 5\]/,
    },
    {
      build: (graph) => build(graph, [1, 4, 2, 4], [1, 4, 2], [1, 4, 12]),
      message:
        /\[ssd\] expected a head size P and a state size N in multiples of 4, got P 4 and N 6/,
    },
    {
      build: (graph) => build(graph, [3, 4, 1, 4], [3, 4, 1], [3, 4, 8], 2),
      message: /\[ssd\] expected a batch entry for each of two directions, got \[3, 4, 1, 4\]/,
    },
    {
      build: (graph) => build(graph, [2, 4, 2, 4], [2, 4, 2], [2, 4, 8], 2),
      message: /\[ssd\] expected aLog \[4\], got \[2\]/,
    },
  ],
});

/** f32 against the float64 recurrence, relative to the norm. */
const TOLERANCE = 1e-5;
const [H, P, N] = [2, 8, 8];

interface Layer {
  readonly inputs: readonly Tensor[];
  readonly y: Tensor;
  readonly finalState: Tensor;
}

function appendLayer(
  graph: Graph,
  T: number,
  options: { directions?: 1 | 2; differentiable?: boolean } = {},
): Layer {
  const { directions = 1, differentiable = false } = options;
  const inputs = shapesOf(directions, T, H, P, N, directions).map((shape, k) =>
    graph.input(`input${k}`, shape, differentiable),
  );
  const [x, dt, aLog, bc, d, initialState] = inputs;
  const { y, finalState } = ssd({
    x,
    dt,
    aLog,
    bc,
    d,
    initialState,
    directions,
    inputScale: 'one',
  });
  graph.output(y);
  graph.output(finalState);
  return { inputs, y, finalState };
}

/** As the layer's own inputs are distributed: dt around 0.3, the rest standard normal. */
function valuesOf(inputs: readonly Tensor[]): Float32Array[] {
  return inputs.map((input, k) =>
    Float32Array.from({ length: input.size }, (_, j) => {
      const z = gaussian(5, PURPOSE.test, k, j);
      return k === 1 ? 0.3 * Math.exp(z) : z;
    }),
  );
}

async function runGpu(graph: Graph, layer: Layer, values: readonly Float32Array[]) {
  const plan = await compileGpu(graph, await testDevice());
  layer.inputs.forEach((input, k) => {
    plan.write(input, values[k]);
  });
  plan.run();
  return plan;
}

function relativeError(got: Float32Array, expected: ArrayLike<number>): number {
  let error = 0;
  let norm = 0;
  got.forEach((value, k) => {
    error += (value - expected[k]) ** 2;
    norm += expected[k] ** 2;
  });
  return Math.sqrt(error / norm);
}

test.each([1, 63, 64, 65, 500])(
  '%d frames in chunks equal the recurrence from an initial state, both ways',
  async (T) => {
    for (const directions of [1, 2] as const) {
      const graph = new Graph();
      const layer = appendLayer(graph, T, { directions, differentiable: true });
      const values = valuesOf(layer.inputs);
      const cpu = compileCpu(graph);
      layer.inputs.forEach((input, k) => {
        cpu.write(input, values[k]);
      });
      cpu.run();
      const plan = await runGpu(graph, layer, values);
      for (const output of [layer.y, layer.finalState]) {
        const error = relativeError(await plan.read(output), cpu.values(output));
        expect(error, `${directions} directions`).toBeLessThan(TOLERANCE);
      }
      plan.destroy();
    }
  },
);

test('frame by frame with the state carried equals all frames at once', async () => {
  const T = 100;
  const graph = new Graph();
  const layer = appendLayer(graph, T);
  const values = valuesOf(layer.inputs);
  const full = await runGpu(graph, layer, values);
  const expected = await full.read(layer.y);

  const stepGraph = new Graph();
  const step = appendLayer(stepGraph, 1);
  let state = values[5];
  const [x, dt, aLog, bc, d] = values;
  const got = new Float32Array(expected.length);
  const plan = await compileGpu(stepGraph, await testDevice());
  for (let t = 0; t < T; t++) {
    const frame = (all: Float32Array): Float32Array => {
      const width = all.length / T;
      return all.slice(t * width, (t + 1) * width);
    };
    [frame(x), frame(dt), aLog, frame(bc), d, state].forEach((value, k) => {
      plan.write(step.inputs[k], value);
    });
    plan.run();
    got.set(await plan.read(step.y), t * H * P);
    state = await plan.read(step.finalState);
  }
  expect(relativeError(got, expected)).toBeLessThan(TOLERANCE);
  expect(relativeError(state, await full.read(layer.finalState))).toBeLessThan(TOLERANCE);
});

test('frames after t do not change one bit of the outputs up to t', async () => {
  const T = 150;
  const graph = new Graph();
  const layer = appendLayer(graph, T);
  const values = valuesOf(layer.inputs);
  const plan = await runGpu(graph, layer, values);
  const before = await plan.read(layer.y);
  for (const t of [0, 5, 63, 64, 100, 148]) {
    const perturbed = values.map((all, k) => {
      if (![0, 1, 3].includes(k)) return all;
      return all.map((value, j) => (j >= ((t + 1) * all.length) / T ? 3 * value + 1 : value));
    });
    layer.inputs.forEach((input, k) => {
      plan.write(input, perturbed[k]);
    });
    plan.run();
    const after = await plan.read(layer.y);
    const end = (t + 1) * H * P;
    const bits = (all: Float32Array) => new Uint32Array(all.slice(0, end).buffer);
    expect(bits(after), `t = ${t}`).toEqual(bits(before));
    expect(after.slice(end, end + H * P)).not.toEqual(before.slice(end, end + H * P));
  }
});

test('5 runs give the same bits, forward and backward', async () => {
  const graph = new Graph();
  const layer = appendLayer(graph, 130, { differentiable: true });
  const found = gradients(
    [{ tensor: layer.y, seed: graph.constant('seed', layer.y.shape, onesOf(layer.y.size)) }],
    layer.inputs,
    add,
  ).map((gradient) => graph.output(gradient!));
  const plan = await runGpu(graph, layer, valuesOf(layer.inputs));
  const readAll = () => Promise.all([layer.y, ...found].map((tensor) => plan.read(tensor)));
  const first = await readAll();
  for (let run = 1; run < 5; run++) {
    plan.run();
    expect(await readAll()).toEqual(first);
  }
});

test('a gradient through the final state alone equals the recurrence', async () => {
  const graph = new Graph();
  const layer = appendLayer(graph, 70, { differentiable: true });
  const { finalState } = layer;
  const seed = graph.constant('seed', finalState.shape, onesOf(finalState.size));
  const found = gradients([{ tensor: finalState, seed }], layer.inputs, add);
  for (const gradient of found) graph.output(gradient!);
  const values = valuesOf(layer.inputs);
  const cpu = compileCpu(graph);
  layer.inputs.forEach((input, k) => {
    cpu.write(input, values[k]);
  });
  cpu.run();
  const plan = await runGpu(graph, layer, values);
  for (const [k, gradient] of found.entries()) {
    const got = await plan.read(gradient!);
    // D does not reach the state: its gradient is exactly 0.
    if (k === 4) expect([...got]).toEqual([0, 0]);
    else expect(relativeError(got, cpu.values(gradient!)), `input ${k}`).toBeLessThan(TOLERANCE);
  }
});

test('the second of two directions equals the layer on flipped frames to the bit, and the first the plain layer', async () => {
  const [B, T] = [2, 70];
  const inTime = [true, true, false, true, false, false];
  const build = async (directions: 1 | 2, values?: readonly Float32Array[]) => {
    const graph = new Graph();
    const shapes = shapesOf(directions * B, T, H, P, N, directions);
    const inputs = shapes.map((shape, k) => graph.input(`input${k}`, shape, true));
    const [x, dt, aLog, bc, d, initialState] = inputs;
    const { y, finalState } = ssd({
      x,
      dt,
      aLog,
      bc,
      d,
      initialState,
      directions,
      inputScale: 'dt',
    });
    const seeds = [y, finalState].map((tensor) => {
      const seed = graph.constant('seed', tensor.shape, onesOf(tensor.size));
      return { tensor, seed };
    });
    const found = gradients(seeds, inputs, add).map((gradient) => gradient!);
    for (const tensor of [y, finalState, ...found]) graph.output(tensor);
    const given = values ?? valuesOf(inputs);
    const plan = await runGpu(graph, { inputs, y, finalState }, given);
    const results = await Promise.all([y, finalState, ...found].map((tensor) => plan.read(tensor)));
    plan.destroy();
    return { given, results };
  };
  const both = await build(2);
  const halves = (all: readonly Float32Array[], direction: number) =>
    all.map((values) =>
      values.slice((direction * values.length) / 2, ((direction + 1) * values.length) / 2),
    );
  const flip = (all: readonly Float32Array[], isInTime: readonly boolean[]) =>
    all.map((values, k) =>
      isInTime[k] ? flipFrames({ shape: [B, T, values.length / (B * T)], values }).values : values,
    );
  const ahead = await build(1, halves(both.given, 0));
  expect(halves(both.results, 0)).toEqual(ahead.results);
  const back = await build(1, flip(halves(both.given, 1), inTime));
  expect(halves(both.results, 1)).toEqual(flip(back.results, [true, false, ...inTime]));
  // Control: not the same when the frames are not flipped.
  const plain = await build(1, halves(both.given, 1));
  expect(halves(both.results, 1)).not.toEqual(plain.results);
});

function onesOf(size: number): Float32Array {
  return new Float32Array(size).fill(1);
}
