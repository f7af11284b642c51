// Dropout, and the residual sum with dropout and drop-path, from the counter generator.

import random from '../../shaders/common/random.wgsl?raw';
import stepStruct from '../../shaders/common/step.wgsl?raw';
import source from '../../shaders/dropout.wgsl?raw';
import { type Dispatch, gridStride, type Op, type Operand, STEP } from '../autograd/op';
import type { StepValues } from '../autograd/step';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { PURPOSE, randomU32 } from '../base/rng';
import { defineShader } from '../gpu/shader';
import { add } from './elementwise';

const shader = defineShader('dropout', source, random, stepStruct);

interface Probabilities {
  /** Of dropping one element. */
  readonly dropout: number;
  /** Of dropping a whole sample, an index of the first dimension. */
  readonly dropPath: number;
}

/** The place's numbers as the shader reads them; both masks have a purpose of their own. */
function createSite(x: Tensor, op: string, { dropout, dropPath }: Probabilities): Tensor {
  for (const p of [dropout, dropPath]) {
    if (!(p >= 0 && p < 1)) {
      throw new Error(`[${op}] expected a probability of at least 0 and below 1, got ${p}`);
    }
  }
  const { graph } = x;
  // Draws are integers below 2^24; a whole-number threshold compares alike in f32 and f64.
  const threshold = (p: number): number => Math.ceil(p * 2 ** 24);
  const data = Float32Array.of(
    PURPOSE.dropout + graph.randomKey(),
    threshold(dropout),
    PURPOSE.dropout + graph.randomKey(),
    threshold(dropPath),
    1 / ((1 - dropout) * (1 - dropPath)),
    x.size / x.shape[0],
    0,
    0,
  );
  return graph.constant(`${op} site`, [data.length], data);
}

function maskOf(site: Float64Array, step: StepValues, i: number): number {
  const kept = (purpose: number, threshold: number, index: number): boolean =>
    randomU32(step.seed, purpose, step.step, index) >>> 8 >= threshold;
  const sample = Math.floor(i / site[5]);
  const keep = kept(site[2], site[3], sample) && kept(site[0], site[1], i);
  return keep ? site[4] : 0;
}

function checkRows(op: string, x: Shape): void {
  const columns = x.at(-1) ?? 0;
  if (columns % 4 !== 0) {
    throw new Error(`[${op}] expected rows of a multiple of 4 numbers, got ${showShape(x)}`);
  }
}

function dispatch(
  entry: string,
  out: Tensor,
  bindings: Readonly<Record<string, Operand>>,
): Dispatch[] {
  return [
    {
      shader,
      entry,
      constants: {},
      bindings: { ...bindings, out, step: STEP },
      workgroups: gridStride(out.size / 4),
    },
  ];
}

/** x times its mask: linear, hence its own gradient. */
const dropOp: Op<null> = {
  name: 'dropout',
  infer([x]) {
    checkRows('dropout', x);
    return [x];
  },
  cpu({ inputs: [x, site], outputs: [out], step }) {
    for (let i = 0; i < x.length; i++) out[i] = maskOf(site, step, i) * x[i];
  },
  gpu: ({ inputs: [x, site], outputs: [out] }) => dispatch('drop', out, { x, site }),
  gradient: ({ inputs: [, site], outputGradients: [gradient] }) => [
    gradient!.graph.apply(dropOp, [gradient!, site], null)[0],
    undefined,
  ],
};

const dropAddOp: Op<null> = {
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
  cpu({ inputs: [residual, branch, site], outputs: [out], step }) {
    for (let i = 0; i < out.length; i++) {
      out[i] = residual[i] + maskOf(site, step, i) * branch[i];
    }
  },
  gpu: ({ inputs: [residual, branch, site], outputs: [out] }) =>
    dispatch('drop_add', out, { residual, x: branch, site }),
  gradient: ({ inputs: [, , site], outputGradients: [gradient], needs }) => [
    gradient,
    needs[1] ? gradient!.graph.apply(dropOp, [gradient!, site], null)[0] : undefined,
    undefined,
  ],
};

/**
 * Zeroes each element with the probability and scales the rest by 1 / (1 - probability). The mask follows from the
 * step's `seed` and `step` values, and differs between places of the graph. With probability 0: x itself.
 */
export function dropout(x: Tensor, probability: number): Tensor {
  if (probability === 0) return x;
  const site = createSite(x, 'dropout', { dropout: probability, dropPath: 0 });
  return x.graph.apply(dropOp, [x, site], null)[0];
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
  const site = createSite(branch, 'dropPathAdd', probabilities);
  return residual.graph.apply(dropAddOp, [residual, branch, site], null)[0];
}
