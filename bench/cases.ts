// The network that the engines are compared on: a causal student of reference Mamba-2 blocks with a linear input and
// a linear head, its weights, its batch and its optimiser, the same numbers for every engine.

import { gaussian, PURPOSE } from '../src/base/rng';
import type { Mamba2Config } from '../src/model/mamba2';
import { mamba2Parameters } from '../src/model/mamba2';
import {
  initialWeights,
  linearParameters,
  type ModelParameter,
  normParameters,
} from '../src/model/parameters';

export interface BenchCase {
  readonly name: string;
  readonly config: Mamba2Config;
  readonly layerCount: number;
  readonly frames: number;
  readonly batch: number;
  readonly channelCount: number;
  readonly outputCount: number;
}

const block = (modelDim: number, stateDim: number, headDim: number): Mamba2Config => ({
  modelDim,
  stateDim,
  headDim,
  expand: 2,
  convTaps: 4,
});

const common = { channelCount: 96, outputCount: 2 };
const small = { ...common, config: block(64, 32, 32), layerCount: 2, frames: 128 };
const medium = { ...common, config: block(128, 64, 64), layerCount: 4, frames: 256 };

export const CASES: readonly BenchCase[] = [
  { name: 'S', ...small, batch: 8 },
  { name: 'M8', ...medium, batch: 8 },
  { name: 'M32', ...medium, batch: 32 },
];

/** @throws Error listing the cases when the name is none of them */
export function caseOf(name: string): BenchCase {
  const found = CASES.find((one) => one.name === name);
  if (!found) {
    throw new Error(
      `[bench] expected a case of ${CASES.map((c) => c.name).join(', ')}, got ${name}`,
    );
  }
  return found;
}

/** AdamW with clipping, as every engine here runs it. */
export const OPTIMISER = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  clipNorm: 1,
} as const;

export const NORM_EPS = 1e-5;

export const layerPrefix = (i: number): string => `layers.${i}.mixer.`;

export function studentParameters(one: BenchCase): ModelParameter[] {
  const { modelDim } = one.config;
  const layers = Array.from({ length: one.layerCount }, (_, i) => [
    ...normParameters(`layers.${i}.norm`, modelDim),
    ...mamba2Parameters(layerPrefix(i), one.config),
  ]);
  return [
    ...linearParameters('input', modelDim, one.channelCount),
    ...layers.flat(),
    ...normParameters('norm', modelDim),
    ...linearParameters('head', one.outputCount, modelDim),
  ];
}

export interface BenchData {
  readonly parameters: readonly ModelParameter[];
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** [B, T, C] */
  readonly lfp: Float32Array;
  /** [B, T, K]: a mean of recent channels and noise, so that there is something to learn. */
  readonly target: Float32Array;
}

export function dataOf(one: BenchCase): BenchData {
  const { batch, frames, channelCount, outputCount } = one;
  const parameters = studentParameters(one);
  const lfp = Float32Array.from({ length: batch * frames * channelCount }, (_, i) =>
    gaussian(1, PURPOSE.test, 0, i),
  );
  const target = Float32Array.from({ length: batch * frames * outputCount }, (_, i) => {
    const row = Math.floor(i / outputCount);
    const from = row * channelCount + (i % outputCount) * 8;
    const signal = lfp.subarray(from, from + 8).reduce((sum, x) => sum + x, 0) / Math.sqrt(8);
    return signal + 0.3 * gaussian(1, PURPOSE.test, 1, i);
  });
  return { parameters, weights: initialWeights(parameters, 7, 'mamba2'), lfp, target };
}

/** One engine's training run of one case. */
export interface TrainingRun {
  /** One whole optimiser step; resolves when the GPU has finished it. */
  step(): Promise<void>;
  /** The losses of all steps so far. */
  losses(): Promise<number[]>;
  destroy(): void;
}

export interface BenchEngine {
  readonly name: 'studio' | 'jax-js' | 'tfjs';
  /** Builds the run; the first step may still compile. */
  start(one: BenchCase, data: BenchData): Promise<TrainingRun>;
}
