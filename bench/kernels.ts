// Kernels alone against the adapter's peaks: the matrix products that the presets meet, SSD, norms and AdamW.

import { gradients } from '../src/autograd/gradients';
import { Graph } from '../src/autograd/graph';
import { compile } from '../src/autograd/plan';
import { createStore } from '../src/autograd/store';
import { type Shape, sizeOf, type Tensor } from '../src/autograd/tensor';
import type { GpuDevice } from '../src/gpu/device';
import { add } from '../src/ops/elementwise';
import { layerNorm } from '../src/ops/layerNorm';
import { matmul } from '../src/ops/matmul';
import { adamW, globalNorm } from '../src/ops/optimiser';
import { ssd } from '../src/ops/ssd';
import { CHUNK_FRAMES } from '../src/ops/ssdShape';
import { recordDispatches } from './counters';
import type { Peaks } from './peaks';
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

const MATMULS: readonly [string, number, number, number, 'forward' | 'input' | 'weight'][] = [
  ['reference', 4096, 1024, 256, 'forward'],
  // Rows of the paper-scale student at batch 2.
  ['tokenizer', 1000, 256, 768, 'forward'],
  ['in_proj', 1000, 1024, 256, 'forward'],
  ['bc_proj', 1000, 128, 512, 'forward'],
  ['dt_proj', 1000, 8, 512, 'forward'],
  ['out_proj', 1000, 256, 512, 'forward'],
  ['in_proj, by input', 1000, 256, 1024, 'input'],
  ['out_proj, by input', 1000, 512, 256, 'input'],
  ['in_proj, by weight', 1024, 256, 1000, 'weight'],
  ['out_proj, by weight', 256, 512, 1000, 'weight'],
  // Case M8.
  ['M8 in_proj', 2048, 644, 128, 'forward'],
  ['M8 in_proj, by weight', 644, 128, 2048, 'weight'],
];

const shaped = (...shape: number[]): string => shape.join(' x ');
const megabytes = (...shapes: Shape[]): number =>
  shapes.reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);

function matmulWork(): Work[] {
  return MATMULS.map(([name, m, n, k, kind]) => ({
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
function appendGradients(graph: Graph, output: Tensor, inputs: readonly Tensor[]): void {
  const seed = graph.input('seed', output.shape);
  for (const gradient of gradients([{ tensor: output, seed }], inputs, add))
    graph.output(gradient!);
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
    if (isBackward) appendGradients(graph, y, Object.values(inputs));
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
    appendGradients(graph, y, [x, weight, bias]);
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

/** Every kernel alone. */
export async function benchKernels(
  gpu: GpuDevice,
  peaks: Peaks,
  log: (line: string) => void,
): Promise<KernelRow[]> {
  const paper = [2, 500, 8, 64, 64];
  const medium = [8, 256, 4, 64, 64];
  const rows: KernelRow[] = [];
  for (const work of [...matmulWork(), ...ssdWork(paper), ...ssdWork(medium), ...otherWork()]) {
    const graph = new Graph();
    work.build(graph, gpu);
    const plan = await compile(graph, gpu);
    const recorded = await recordDispatches(() => plan.run());
    await plan.finished(0);
    const counted = recorded.filter(({ label }, i) => work.counts?.(label, i) ?? true);
    const ms = await timeDispatches(gpu, counted);
    plan.destroy();
    const gflops = (work.gflop / ms) * 1000;
    const gbPerS = work.bytes / ms / 1e6;
    const ofCompute = gflops / peaks.gflops;
    const ofMemory = gbPerS / peaks.gbPerS;
    const bound = ofCompute > ofMemory ? 'compute' : 'memory';
    const fraction = Math.max(ofCompute, ofMemory);
    rows.push({ kernel: work.kernel, shape: work.shape, ms, gflops, gbPerS, bound, fraction });
    log(
      `${work.kernel} ${work.shape}: ${ms.toFixed(2)} ms, ${(100 * fraction).toFixed(0)} % of ${bound}`,
    );
  }
  return rows;
}
