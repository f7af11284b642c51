// What the state-space layer reads, from one projection of its input: B and C with rotary position embedding, and dt.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/ssm_inputs.wgsl?raw';
import { gridStride, MOST_BARRIER_GROUPS, type Op } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('ssm_inputs', source, activation);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Calls `visit` for each rotated pair of a row's 2N columns, with the angle's index into the table's row. */
function forPairs(N: number, visit: (first: number, second: number, angle: number) => void): void {
  for (const begin of [0, N]) {
    for (let i = 0; i < N / 2; i++) visit(begin + i, begin + N / 2 + i, i);
  }
}

const backward: Op<null> = {
  name: 'ssmInputsBackward',
  infer: ([projected, dtBias]) => [projected, dtBias],
  cpu({ inputs, outputs: [out, dBias], inputShapes: [, , [frames, N]] }) {
    const [projected, dtBias, table, dBc, dDt] = inputs;
    const heads = dtBias.length;
    const width = 2 * N + heads;
    for (let row = 0; row < projected.length / width; row++) {
      const angles = table.subarray((row % frames) * N);
      forPairs(N, (first, second, i) => {
        const [a, b] = [dBc[row * 2 * N + first], dBc[row * 2 * N + second]];
        const [cosine, sine] = [angles[i], angles[i + N / 2]];
        out[row * width + first] = a * cosine + b * sine;
        out[row * width + second] = b * cosine - a * sine;
      });
      for (let h = 0; h < heads; h++) {
        const at = row * width + 2 * N + h;
        out[at] = dDt[row * heads + h] * sigmoid(projected[at] + dtBias[h]);
        dBias[h] += out[at];
      }
    }
  },
  gpu({ inputs: [projected, dtBias, table, dBc, dDt], outputs: [out, dBias] }) {
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
        },
        workgroups: [dtBias.size + pairGroups, 1, 1],
      },
    ];
  },
  gradient: undefined,
};

const ssmInputsOp: Op<null> = {
  name: 'ssmInputs',
  infer([projected, dtBias, table]) {
    const [batch, frames, width] = projected;
    const [heads] = dtBias;
    const N = (width - heads) / 2;
    if (projected.length !== 3 || dtBias.length !== 1 || !(N >= 2 && N % 2 === 0)) {
      throw new Error(
        `[ssmInputs] expected projected [B, T, 2N + H] with N even and dtBias [H], got ${showShape(projected)} and ${showShape(dtBias)}`,
      );
    }
    if (!sameShape(table, [frames, N])) {
      throw new Error(
        `[ssmInputs] expected a table of shape ${showShape([frames, N])}, got ${showShape(table)}`,
      );
    }
    return [
      [batch, frames, 2 * N],
      [batch, frames, heads],
    ];
  },
  cpu({ inputs: [projected, dtBias, table], outputs: [bc, dt], inputShapes: [, , [frames, N]] }) {
    const heads = dtBias.length;
    const width = 2 * N + heads;
    for (let row = 0; row < projected.length / width; row++) {
      const own = projected.subarray(row * width, (row + 1) * width);
      const angles = table.subarray((row % frames) * N);
      forPairs(N, (first, second, i) => {
        const [cosine, sine] = [angles[i], angles[i + N / 2]];
        bc[row * 2 * N + first] = own[first] * cosine - own[second] * sine;
        bc[row * 2 * N + second] = own[second] * cosine + own[first] * sine;
      });
      for (let h = 0; h < heads; h++) dt[row * heads + h] = softplus(own[2 * N + h] + dtBias[h]);
    }
  },
  gpu: ({ inputs: [projected, dtBias, table], outputs: [bc, dt] }) => [
    {
      shader,
      entry: 'forward',
      constants: {},
      bindings: { projected, dt_bias: dtBias, table, bc, dt },
      workgroups: gridStride(bc.size / 2),
    },
  ],
  gradient({ inputs: [projected, dtBias, table], outputs: [bc, dt], outputGradients }) {
    const { graph } = projected;
    const [dBc, dDt] = [bc, dt].map(
      ({ shape, size }, i) =>
        outputGradients[i] ?? graph.constant('zero', shape, new Float32Array(size)),
    );
    const found = graph.apply(backward, [projected, dtBias, table, dBc, dDt], null);
    return [...found, undefined];
  },
};

/**
 * Rotates B and C by the angle of their frame and makes dt positive (REALM, section 1.3).
 * @param projected [B, T, 2N + H]: B, C, and dt before bias and softplus
 * @param dtBias [H]
 * @param table [T, N] from `ropeTable`; no gradient flows to it
 * @returns bc [B, T, 2N] and dt [B, T, H], as `ssd` takes them
 * @throws Error when the shapes do not fit
 */
export function ssmInputs(
  projected: Tensor,
  dtBias: Tensor,
  table: Tensor,
): { bc: Tensor; dt: Tensor } {
  const [bc, dt] = projected.graph.apply(ssmInputsOp, [projected, dtBias, table], null);
  return { bc, dt };
}
