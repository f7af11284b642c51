// Proof of matmul in all its forms.

import { expect, test } from 'vitest';
import { compileGpu } from '../autograd/gpuPlan';
import { Graph } from '../autograd/graph';
import { type Shape, sizeOf } from '../autograd/tensor';
import { gaussian, PURPOSE } from '../base/rng';
import { baseLevelDevice, testDevice } from '../gpu/testDevice';
import { scale } from './elementwise';
import { matmul } from './matmul';
import { testOp } from './testOp';

const SIZES = [1, 3, 4, 5, 8, 31, 32, 33, 64, 65];
const ALIGNED = [4, 16, 20, 32, 68];

for (const [transposeA, transposeB] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
]) {
  const form = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  testOp(`matmul ${form}`, {
    hasSubgroupForm: true,
    cases(draw, i) {
      let [m, n, k] = [SIZES[i], SIZES[i], SIZES[i]];
      if (i >= SIZES.length) {
        // Half of the cases may take the vec4 path, whose rows need not be aligned.
        const inner = i % 2 ? SIZES : ALIGNED;
        [m, n, k] = [draw.pick(SIZES), draw.pick(inner), draw.pick(inner)];
      }
      // Long sums with a small output are split into parts, here and in the gradients by b.
      if (i % 10 === 8) [m, n, k] = [draw.pick([1, 4, 8]), 4, draw.pick([3000, 3001])];
      if (i % 10 === 9) [m, n, k] = [3000, draw.pick([2, 4]), draw.pick([4, 5, 8])];
      const lead = draw.pick([[], [], [3], [2, 2]]);
      const beside = draw.pick([undefined, undefined, 'a', 'b', 'out'] as const);
      const shared = !transposeA && !beside && draw.pick([true, false]);
      const batch = sizeOf(lead);
      const operand = (name: 'a' | 'b' | 'out', rows: number, columns: number): Shape =>
        name === beside ? [rows, batch * columns] : [...lead, rows, columns];
      const withBias = beside !== 'out' && draw.pick([true, false]);
      const withResidual = draw.pick([true, false]);
      const isUsedAgain = draw.pick([true, false]);
      return {
        label: `${m} ${n} ${k} ${beside ?? 'nothing'} beside`,
        inputs: [
          transposeA ? operand('a', k, m) : operand('a', m, k),
          ...(shared ? [transposeB ? [n, k] : [k, n]] : []),
          ...(shared ? [] : [transposeB ? operand('b', n, k) : operand('b', k, n)]),
          ...(withBias ? [[n]] : []),
          ...(withResidual ? [operand('out', m, n)] : []),
        ],
        build([x, y, ...rest]) {
          const out = matmul(x, y, {
            transposeA,
            transposeB,
            bias: withBias ? rest[0] : undefined,
            residual: withResidual ? rest.at(-1) : undefined,
            beside,
          });
          // A later use of x, whose gradient comes first: the product by x adds it.
          return isUsedAgain ? [out, scale(x, 2)] : out;
        },
      };
    },
  });
}

test.each<[string, Shape, Shape, object, RegExp]>([
  ['a vector', [3], [3, 2], {}, /expected matrices, got \[3\] and \[3, 2\]/],
  [
    'other lengths',
    [2, 3],
    [4, 5],
    {},
    /one length of the summed dimension \(a, b\), got \[2, 3\] and \[4, 5\]/,
  ],
  ['lengths of a^T', [2, 3], [3, 5], { transposeA: true }, /summed dimension \(a\^T, b\)/],
  ['other batches', [2, 4, 3], [5, 3, 2], {}, /expected equal leading dimensions, or one matrix b/],
  [
    'one b for a batch of a^T',
    [2, 3, 4],
    [3, 5],
    { transposeA: true },
    /equal leading dimensions for a transposed a/,
  ],
  ['an uneven a beside', [4, 7], [2, 3, 5], { beside: 'a' }, /expected a as 2 equal matrices/],
  [
    'an out beside of one b',
    [2, 4, 3],
    [3, 5],
    { beside: 'out' },
    /equal leading .* or an out beside/,
  ],
])('matmul refuses %s', (_, a, b, options, message) => {
  const graph = new Graph();
  expect(() => matmul(graph.input('a', a), graph.input('b', b), options)).toThrow(message);
});

test('matmul refuses a bias or residual of another shape', () => {
  const graph = new Graph();
  const [a, b] = [graph.input('a', [2, 3]), graph.input('b', [3, 5])];
  expect(() => matmul(a, b, { bias: graph.input('bias', [3]) })).toThrow(
    '[matmul] expected a bias of shape [5], got [3]',
  );
  expect(() => matmul(a, b, { residual: graph.input('residual', [5]) })).toThrow(
    '[matmul] expected a residual of shape [2, 5], got [5]',
  );
  const [x, y] = [graph.input('x', [2, 2, 3]), graph.input('y', [2, 3, 5])];
  expect(() => matmul(x, y, { bias: graph.input('bias', [5]), beside: 'out' })).toThrow(
    '[matmul] expected no bias, got [5]',
  );
});

test.each([
  ['a long sum with few tiles is split and gives the same bits every time', [3000, 8], 2],
  ['a long sum with few tiles is split in a batch too', [2, 3000, 8], 2],
  ['a short sum is not split', [300, 8], 1],
  ['a long sum with many tiles is not split', [600, 256], 1],
])('%s', async (_, shape, dispatches) => {
  const graph = new Graph();
  const x = graph.input('x', shape);
  const out = graph.output(matmul(x, x, { transposeA: true }));
  const plan = await compileGpu(graph, await testDevice());
  expect(plan.counts.dispatches).toBe(dispatches);
  plan.write(
    x,
    Float32Array.from({ length: x.size }, (_, i) => gaussian(1, PURPOSE.test, 0, i)),
  );
  plan.run();
  const first = await plan.read(out);
  plan.run();
  expect(await plan.read(out)).toEqual(first);
  expect(first[0]).toBeGreaterThan(0);
  plan.destroy();
});

const LONG = { rows: 1040, columns: 1024, summed: 1000 };

test.each([
  { transposeA: false, form: 'subgroups' },
  { transposeA: true, form: 'subgroups' },
  { transposeA: false, form: 'base level' },
  { transposeA: true, form: 'base level' },
])(
  'a product of more than 2 GFLOP takes two dispatches: $form, transposed $transposeA',
  async ({ transposeA, form }) => {
    const gpu = await (form === 'subgroups' ? testDevice() : baseLevelDevice());
    const { rows, columns, summed } = LONG;
    expect(2 * rows * columns * summed).toBeGreaterThan(2e9);
    const values = (size: number, salt: number): Float32Array =>
      Float32Array.from({ length: size }, (_, i) => gaussian(1, PURPOSE.test, salt, i));
    const [ofA, ofB] = [values(rows * summed, 0), values(summed * columns, 1)];
    /** The product of the rows from `first` on. */
    const product = async (first: number) => {
      const graph = new Graph();
      const count = rows - first;
      const a = graph.input('a', transposeA ? [summed, count] : [count, summed]);
      const b = graph.input('b', [summed, columns]);
      const out = graph.output(matmul(a, b, { transposeA }));
      const plan = await compileGpu(graph, gpu);
      plan.write(
        a,
        transposeA ? ofA.filter((_, i) => i % rows >= first) : ofA.slice(first * summed),
      );
      plan.write(b, ofB);
      plan.run();
      const found = await plan.read(out);
      plan.destroy();
      return { found, dispatches: plan.counts.dispatches };
    };
    const whole = await product(0);
    expect(whole.dispatches).toBe(2);
    // The second begins behind the middle.
    const lower = await product(480);
    expect(lower.dispatches).toBe(1);
    expect(whole.found.slice(480 * columns)).toEqual(lower.found);
    expect(lower.found.every(Number.isFinite)).toBe(true);
  },
);
