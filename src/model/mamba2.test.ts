// The reference Mamba-2 block against its equations written as plain loops.

import { expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { ParameterSet } from '../autograd/parameterSet';
import { compile } from '../autograd/plan';
import { CPU } from '../autograd/store';
import { sizeOf } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { normalValue } from '../ops/evaluateGraph';
import { headCount, innerDim } from './config';
import { type Mamba2Config, mamba2Block, mamba2Parameters } from './mamba2';
import { initialWeights } from './parameters';

const BATCH = 2;
const FRAMES = 70;

/** The cpu device rounds its input and output to f32; f32 sums of a few hundred terms. */
const TWIN_TOLERANCE = 1e-6;
const GPU_TOLERANCE = 1e-5;

const configs: [string, Mamba2Config][] = [
  ['two heads', { modelDim: 16, stateDim: 8, headDim: 16, expand: 2, convTaps: 4 }],
  ['odd sizes', { modelDim: 12, stateDim: 20, headDim: 4, expand: 1, convTaps: 3 }],
];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const silu = (x: number): number => x * sigmoid(x);

/** One sample [T, D], frame by frame, in the words of the reference implementation's step function. */
function blockOfEquations(
  x: Float32Array,
  weights: ReadonlyMap<string, Float32Array>,
  { modelDim, stateDim, headDim, expand, convTaps }: Mamba2Config,
): number[] {
  const p = (name: string): Float32Array => weights.get(`m.${name}`)!;
  const inner = expand * modelDim;
  const convolved = inner + 2 * stateDim;
  const past: number[][] = Array.from({ length: convTaps }, () => new Array(convolved).fill(0));
  const state = new Float64Array(inner * stateDim);
  const out: number[] = [];
  const product = (weight: Float32Array, row: number, vector: ArrayLike<number>): number => {
    let sum = 0;
    for (let k = 0; k < vector.length; k++) sum += weight[row * vector.length + k] * vector[k];
    return sum;
  };
  for (let t = 0; t < FRAMES; t++) {
    const frame = x.subarray(t * modelDim, (t + 1) * modelDim);
    const row = (r: number): number => product(p('in_proj.weight'), r, frame);
    const z = Array.from({ length: inner }, (_, i) => row(i));
    past.push(Array.from({ length: convolved }, (_, i) => row(inner + i)));
    past.shift();
    const xbc = past[0].map((_, i) => {
      let sum = p('conv1d.bias')[i];
      for (let k = 0; k < convTaps; k++) sum += p('conv1d.weight')[i * convTaps + k] * past[k][i];
      return silu(sum);
    });
    const y = Array.from({ length: inner }, (_, i) => {
      const h = Math.floor(i / headDim);
      const dt = Math.log1p(Math.exp(row(inner + convolved + h) + p('dt_bias')[h]));
      const decay = Math.exp(-Math.exp(p('A_log')[h]) * dt);
      let sum = p('D')[h] * xbc[i];
      for (let n = 0; n < stateDim; n++) {
        const at = i * stateDim + n;
        state[at] = decay * state[at] + dt * xbc[i] * xbc[inner + n];
        sum += state[at] * xbc[inner + stateDim + n];
      }
      return sum * silu(z[i]);
    });
    const rms = Math.sqrt(y.reduce((sum, v) => sum + v * v, 0) / inner + 1e-5);
    const normed = y.map((v, i) => (v / rms) * p('norm.weight')[i]);
    for (let d = 0; d < modelDim; d++) {
      out.push(product(p('out_proj.weight'), d, normed) + frame[d]);
    }
  }
  return out;
}

test.each(configs)('equals its equations: %s', async (_, config) => {
  const x = normalValue([BATCH, FRAMES, config.modelDim], 5);
  const specs = mamba2Parameters('m.', config);
  const weights = initialWeights(specs, 3, 'mamba2');
  const size = FRAMES * config.modelDim;
  const expected = [0, 1].flatMap((b) =>
    blockOfEquations(x.values.slice(b * size, (b + 1) * size), weights, config),
  );
  for (const [device, tolerance] of [
    [CPU, TWIN_TOLERANCE],
    [await testDevice(), GPU_TOLERANCE],
  ] as const) {
    const parameters = new ParameterSet(device, specs);
    parameters.load(weights);
    const graph = new Graph();
    const input = graph.input('x', x.shape);
    const output = graph.output(mamba2Block(input, parameters.reader(graph), 'm.', config, input));
    const plan = await compile(graph, device);
    plan.write(input, x.values);
    plan.run();
    const got = await plan.read(output);
    const error = Math.hypot(...expected.map((v, i) => v - got[i])) / Math.hypot(...expected);
    expect(error, device.kind).toBeLessThan(tolerance);
    // Control: the block does more than pass its input on.
    expect(Math.hypot(...got.map((v, i) => v - x.values[i]))).toBeGreaterThan(0.1);
    plan.destroy();
  }
});

test('has the parameters and the initial values of the reference', () => {
  const config: Mamba2Config = {
    modelDim: 128,
    stateDim: 64,
    headDim: 64,
    expand: 2,
    convTaps: 4,
  };
  const specs = mamba2Parameters('', config);
  expect(specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(
    128 * (2 * 256 + 2 * 64 + 4) + (256 + 128) * 5 + 3 * 4 + 256 + 256 * 128,
  );
  expect([innerDim(config), headCount(config)]).toEqual([256, 4]);
  expect(specs.filter(({ decay }) => !decay).map(({ name }) => name)).toEqual([
    'dt_bias',
    'A_log',
    'D',
  ]);
  const weights = initialWeights(specs, 1, 'mamba2');
  for (const a of weights.get('A_log')!) {
    expect(Math.exp(a)).toBeGreaterThanOrEqual(1);
    expect(Math.exp(a)).toBeLessThanOrEqual(16);
  }
  for (const bias of weights.get('dt_bias')!) {
    const dt = Math.log1p(Math.exp(bias));
    expect(dt).toBeGreaterThan(0.00099);
    expect(dt).toBeLessThan(0.101);
  }
});
