// What the state-space layer reads, from one projection of its input: B and C with rotary position embedding, and dt;
// of one direction or two.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/ssm_inputs.wgsl?raw';
import {
  gridStride,
  MOST_BARRIER_GROUPS,
  type Numbers,
  numbers,
  type Op,
  rowsGrid,
} from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('ssm_inputs', source, activation);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

interface Params {
  readonly directions: 1 | 2;
}

interface Sizes {
  /** Of all directions. */
  readonly rows: number;
  readonly frames: number;
  readonly heads: number;
  readonly N: number;
}

function sizesOf([projected, dtBias, table]: readonly Shape[], { directions }: Params): Sizes {
  const [batch, frames] = projected;
  return { rows: batch * frames, frames, heads: dtBias[0] / directions, N: table[1] };
}

/** The shader's `Sizes` struct, field by field. */
const numbersOf = ({ rows, frames, heads, N }: Sizes, { directions }: Params): Numbers =>
  numbers(rows / directions, directions, frames, heads, N);

/** Calls `visit` for each rotated pair of a row's 2N columns, with the angle's index into the table's row. */
function forPairs(N: number, visit: (first: number, second: number, angle: number) => void): void {
  for (const begin of [0, N]) {
    for (let i = 0; i < N / 2; i++) visit(begin + i, begin + N / 2 + i, i);
  }
}

const backward: Op<Params> = {
  name: 'ssmInputsBackward',
  infer: ([projected, dtBias]) => [projected, dtBias],
  cpu({ inputs, outputs: [out, dBias], inputShapes, params }) {
    const [projected, dtBias, table, dBc, dDt] = inputs;
    const { rows, frames, heads, N } = sizesOf(inputShapes, params);
    const width = 2 * N + heads;
    for (let row = 0; row < rows; row++) {
      const direction = row < rows / params.directions ? 0 : 1;
      const angles = table.subarray((direction * frames + (row % frames)) * N);
      forPairs(N, (first, second, i) => {
        const [a, b] = [dBc[row * 2 * N + first], dBc[row * 2 * N + second]];
        const [cosine, sine] = [angles[i], angles[i + N / 2]];
        out[row * width + first] = a * cosine + b * sine;
        out[row * width + second] = b * cosine - a * sine;
      });
      for (let h = 0; h < heads; h++) {
        const at = row * width + 2 * N + h;
        const ofHead = direction * heads + h;
        out[at] = dDt[row * heads + h] * sigmoid(projected[at] + dtBias[ofHead]);
        dBias[ofHead] += out[at];
      }
    }
  },
  gpu({ inputs, outputs: [out, dBias], params }) {
    const [projected, dtBias, table, dBc, dDt] = inputs;
    const shapes = inputs.map(({ shape }) => shape);
    const [pairGroups] = gridStride(dBc.size / 2, 64, MOST_BARRIER_GROUPS);
    return [
      {
        shader,
        entry: 'backward',
        constants: {},
        bindings: {
          projected,
          dt_bias: dtBias,
          table,
          bc_gradient: dBc,
          dt_gradient: dDt,
          out,
          bias_gradient: dBias,
          sizes: numbersOf(sizesOf(shapes, params), params),
        },
        workgroups: [dtBias.size + pairGroups, 1, 1],
      },
    ];
  },
  gradient: undefined,
};

const ssmInputsOp: Op<Params> = {
  name: 'ssmInputs',
  infer([projected, dtBias, table], { directions }) {
    const [batch, frames, width] = projected;
    const heads = dtBias[0] / directions;
    const N = (width - heads) / 2;
    const isWhole = [batch / directions, heads].every(Number.isInteger);
    if (projected.length !== 3 || dtBias.length !== 1 || !isWhole || !(N >= 2 && N % 2 === 0)) {
      const expected = directions === 1 ? '[B, T, 2N + H]' : '[2B, T, 2N + H]';
      const ofHeads = directions === 1 ? '[H]' : '[2H]';
      throw new Error(
        `[ssmInputs] expected projected ${expected} with N even and dtBias ${ofHeads}, got ${showShape(projected)} and ${showShape(dtBias)}`,
      );
    }
    const ofTable = [directions * frames, N];
    if (!sameShape(table, ofTable)) {
      throw new Error(
        `[ssmInputs] expected a table of shape ${showShape(ofTable)}, got ${showShape(table)}`,
      );
    }
    return [
      [batch, frames, 2 * N],
      [batch, frames, heads],
    ];
  },
  cpu({ inputs: [projected, dtBias, table], outputs: [bc, dt], inputShapes, params }) {
    const { rows, frames, heads, N } = sizesOf(inputShapes, params);
    const width = 2 * N + heads;
    for (let row = 0; row < rows; row++) {
      const direction = row < rows / params.directions ? 0 : 1;
      const own = projected.subarray(row * width, (row + 1) * width);
      const angles = table.subarray((direction * frames + (row % frames)) * N);
      forPairs(N, (first, second, i) => {
        const [cosine, sine] = [angles[i], angles[i + N / 2]];
        bc[row * 2 * N + first] = own[first] * cosine - own[second] * sine;
        bc[row * 2 * N + second] = own[second] * cosine + own[first] * sine;
      });
      for (let h = 0; h < heads; h++) {
        dt[row * heads + h] = softplus(own[2 * N + h] + dtBias[direction * heads + h]);
      }
    }
  },
  gpu({ inputs, outputs: [bc, dt], params }) {
    const [projected, dtBias, table] = inputs;
    const shapes = inputs.map(({ shape }) => shape);
    const sizes = numbersOf(sizesOf(shapes, params), params);
    return [
      {
        shader,
        entry: 'forward',
        constants: {},
        bindings: { projected, dt_bias: dtBias, table, bc, dt, sizes },
        workgroups: rowsGrid(
          projected.size / projected.shape[2],
          Math.max(table.shape[1], dtBias.size),
        ),
      },
    ];
  },
  gradient({ inputs: [projected, dtBias, table], outputs: [bc, dt], outputGradients, params }) {
    const { graph } = projected;
    const [dBc, dDt] = [bc, dt].map(
      ({ shape, size }, i) =>
        outputGradients[i] ?? graph.constant('zero', shape, new Float32Array(size)),
    );
    const found = graph.apply(backward, [projected, dtBias, table, dBc, dDt], params);
    return [...found, undefined];
  },
};

/**
 * Rotates B and C by the angle of their frame and makes dt positive (REALM, section 1.3).
 * @param projected [B, T, 2N + H]: B, C, and dt before bias and softplus
 * @param dtBias [directions * H]
 * @param table [directions * T, N] from `ropeTable`; no gradient flows to it
 * @param directions with 2 the second half of the batch has the second half of dtBias and table
 * @returns bc [B, T, 2N] and dt [B, T, H], as `ssd` takes them
 * @throws Error when the shapes do not fit
 */
export function ssmInputs(
  projected: Tensor,
  dtBias: Tensor,
  table: Tensor,
  directions: 1 | 2 = 1,
): { bc: Tensor; dt: Tensor } {
  const [bc, dt] = projected.graph.apply(ssmInputsOp, [projected, dtBias, table], { directions });
  return { bc, dt };
}
