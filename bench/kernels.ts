// Kernels alone against the adapter's peaks: the matrix products that the presets meet, SSD, what lies between them, and
// AdamW.

import { gradients } from '../src/autograd/gradients';
import { Graph } from '../src/autograd/graph';
import { compile } from '../src/autograd/plan';
import { createStore } from '../src/autograd/store';
import { type Shape, sizeOf, type Tensor } from '../src/autograd/tensor';
import type { GpuDevice } from '../src/gpu/device';
import { causalConv1d } from '../src/ops/causalConv1d';
import { dropPathAdd } from '../src/ops/dropout';
import { add } from '../src/ops/elementwise';
import { gate } from '../src/ops/gate';
import { layerNorm } from '../src/ops/layerNorm';
import { matmul } from '../src/ops/matmul';
import { adamW, globalNorm } from '../src/ops/optimiser';
import { ssd } from '../src/ops/ssd';
import { CHUNK_FRAMES } from '../src/ops/ssdShape';
import { ssmInputs } from '../src/ops/ssmInputs';
import { recordDispatches } from './counters';
import { matmulShapes } from './matmulShapes';
import { createPeakMeter, type Peaks } from './peaks';
import { timeDispatches } from './repeat';

export interface KernelRow {
  readonly kernel: string;
  readonly shape: string;
  readonly ms: number;
  readonly gflops: number;
  readonly gbPerS: number;
  /** What limits it at best, and the fraction of that limit reached. */
  readonly bound: 'compute' | 'memory';
  readonly fraction: number;
}

interface Work {
  readonly kernel: string;
  readonly shape: string;
  readonly gflop: number;
  readonly bytes: number;
  build(graph: Graph, gpu: GpuDevice): void;
  /** Which of the recorded dispatches count; default all. */
  readonly counts?: (label: string, i: number) => boolean;
}

const shaped = (...shape: number[]): string => shape.join(' x ');
const megabytes = (...shapes: Shape[]): number =>
  shapes.reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);

function matmulWork(): Work[] {
  return matmulShapes().map(({ name, m, n, k, kind }) => ({
    kernel: `matmul ${name}`,
    shape: shaped(m, n, k),
    gflop: (2 * m * n * k) / 1e9,
    bytes: megabytes([m, k], [k, n], [m, n]),
    build(graph) {
      const a = graph.input('a', kind === 'weight' ? [k, m] : [m, k]);
      const b = graph.input('b', kind === 'forward' ? [n, k] : [k, n]);
      const options = { transposeA: kind === 'weight', transposeB: kind === 'forward' };
      graph.output(matmul(a, b, options));
    },
  }));
}

/** Appends the gradient of every input that needs one, from a gradient of ones. */
function appendGradients(
  graph: Graph,
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
): void {
  const seeds = outputs.map((tensor) => ({ tensor, seed: graph.input('seed', tensor.shape) }));
  for (const gradient of gradients(seeds, inputs, add)) if (gradient) graph.output(gradient);
}

function ssdWork([B, T, H, P, N]: readonly number[]): Work[] {
  const shape = `B ${B}, T ${T}, H ${H}, P ${P}, N ${N}`;
  const Q = CHUNK_FRAMES;
  const chunks = Math.ceil(T / Q);
  const rows = B * T * H;
  const states = [B, chunks, H, P, N];
  const io = megabytes([B, T, H, P], [B, T, H, P], [B, T, 2 * N], [B, T, H]);
  const build = (graph: Graph, isBackward: boolean): void => {
    const input = (name: string, of: Shape): Tensor => graph.input(name, of, isBackward);
    const inputs = {
      x: input('x', [B, T, H, P]),
      dt: input('dt', [B, T, H]),
      aLog: input('aLog', [H]),
      bc: input('bc', [B, T, 2 * N]),
      d: input('d', [H]),
    };
    const { y } = ssd({ ...inputs, inputScale: 'one' });
    graph.output(y);
    if (isBackward) appendGradients(graph, [y], Object.values(inputs));
  };
  const forwardDispatches = 3;
  return [
    {
      kernel: 'ssd forward',
      shape,
      // Causal halves of the chunk products count, nothing that is computed twice.
      gflop: (rows * (4 * P * N + Q * P + (Q * N) / H)) / 1e9,
      bytes: io + 3 * megabytes(states),
      build: (graph) => build(graph, false),
    },
    {
      kernel: 'ssd backward',
      shape,
      gflop: (rows * (8 * P * N + 3 * Q * (P + N / H))) / 1e9,
      bytes: 2 * io + 5 * megabytes(states),
      build: (graph) => build(graph, true),
      counts: (_, i) => i >= forwardDispatches,
    },
  ];
}

function otherWork(): Work[] {
  const [rows, width] = [1000, 256];
  const elements = 4_909_273 + (64 - (4_909_273 % 64));
  const norm = (graph: Graph): void => {
    const x = graph.input('x', [rows, width], true);
    const weight = graph.input('weight', [width], true);
    const bias = graph.input('bias', [width], true);
    const y = graph.output(layerNorm(x, weight, bias));
    appendGradients(graph, [y], [x, weight, bias]);
  };
  return [
    {
      kernel: 'layerNorm forward',
      shape: shaped(rows, width),
      gflop: (8 * rows * width) / 1e9,
      bytes: 2 * megabytes([rows, width]),
      build: norm,
      counts: (label) => label === 'layer_norm.forward',
    },
    {
      kernel: 'layerNorm backward',
      shape: shaped(rows, width),
      gflop: (12 * rows * width) / 1e9,
      bytes: 3 * megabytes([rows, width]),
      build: norm,
      counts: (label) => label !== 'layer_norm.forward',
    },
    ...elementwiseWork(),
    {
      kernel: 'AdamW with norm',
      shape: shaped(elements),
      gflop: (16 * elements) / 1e9,
      bytes: 8 * megabytes([elements]),
      build(graph, gpu) {
        const stored = (name: string): Tensor =>
          graph.stored(name, [elements], createStore(gpu, elements, name));
        const gradient = stored('gradient');
        adamW(
          {
            parameters: stored('parameters'),
            gradient,
            m: stored('m'),
            v: stored('v'),
            norm: globalNorm(gradient),
          },
          { weightDecay: 0, decayCount: elements, trainedCount: elements, clipNorm: 1 },
        );
      },
    },
  ];
}

const ROUNDS = 3;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[ROUNDS >> 1];

/** What lies between the products of a layer: x of the convolution and z of the gate in one row. */
function elementwiseWork(): Work[] {
  const [batch, frames, inner, modelDim, heads, stateDim] = [2, 500, 512, 256, 8, 64];
  const narrow = [batch, frames, inner];
  const wide = [batch, frames, 2 * inner];
  const stream = [batch, frames, modelDim];
  const raw = [batch, frames, 2 * stateDim + heads];
  interface Case {
    readonly kernel: string;
    readonly shape: Shape;
    readonly inputs: readonly Shape[];
    /** f32 numbers moved, forward and backward. */
    readonly moved: readonly [readonly Shape[], readonly Shape[]];
    readonly forwardDispatches: number;
    build(inputs: readonly Tensor[]): Tensor[];
  }
  const cases: Case[] = [
    {
      kernel: 'convolution',
      shape: narrow,
      inputs: [wide, [inner, 1, 4], [inner]],
      moved: [
        [narrow, narrow],
        [narrow, narrow, wide, wide],
      ],
      forwardDispatches: 1,
      build: ([x, weight, bias]) => [causalConv1d(x, weight, bias, { silu: true })],
    },
    {
      kernel: 'rotation of B and C, softplus of dt',
      shape: raw,
      inputs: [raw, [heads], [frames, stateDim]],
      moved: [
        [raw, raw],
        [raw, raw, raw],
      ],
      forwardDispatches: 1,
      build: ([x, bias, angles]) => Object.values(ssmInputs(x, bias, angles)),
    },
    {
      kernel: 'gate',
      shape: narrow,
      inputs: [narrow, wide],
      moved: [
        [narrow, narrow, narrow],
        [narrow, narrow, narrow, narrow, wide],
      ],
      forwardDispatches: 1,
      build: ([y, z]) => [gate(y, z)],
    },
    {
      kernel: 'dropout, drop-path and residual',
      shape: stream,
      inputs: [stream, stream],
      moved: [
        [stream, stream, stream],
        [stream, stream],
      ],
      forwardDispatches: 1,
      build: ([x, branch]) => [dropPathAdd(x, branch, { dropout: 0.1, dropPath: 0.1 })],
    },
  ];
  return cases.flatMap(({ kernel, shape, inputs, moved, forwardDispatches, build }) => {
    const append = (graph: Graph, isBackward: boolean): void => {
      const tensors = inputs.map((of, i) => graph.input(`input ${i}`, of, isBackward));
      const outputs = build(tensors);
      for (const output of outputs) graph.output(output);
      if (isBackward) appendGradients(graph, outputs, tensors);
    };
    return [false, true].map((isBackward) => ({
      kernel: `${kernel} ${isBackward ? 'backward' : 'forward'}`,
      shape: shaped(...shape),
      gflop: (10 * sizeOf(shape)) / 1e9,
      bytes: megabytes(...moved[Number(isBackward)]),
      build: (graph: Graph) => append(graph, isBackward),
      counts: (_: string, i: number) => !isBackward || i >= forwardDispatches,
    }));
  });
}

/** Every kernel whose name contains `name` alone, beside the peaks of the same seconds. */
export async function benchKernels(
  gpu: GpuDevice,
  name: string,
  log: (line: string) => void,
): Promise<KernelRow[]> {
  const paper = [2, 500, 8, 64, 64];
  const medium = [8, 256, 4, 64, 64];
  const rows: KernelRow[] = [];
  const meter = await createPeakMeter(gpu);
  const all = [...matmulWork(), ...ssdWork(paper), ...ssdWork(medium), ...otherWork()];
  for (const work of all.filter(({ kernel }) => kernel.includes(name))) {
    const graph = new Graph();
    work.build(graph, gpu);
    const plan = await compile(graph, gpu);
    const recorded = await recordDispatches(() => plan.run());
    await plan.finished(0);
    const counted = recorded.filter(({ label }, i) => work.counts?.(label, i) ?? true);
    const times: number[] = [];
    const peaks: Peaks[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      times.push(await timeDispatches(gpu, counted));
      peaks.push(await meter.measure());
    }
    plan.destroy();
    const ms = median(times);
    const gflops = (work.gflop / ms) * 1000;
    const gbPerS = work.bytes / ms / 1e6;
    const ofCompute = gflops / median(peaks.map((peak) => peak.gflops));
    const ofMemory = gbPerS / median(peaks.map((peak) => peak.gbPerS));
    const bound = ofCompute > ofMemory ? 'compute' : 'memory';
    const fraction = Math.max(ofCompute, ofMemory);
    rows.push({ kernel: work.kernel, shape: work.shape, ms, gflops, gbPerS, bound, fraction });
    log(
      `${work.kernel} ${work.shape}: ${ms.toFixed(2)} ms, ${(100 * fraction).toFixed(0)} % of ${bound}`,
    );
  }
  meter.destroy();
  return rows;
}
