// What an op is: one object with its shape rule, float64 twin, GPU dispatches and gradient. There is no list of ops.

import type { Shader } from '../gpu/shader';
import type { StepValues } from './step';
import type { Shape, Tensor } from './tensor';

/** Memory that lives only while one node's dispatches run. */
export interface Scratch {
  readonly kind: 'scratch';
  readonly elements: number;
}

export const scratch = (elements: number): Scratch => ({ kind: 'scratch', elements });

/** Whole numbers fixed when the plan is made, bound as a uniform struct of u32: sizes that differ from node to node
 * without a pipeline for each. */
export interface Numbers {
  readonly kind: 'numbers';
  readonly values: readonly number[];
}

export const numbers = (...values: number[]): Numbers => ({ kind: 'numbers', values });

/** An f32 among whole numbers: its 32 bits. */
export const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0];

/** Binds the per-step values (shaders/common/step.wgsl). */
export const STEP = 'step';

export type Operand = Tensor | Scratch | Numbers | typeof STEP;

/** One compute dispatch: an entry point, its override constants and what to bind to each name it declares. */
export interface Dispatch {
  readonly shader: Shader;
  readonly entry: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly bindings: Readonly<Record<string, Operand>>;
  /** Workgroups in x, y, z; each at most 65,535. */
  readonly workgroups: readonly [number, number, number];
}

export interface CpuCall<P> {
  readonly inputs: readonly Float64Array[];
  readonly outputs: readonly Float64Array[];
  readonly inputShapes: readonly Shape[];
  readonly outputShapes: readonly Shape[];
  readonly params: P;
  readonly step: StepValues;
}

export interface GpuCall<P> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly params: P;
  /** As the device says; undefined asks for the form that runs everywhere. */
  readonly subgroupSize?: number;
  /** As the device says; else halves are multiplied in f32. */
  readonly multipliesHalves?: boolean;
}

export interface GradientCall<P> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Gradient of the loss by each output; undefined where none flows. */
  readonly outputGradients: readonly (Tensor | undefined)[];
  /** Which inputs need a gradient. */
  readonly needs: readonly boolean[];
  /** What has flowed to the first input so far, if the op `accumulates`. */
  readonly previous: Tensor | undefined;
  readonly params: P;
}

export interface Op<P> {
  readonly name: string;
  /** Shapes of the outputs. Throws `[name] expected …, got …`. */
  infer(inputs: readonly Shape[], params: P): Shape[];
  /** The float64 twin: plain loops that write the outputs (zero-filled on entry). */
  cpu(call: CpuCall<P>): void;
  /** The dispatches, called once when a plan is compiled. Empty for an alias. */
  gpu(call: GpuCall<P>): Dispatch[];
  /** Appends the nodes of the gradient by each input; `undefined` for an op that is not differentiable. */
  readonly gradient: ((call: GradientCall<P>) => (Tensor | undefined)[]) | undefined;
  /** The rule itself adds `previous` to the gradient of the first input: the sum costs no dispatch of its own. */
  readonly accumulates?: true;
  /** The output is the input's memory under another shape: no dispatch. */
  readonly alias?: true;
  /** The outputs are stored as 16-bit floats; no other op than one that `takesHalves` may read them. */
  readonly givesHalves?: true;
  readonly takesHalves?: true;
  /** Writes into stored inputs in place, so it is kept although nothing reads its outputs. */
  readonly effect?: true;
}

/** Software adapters take as long as for a thousand invocations to start a workgroup whose kernel has barriers. */
export const MOST_BARRIER_GROUPS = 128;

/** Beyond so many an invocation takes several elements: starting one costs a software adapter as much as those. */
const BUSY_INVOCATIONS = 16_384;
const TAKEN = 4;

/** Workgroups for `count` invocations of a grid-stride kernel with `size` invocations per workgroup. */
export function gridStride(count: number, size = 256, most = 65535): [number, number, number] {
  const busy = Math.max(Math.min(count, BUSY_INVOCATIONS), count / TAKEN);
  return [Math.max(1, Math.min(most, Math.ceil(busy / size))), 1, 1];
}

/** Workgroups of 64 invocations beside each other in a row, which take further rows in turn. */
export function rowsGrid(rows: number, columns: number): [number, number, number] {
  const across = Math.ceil(columns / 64);
  const [groups] = gridStride(rows * across * 64, 64);
  return [across, Math.min(65535, Math.ceil(groups / across)), 1];
}
