// The one proof that every op gets: GPU against the float64 twin, forward and backward, over many random shapes,
// the twin's gradient against central differences, and the shape errors.

import { describe, expect, test } from 'vitest';
import { type CpuPlan, compileCpu } from '../autograd/cpuPlan';
import { compileGpu } from '../autograd/gpuPlan';
import { gradients } from '../autograd/gradients';
import { Graph, type Precision } from '../autograd/graph';
import type { Shape, Tensor } from '../autograd/tensor';
import { gaussian, integer, PURPOSE, uniform } from '../base/rng';
import type { GpuDevice } from '../gpu/device';
import { baseLevelDevice, testDevice } from '../gpu/testDevice';
import { add } from './elementwise';

/** Seeded random choices for one case. */
export interface Draw {
  integer(low: number, high: number): number;
  pick<T>(choices: readonly T[]): T;
}

export interface OpCase {
  /** Shown when the case fails, beside the shapes. */
  readonly label?: string;
  readonly inputs: readonly Shape[];
  /** Appends the op; several outputs are proved together. */
  build(inputs: readonly Tensor[]): Tensor | readonly Tensor[];
  /** Number k of input i from a standard normal draw z; default z itself. */
  sample?(input: number, z: number, k: number): number;
  /** Inputs with a gradient; default all, none for an op that is not differentiable. */
  readonly differentiable?: readonly boolean[];
}

export interface OpTest {
  /** Random case number i. Make the first ones the edges: size 1, sizes around the workgroup. */
  cases(draw: Draw, i: number): OpCase;
  readonly count?: number;
  /** Graph-building calls that must throw, with what the message must say. */
  readonly errors?: readonly { build(graph: Graph): unknown; message: RegExp }[];
  readonly tolerance?: Partial<typeof TOLERANCE>;
  /** Its kernels have a form for subgroups: the one that runs everywhere is then proved beside it. */
  readonly hasSubgroupForm?: boolean;
  /** The test device as each of its forms that are proved; default as it is. With none the proof is skipped. */
  readonly formsOf?: (gpu: GpuDevice) => readonly GpuDevice[];
  /** Of the graph; default f32. */
  readonly precision?: Precision;
}

/** Relative to the norm of the reference; element-wise ten times that, relative to its largest value. */
export const TOLERANCE = {
  /** f32 rounding over sums of a few hundred terms. */
  forward: 1e-5,
  /** A gradient sums more terms and passes through more ops. */
  backward: 5e-5,
  /** Central differences in float64 with a step of 1e-5: truncation about 1e-10, rounding about 1e-11. */
  differences: 1e-6,
};

const STEP_SIZE = 1e-5;

export function testOp(name: string, options: OpTest): void {
  const tolerance = { ...TOLERANCE, ...options.tolerance };
  const count = options.count ?? 50;
  describe(`${name} op`, () => {
    for (const { build, message } of options.errors ?? []) {
      test(`refuses: ${message.source}`, () => {
        expect(() => build(new Graph())).toThrow(message);
      });
    }
    test(`${count} random cases on cpu, gpu and by central differences`, async ({ task, skip }) => {
      const gpu = await testDevice();
      const devices = [...(options.formsOf?.(gpu) ?? [gpu])];
      if (devices.length === 0) skip('SKIPPED: this adapter has no such form');
      if (options.hasSubgroupForm) devices.push(await baseLevelDevice());
      for (let i = 0; i < count; i++) {
        const opCase = options.cases(drawFor(i), i);
        const shapes = opCase.inputs.map((shape) => `[${shape}]`).join(' ');
        const where = `${name} case ${i} ${opCase.label ?? ''} ${shapes}`;
        const { graph, inputs, outputs, gradientsOf } = buildCase(opCase, options.precision);
        const values = inputs.map((input, k) => sampleInput(opCase, input.size, i, k));
        const cpu = compileCpu(graph);
        inputs.forEach((input, k) => {
          cpu.write(input, values[k]);
        });
        cpu.run();
        for (const gpu of devices) {
          const onGpu = await compileGpu(graph, gpu);
          inputs.forEach((input, k) => {
            onGpu.write(input, Float32Array.from(values[k]));
          });
          onGpu.run();
          const form = `${where} subgroups of ${gpu.subgroupSize}${gpu.multipliesHalves ? ', in f16' : ''}`;
          for (const [k, output] of outputs.entries()) {
            const got = await onGpu.read(output);
            compare(`${form} output ${k}`, got, cpu.values(output), tolerance.forward);
          }
          for (const { input, gradient } of gradientsOf) {
            const got = await onGpu.read(gradient);
            compare(
              `${form} gradient of input ${input}`,
              got,
              cpu.values(gradient),
              tolerance.backward,
            );
          }
          onGpu.destroy();
        }
        for (const { input, gradient } of gradientsOf) {
          checkDifferences(
            where,
            cpu,
            inputs[input],
            values[input],
            outputs,
            gradient,
            i,
            tolerance.differences,
          );
        }
      }
      (task.meta as { op?: { name: string; cases: number } }).op = { name, cases: count };
    });
  });
}

function buildCase(opCase: OpCase, precision: Precision | undefined) {
  const graph = new Graph(precision);
  const differentiable = opCase.inputs.map((_, k) => opCase.differentiable?.[k] ?? true);
  const inputs = opCase.inputs.map((shape, k) =>
    graph.input(`input${k}`, shape, differentiable[k]),
  );
  const built = opCase.build(inputs);
  const outputs = Array.isArray(built) ? (built as Tensor[]) : [built as Tensor];
  for (const output of outputs) graph.output(output);
  const wanted = inputs.flatMap((_, k) => (differentiable[k] ? [k] : []));
  const gradientsOf: { input: number; gradient: Tensor }[] = [];
  if (wanted.length > 0) {
    const seeds = outputs
      .filter((output) => output.requiresGradient)
      .map((tensor, k) => ({
        tensor,
        seed: graph.constant('seed', tensor.shape, seedValues(tensor.size, k)),
      }));
    const found = gradients(
      seeds,
      wanted.map((k) => inputs[k]),
      add,
    );
    found.forEach((gradient, j) => {
      if (!gradient) throw new Error(`expected a gradient of input ${wanted[j]}, got none`);
      gradientsOf.push({ input: wanted[j], gradient: graph.output(gradient) });
    });
  }
  return { graph, inputs, outputs, gradientsOf };
}

/** The loss is Σ_k <output_k, seed_k>; its directional derivative must match the gradient. */
function checkDifferences(
  where: string,
  cpu: CpuPlan,
  input: Tensor,
  value: Float64Array,
  outputs: readonly Tensor[],
  gradient: Tensor,
  salt: number,
  tolerance: number,
): void {
  const direction = Float64Array.from(value, (_, k) => gaussian(77, PURPOSE.test, salt, k));
  const expected = dot(cpu.values(gradient).slice(), direction);
  const scale =
    Math.sqrt(dot(cpu.values(gradient), cpu.values(gradient))) * Math.sqrt(value.length);
  const lossAt = (h: number): number => {
    cpu.write(
      input,
      value.map((v, k) => v + h * direction[k]),
    );
    cpu.run();
    return outputs
      .filter((output) => output.requiresGradient)
      .reduce((sum, output, k) => sum + dot(cpu.values(output), seedValues(output.size, k)), 0);
  };
  const measured = (lossAt(STEP_SIZE) - lossAt(-STEP_SIZE)) / (2 * STEP_SIZE);
  cpu.write(input, value);
  cpu.run();
  const error = Math.abs(measured - expected) / Math.max(scale, 1e-3);
  expect(
    error,
    `${where} ${input.name}: differences ${measured}, gradient ${expected}`,
  ).toBeLessThan(tolerance);
}

function compare(
  where: string,
  got: Float32Array,
  reference: Float64Array,
  tolerance: number,
): void {
  let error = 0;
  let worst = 0;
  let norm = 0;
  let largest = 0;
  for (let k = 0; k < reference.length; k++) {
    const difference = Math.abs(got[k] - reference[k]);
    if (!(difference < Number.POSITIVE_INFINITY))
      throw new Error(`${where}: element ${k} is ${got[k]}`);
    error += difference ** 2;
    norm += reference[k] ** 2;
    worst = Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(reference[k]));
  }
  const floor = 1e-6 * Math.sqrt(reference.length);
  expect(
    Math.sqrt(error) / Math.max(Math.sqrt(norm), floor),
    `${where}: relative error`,
  ).toBeLessThan(tolerance);
  expect(worst / Math.max(largest, 1e-6), `${where}: worst element`).toBeLessThan(10 * tolerance);
}

function sampleInput(opCase: OpCase, size: number, i: number, k: number): Float64Array {
  return Float64Array.from({ length: size }, (_, j) => {
    const z = gaussian(i, PURPOSE.test, k, j);
    // Rounded to f32 so that both devices start from the same numbers.
    return Math.fround(opCase.sample ? opCase.sample(k, z, j) : z);
  });
}

function seedValues(size: number, k: number): Float32Array {
  return Float32Array.from({ length: size }, (_, j) => gaussian(99, PURPOSE.test, k, j));
}

function drawFor(i: number): Draw {
  let at = 0;
  return {
    integer: (low, high) => integer(i, PURPOSE.test, 1_000_000, at++, low, high),
    pick: (choices) =>
      choices[Math.floor(uniform(i, PURPOSE.test, 1_000_000, at++) * choices.length)],
  };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
