// Matrix product with bias and residual; its gradients are matrix products again.

import lanes from '../../shaders/common/lanes.wgsl?raw';
import common from '../../shaders/common/matmul.wgsl?raw';
import f16 from '../../shaders/common/matmul_f16.wgsl?raw';
import f32 from '../../shaders/common/matmul_f32.wgsl?raw';
import halves from '../../shaders/common/matmul_halves.wgsl?raw';
import tile from '../../shaders/common/tile.wgsl?raw';
import source from '../../shaders/matmul.wgsl?raw';
import quadsSource from '../../shaders/matmul_quads.wgsl?raw';
import { type Dispatch, numbers, type Op, type Operand, scratch } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader, type Shader } from '../gpu/shader';
import { type Beside, type MatmulParams, type Sizes, sizesOf, stepsOf } from './matmulShape';
import { stridedSum, sumRows } from './reduce';
import { reshape } from './reshape';
import { sharingOf } from './tileShader';

const formsOf = (numbers: string, suffix: string) => ({
  tiles: defineShader(`matmul${suffix}`, source, common, numbers),
  quads: defineShader(`matmul_quads${suffix}`, quadsSource, common, lanes, tile, numbers),
});
const OF_F32 = formsOf(f32, '');
const OF_HALVES = formsOf(halves, '_of_halves');
const IN_F16 = formsOf(f16, '_in_f16');

/** Takes two matrices in f32 or two in halves, whose products (in f16 four by four) it sums in f32. */
export const matmulOp: Op<MatmulParams> = {
  name: 'matmul',
  infer([a, b, ...rest], params) {
    const { n, outShape } = sizesOf(a, b, params);
    const bias = params.hasBias ? rest.shift() : undefined;
    const [residual] = rest;
    if (bias && (params.beside === 'out' || !sameShape(bias, [n]))) {
      const expected = params.beside === 'out' ? 'no bias' : `a bias of shape [${n}]`;
      throw new Error(`[matmul] expected ${expected}, got ${showShape(bias)}`);
    }
    if (residual && !sameShape(residual, outShape)) {
      throw new Error(
        `[matmul] expected a residual of shape ${showShape(outShape)}, got ${showShape(residual)}`,
      );
    }
    return [outShape];
  },
  cpu({ inputs: [a, b, ...rest], inputShapes, outputs: [out], params }) {
    const sizes = sizesOf(inputShapes[0], inputShapes[1], params);
    const { batch, m, n, k } = sizes;
    const steps = stepsOf(sizes, params);
    const bias = params.hasBias ? rest.shift() : undefined;
    const [residual] = rest;
    for (let z = 0; z < batch; z++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const to = z * steps.batchStepOut + i * steps.rowStepOut + j;
          const aAt = z * steps.batchStepA + i * steps.rowStepA;
          const bAt = z * steps.batchStepB + j * steps.columnStepB;
          let sum = (bias?.[j] ?? 0) + (residual?.[to] ?? 0);
          for (let l = 0; l < k; l++) sum += a[aAt + l * steps.stepA] * b[bAt + l * steps.stepB];
          out[to] = sum;
        }
      }
    }
  },
  gpu({ inputs: [a, b, ...rest], outputs: [out], params, subgroupSize, multipliesHalves }) {
    const sizes = sizesOf(a.shape, b.shape, params);
    const shaders = !a.isHalf ? OF_F32 : multipliesHalves ? IN_F16 : OF_HALVES;
    const form = formOf(sizes, params, subgroupSize, shaders);
    const parts = rest.length === 0 ? partsOf(sizes, form) : 1;
    if (parts === 1) return multiply(a, b, rest, out, sizes, params, form, 1);
    const partial = scratch(parts * out.size);
    return [
      ...multiply(a, b, rest, partial, sizes, params, form, parts),
      stridedSum(partial, out, out.size),
    ];
  },
  accumulates: true,
  takesHalves: true,
  gradient({ inputs: [a, b], outputGradients, needs, previous, params }) {
    const gradient = outputGradients[0]!;
    const { transposeA, transposeB, hasBias, hasResidual, beside } = params;
    const needsBias = hasBias && needs[2];
    const needsResidual = hasResidual && needs[hasBias ? 3 : 2];
    // What this product calls by these names, the gradient's product calls a, b and out.
    const named = (...[ofA, ofB, ofOut]: readonly Beside[]): Beside | undefined =>
      beside && ({ [ofA]: 'a', [ofB]: 'b', [ofOut]: 'out' } as const)[beside];
    const byA = (): Tensor =>
      transposeA
        ? matmul(b, gradient, {
            transposeA: transposeB,
            transposeB: true,
            residual: previous,
            beside: named('b', 'out', 'a'),
          })
        : matmul(gradient, b, {
            transposeB: !transposeB,
            residual: previous,
            beside: named('out', 'b', 'a'),
          });
    const byB = (): Tensor => {
      const isShared = b.shape.length === 2 && !beside;
      const [x, g] = isShared ? [asMatrix(a), asMatrix(gradient)] : [a, gradient];
      return transposeB
        ? matmul(g, x, {
            transposeA: true,
            transposeB: transposeA,
            beside: named('out', 'a', 'b'),
          })
        : matmul(x, g, { transposeA: !transposeA, beside: named('a', 'out', 'b') });
    };
    return [
      needs[0] ? byA() : undefined,
      needs[1] ? byB() : undefined,
      ...(hasBias ? [needsBias ? sumRows(gradient) : undefined] : []),
      ...(hasResidual ? [needsResidual ? gradient : undefined] : []),
    ];
  },
};

/** [..., N] as [rows, N]. */
export function asMatrix(x: Tensor): Tensor {
  const columns = x.shape.at(-1)!;
  return x.shape.length === 2 ? x : reshape(x, [x.size / columns, columns]);
}

/** An entry point with its workgroups: `tile` rows and columns of out per invocation, in `group` columns and rows. */
interface Form {
  readonly shader: Shader;
  readonly entry: string;
  readonly tile: readonly [rows: number, columns: number];
  readonly group: readonly [columns: number, rows: number];
  readonly constants: Dispatch['constants'];
  /** Workgroups of one column follow each other. */
  readonly rowsFirst?: boolean;
}

const QUAD_ROWS = 16;
/** Columns of invocations in a workgroup: few enough for narrow outputs, and no fewer than a subgroup. */
const QUAD_LANES = 8;

function formOf(
  { m, n, k }: Sizes,
  { transposeA, transposeB }: MatmulParams,
  subgroupSize: number | undefined,
  shaders: typeof OF_F32,
): Form {
  const { tiles, quads } = shaders;
  const transposed = { transpose_a: Number(transposeA), transpose_b: Number(transposeB) };
  const isAligned = [k, n, transposeA ? m : k].every((length) => length % 4 === 0);
  if (isAligned && subgroupSize !== undefined && m >= QUAD_ROWS && n >= QUAD_ROWS) {
    const lanes = Math.max(QUAD_LANES, subgroupSize);
    return {
      shader: quads,
      entry: 'multiply_quads',
      tile: [QUAD_ROWS, 4],
      group: [lanes, 1],
      constants: { ...transposed, group_columns: lanes, sharing: sharingOf(subgroupSize) },
      rowsFirst: !transposeA && !transposeB,
    };
  }
  if (shaders !== OF_F32 && !isAligned) {
    throw new Error(`[matmul] expected halves in multiples of 4, got ${m}, ${k} and ${n}`);
  }
  // A narrow output has more rows in a workgroup instead.
  const columns = n <= 4 ? 1 : n <= 8 ? 2 : n <= 16 ? 4 : 8;
  const [entry, constants] = isAligned ? ['multiply_vec4', transposed] : ['multiply_scalar', {}];
  return { shader: tiles, entry, tile: [4, 4], group: [columns, 64 / columns], constants };
}

const workgroupsOf = ({ m, n }: Sizes, { tile, group }: Form): readonly [number, number] => [
  Math.ceil(n / tile[1] / group[0]),
  Math.ceil(m / tile[0] / group[1]),
];

/**
 * A small weight gradient has few tiles and a long sum: its K is split so that enough invocations are busy. With
 * more workgroups than this the sum of the parts, a dispatch of its own, costs more than it gains.
 */
const FEW_WORKGROUPS = 64;
const LONG_SUM = 512;
const SHORTEST_PART = 128;
const MOST_PARTS = 32;
const INVOCATIONS_WANTED = 16_384;

function partsOf(sizes: Sizes, form: Form): number {
  const { batch, m, n, k } = sizes;
  const [columns, rows] = workgroupsOf(sizes, form);
  if (k < LONG_SUM || batch * columns * rows >= FEW_WORKGROUPS) return 1;
  const tiles = batch * Math.ceil(m / form.tile[0]) * Math.ceil(n / form.tile[1]);
  const parts = Math.min(INVOCATIONS_WANTED / tiles, k / SHORTEST_PART, MOST_PARTS);
  return Math.max(1, Math.floor(parts));
}

/** A slow integrated GPU takes a tenth of a second for it: rows beyond are another dispatch, far from any watchdog. */
const MOST_FLOPS = 2e9;

function multiply(
  a: Tensor,
  b: Tensor,
  rest: readonly Tensor[],
  out: Operand,
  sizes: Sizes,
  params: MatmulParams,
  form: Form,
  parts: number,
): Dispatch[] {
  const { batch, m, n, k } = sizes;
  const { hasBias, hasResidual } = params;
  const [groupColumns, groupRows] = form.group;
  const isScalar = form.entry === 'multiply_scalar';
  const steps = stepsOf(sizes, params);
  // An absent bias or residual is never read; `a` stands in for it because every binding needs a buffer.
  const bias = hasBias ? rest[0] : a;
  const residual = hasResidual ? rest.at(-1)! : a;
  const [across, down] = workgroupsOf(sizes, form);
  const dispatches = Math.ceil((2 * batch * m * n * k) / MOST_FLOPS);
  const most = Math.ceil(down / dispatches);
  const partLength = 4 * Math.ceil(Math.ceil(k / 4) / parts);
  return Array.from({ length: Math.ceil(down / most) }, (_, i) => ({
    shader: form.shader,
    entry: form.entry,
    constants: form.constants,
    bindings: {
      ...(isScalar
        ? { a, b, bias, residual, out }
        : { a4: a, b4: b, bias4: bias, residual4: residual, out4: out }),
      sizes: numbers(
        ...[m, n, k, batch, partLength, i * most * groupRows * form.tile[0]],
        ...[Number(hasBias), Number(hasResidual), groupColumns],
        ...[steps.stepA, steps.stepB, steps.rowStepA, steps.columnStepB, steps.rowStepOut],
        ...[steps.batchStepA, steps.batchStepB, steps.batchStepOut],
      ),
    },
    workgroups: form.rowsFirst
      ? [Math.min(most, down - i * most), across, batch * parts]
      : [across, Math.min(most, down - i * most), batch * parts],
  }));
}

/**
 * op(a) op(b) + bias + residual, where op transposes the last two dimensions if asked.
 * @param a [..., M, K], or [..., K, M] with `transposeA`
 * @param b [K, N], or [N, K] with `transposeB`: one matrix for all leading dimensions of an `a` that is not transposed;
 *   or with the leading dimensions of `a`
 * @param options.beside of a, b and out the one whose matrices for all leading dimensions lie beside each other in one:
 *   out [M, batch * N] instead of [..., M, N]
 * @returns [..., M, N]
 * @throws Error when the shapes do not fit, or only one of a and b is in halves
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  options: {
    readonly transposeA?: boolean;
    readonly transposeB?: boolean;
    /** [N] */
    readonly bias?: Tensor;
    /** Of the output's shape. */
    readonly residual?: Tensor;
    readonly beside?: Beside;
  } = {},
): Tensor {
  const { transposeA = false, transposeB = false, bias, residual, beside } = options;
  if (a.isHalf !== b.isHalf) {
    throw new Error(`[matmul] expected f32 or halves, got one of each: ${a.name}, ${b.name}`);
  }
  const inputs = [a, b, ...(bias ? [bias] : []), ...(residual ? [residual] : [])];
  const params = { transposeA, transposeB, hasBias: !!bias, hasResidual: !!residual, beside };
  return a.graph.apply(matmulOp, inputs, params)[0];
}
