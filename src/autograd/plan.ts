// A compiled graph: write inputs, run, read outputs. The same interface on both devices.

import { compileCpu } from './cpuPlan';
import { compileGpu } from './gpuPlan';
import type { Graph } from './graph';
import type { Series, SeriesOptions } from './series';
import type { StepValues } from './step';
import type { Device } from './store';
import type { Tensor } from './tensor';

/** Exact counts of one replay and of what the plan holds. */
export interface PlanCounts {
  readonly dispatches: number;
  readonly pipelines: number;
  /** Bytes of activations, inputs and scratch; stores are counted by their owner. */
  readonly bytes: number;
}

export interface Plan {
  readonly counts: PlanCounts;
  /** Copies numbers into an input (or a stored tensor) for the next replay. */
  write(tensor: Tensor, values: Float32Array): void;
  /** One replay: on gpu one compute pass and one submit; never waits. */
  run(step?: Partial<StepValues>): void;
  /** For many replays with one submit, each with inputs and outputs of its own; the step's values stay as they were. */
  series(options: SeriesOptions): Series;
  /** Waits while more than `limit` replays are unfinished; call after run() to bound the queue. */
  finished(limit: number): Promise<void>;
  /** Reads an output, an input or a stored tensor after all replays so far. */
  read(tensor: Tensor): Promise<Float32Array>;
  /** One replay, one dispatch per submit; throws naming the first op whose output is not finite. */
  debug(step?: Partial<StepValues>): Promise<void>;
  destroy(): void;
}

/** Makes the graph's live nodes into a plan for the device; on gpu all pipelines are made in parallel. */
export async function compile(graph: Graph, device: Device): Promise<Plan> {
  return device.kind === 'cpu' ? compileCpu(graph) : compileGpu(graph, device);
}
