// Dropout, and the residual sum with dropout and drop-path, from the counter generator.

import random from '../../shaders/common/random.wgsl?raw';
import stepStruct from '../../shaders/common/step.wgsl?raw';
import source from '../../shaders/dropout.wgsl?raw';
import { bitsOf, type Dispatch, gridStride, numbers, type Op, STEP } from '../autograd/op';
import type { StepValues } from '../autograd/step';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { PURPOSE, randomFour, randomU32 } from '../base/rng';
import { defineShader } from '../gpu/shader';
import { add } from './elementwise';

const shader = defineShader('dropout', source, random, stepStruct);

interface Probabilities {
  /** Of dropping one element. */
  readonly dropout: number;
  /** Of dropping a whole sample, an index of the first dimension. */
  readonly dropPath: number;
}

/** The numbers of one place in the network: both masks have a purpose of their own. */
interface Site {
  readonly elementPurpose: number;
  readonly elementThreshold: number;
  readonly samplePurpose: number;
  readonly sampleThreshold: number;
  readonly scale: number;
  readonly samples: number;
}

/** Draws are integers below 2^24. */
const DRAWS = 2 ** 24;

function siteOf({ graph, shape }: Tensor, op: string, { dropout, dropPath }: Probabilities): Site {
  for (const p of [dropout, dropPath]) {
    if (!(p >= 0 && p < 1)) {
      throw new Error(`[${op}] expected a probability of at least 0 and below 1, got ${p}`);
    }
  }
  return {
    elementPurpose: PURPOSE.dropout + graph.randomKey(),
    elementThreshold: Math.ceil(dropout * DRAWS),
    samplePurpose: PURPOSE.dropout + graph.randomKey(),
    sampleThreshold: Math.ceil(dropPath * DRAWS),
    scale: Math.fround(1 / ((1 - dropout) * (1 - dropPath))),
    samples: shape.length > 1 ? shape[0] : 1,
  };
}

function maskOf(site: Site, { seed, step }: StepValues, total: number, i: number): number {
  const draws = randomFour(seed, site.elementPurpose, step, i >>> 2);
  const sample = Math.floor((i * site.samples) / total);
  const ofSample = randomU32(seed, site.samplePurpose, step, sample);
  const keep =
    draws[i % 4] >>> 8 >= site.elementThreshold && ofSample >>> 8 >= site.sampleThreshold;
  return keep ? site.scale : 0;
}

function checkRows(op: string, x: Shape): void {
  const columns = x.at(-1) ?? 0;
  if (columns % 4 !== 0) {
    throw new Error(`[${op}] expected rows of a multiple of 4 numbers, got ${showShape(x)}`);
  }
}

function dispatch(x: Tensor, residual: Tensor | undefined, out: Tensor, site: Site): Dispatch[] {
  const vec4s = out.size / site.samples / 4;
  return [
    {
      shader,
      entry: 'drop',
      constants: { has_residual: Number(!!residual) },
      bindings: {
        x,
        // An absent one is never read; another stands in for it.
        residual: residual ?? x,
        site: numbers(
          ...[site.elementPurpose, site.elementThreshold],
          ...[site.samplePurpose, site.sampleThreshold],
          ...[bitsOf(site.scale), site.samples, vec4s],
        ),
        out,
        step: STEP,
      },
      workgroups: [gridStride(vec4s, 64)[0], Math.min(65535, site.samples), 1],
    },
  ];
}

/** x times its mask: linear, hence its own gradient. */
const dropOp: Op<Site> = {
  name: 'dropout',
  infer([x]) {
    checkRows('dropout', x);
    return [x];
  },
  cpu({ inputs: [x], outputs: [out], params, step }) {
    for (let i = 0; i < x.length; i++) out[i] = maskOf(params, step, x.length, i) * x[i];
  },
  gpu: ({ inputs: [x], outputs: [out], params }) => dispatch(x, undefined, out, params),
  gradient: ({ outputGradients: [gradient], params }) => [
    gradient!.graph.apply(dropOp, [gradient!], params)[0],
  ],
};

const dropAddOp: Op<Site> = {
  name: 'dropPathAdd',
  infer([residual, branch]) {
    if (!sameShape(residual, branch)) {
      throw new Error(
        `[dropPathAdd] expected inputs of one shape, got ${showShape(residual)} and ${showShape(branch)}`,
      );
    }
    checkRows('dropPathAdd', residual);
    return [residual];
  },
  cpu({ inputs: [residual, branch], outputs: [out], params, step }) {
    for (let i = 0; i < out.length; i++) {
      out[i] = residual[i] + maskOf(params, step, out.length, i) * branch[i];
    }
  },
  gpu: ({ inputs: [residual, branch], outputs: [out], params }) =>
    dispatch(branch, residual, out, params),
  gradient: ({ outputGradients: [gradient], needs, params }) => [
    gradient,
    needs[1] ? gradient!.graph.apply(dropOp, [gradient!], params)[0] : undefined,
  ],
};

/**
 * Zeroes each element with the probability and scales the rest by 1 / (1 - probability). The mask follows from the
 * step's `seed` and `step` values, and differs between places of the graph. With probability 0: x itself.
 */
export function dropout(x: Tensor, probability: number): Tensor {
  if (probability === 0) return x;
  const site = siteOf(x, 'dropout', { dropout: probability, dropPath: 0 });
  return x.graph.apply(dropOp, [x], site)[0];
}

/**
 * residual + DropPath(Dropout(branch)) (REALM, section 1.3), both [B, …]: drop-path zeroes the branch of a whole
 * sample. What is kept is scaled by 1 / ((1 - dropout) (1 - dropPath)). With both 0: the plain sum.
 */
export function dropPathAdd(
  residual: Tensor,
  branch: Tensor,
  probabilities: Probabilities,
): Tensor {
  if (probabilities.dropout === 0 && probabilities.dropPath === 0) return add(residual, branch);
  const site = siteOf(branch, 'dropPathAdd', probabilities);
  return residual.graph.apply(dropAddOp, [residual, branch], site)[0];
}
