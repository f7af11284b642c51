// Proof of the depthwise convolution, of its direction and causality.

import { describe, expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import type { Shape, Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { causalConv1d } from './causalConv1d';
import { scale } from './elementwise';
import {
  equalFrames,
  evaluate,
  flipFrames,
  largestDifference,
  normalValue,
  type Value,
  withOtherFuture,
} from './evaluateGraph';
import { testOp } from './testOp';

// One element; a sequence shorter than the taps; more rows than a block holds; the workgroup's edges.
const EDGES = [
  [1, 1, 4, 1],
  [1, 2, 12, 4],
  [2, 40, 20, 4],
  [1, 3, 260, 2],
  [2, 4, 256, 3],
];

const FORMS = [
  { directions: 1, silu: true },
  { directions: 2, silu: true },
  { directions: 1, silu: false },
] as const;

testOp('causalConv1d', {
  cases: (draw, i) => {
    const [B, T, D, K] = EDGES[i] ?? [
      draw.integer(1, 3),
      draw.pick([1, 2, 9, 53]),
      draw.pick([12, 72]),
      4,
    ];
    const form = FORMS[i % FORMS.length];
    const { directions } = form;
    // Columns of x that are another op's: their gradient, which comes first, passes through.
    const beside = i % 4 < 2 ? 0 : draw.pick([4, 64]);
    return {
      label: `${JSON.stringify(form)} ${beside} columns beside`,
      inputs: [[B, T, directions * (D + beside)], [directions * D, 1, K], [directions * D]],
      build([x, weight, bias]) {
        const out = causalConv1d(x, weight, bias, form);
        return i % 2 ? [out, scale(x, 2)] : out;
      },
    };
  },
  errors: [
    {
      build: (g) => causalConv1d(g.input('x', [4, 3]), g.input('w', [3, 1, 4]), g.input('b', [3])),
      message: /\[causalConv1d\] expected x of shape \[B, T, D\], got \[4, 3\]/,
    },
    {
      build: (g) =>
        causalConv1d(g.input('x', [1, 4, 3]), g.input('w', [2, 1, 4]), g.input('b', [3])),
      message:
        /expected weight \[D, 1, K\] and bias \[D\] with D at most 3, got \[2, 1, 4\] and \[3\]/,
    },
    {
      build: (g) =>
        causalConv1d(g.input('x', [1, 4, 3]), g.input('w', [4, 1, 4]), g.input('b', [4])),
      message: /with D at most 3, got \[4, 1, 4\] and \[4\]/,
    },
    {
      build: (g) =>
        causalConv1d(g.input('x', [1, 4, 6]), g.input('w', [6, 1, 4]), g.input('b', [6])),
      message:
        /\[causalConv1d\] expected columns in multiples of 4, got \[1, 4, 6\] and \[6, 1, 4\]/,
    },
    {
      build: (g) =>
        causalConv1d(g.input('x', [1, 4, 4]), g.input('w', [4, 1, 5]), g.input('b', [4])),
      message: /\[causalConv1d\] expected at most 4 taps, got 5/,
    },
    {
      build: (g) =>
        causalConv1d(g.input('x', [1, 4, 6]), g.input('w', [3, 1, 4]), g.input('b', [3]), {
          directions: 2,
        }),
      message: /with D at most 6, both in two halves, got \[3, 1, 4\] and \[3\]/,
    },
  ],
});

const [B, T, D, K] = [2, 11, 12, 4];
const x = normalValue([B, T, D], 1);
const weights = [normalValue([D, 1, K], 2), normalValue([D], 3)];
const forward = ([a, weight, bias]: readonly Tensor[]): Tensor =>
  causalConv1d(a, weight, bias, { silu: true });

describe.each(['cpu', 'gpu'])('causalConv1d on %s', (kind) => {
  const open = async () => (kind === 'cpu' ? CPU : testDevice());

  test('is causal bit for bit', async () => {
    const device = await open();
    const [out] = await evaluate(device, [x, ...weights], forward);
    for (const from of [1, 6, T - 1]) {
      const [other] = await evaluate(device, [withOtherFuture(x, from, 4), ...weights], forward);
      expect(equalFrames(out, other, B, T)).toBe(from);
    }
  });

  test('the second direction equals flipping before and after, the first the plain convolution', async () => {
    const device = await open();
    const others = [normalValue([D, 1, K], 5), normalValue([D], 6)];
    const twice = (a: Value, b: Value, shape: Shape): Value => ({
      shape,
      values: Float32Array.from([...a.values, ...b.values]),
    });
    const both = [
      // The columns of the one beside those of the other.
      {
        shape: [B, T, 2 * D],
        values: Float32Array.from({ length: 2 * B * T * D }, (_, k) => {
          return x.values[Math.floor(k / (2 * D)) * D + (k % D)];
        }),
      },
      twice(weights[0], others[0], [2 * D, 1, K]),
      twice(weights[1], others[1], [2 * D]),
    ];
    const [out] = await evaluate(device, both, ([a, weight, bias]) =>
      causalConv1d(a, weight, bias, { silu: true, directions: 2 }),
    );
    const [ahead] = await evaluate(device, [x, ...weights], forward);
    expect(out.slice(0, ahead.length)).toEqual(ahead);
    const [flipped] = await evaluate(device, [flipFrames(x), ...others], forward);
    const back = flipFrames({ shape: [B, T, D], values: flipped }).values;
    expect(out.slice(ahead.length)).toEqual(back);
    expect(largestDifference(out.slice(ahead.length), flipped)).toBeGreaterThan(0.1);
  });
});
