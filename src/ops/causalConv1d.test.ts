// Proof of the depthwise convolution, of its direction and causality.

import { describe, expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { causalConv1d } from './causalConv1d';
import { scale } from './elementwise';
import {
  equalFrames,
  evaluate,
  flipFrames,
  largestDifference,
  normalValue,
  withOtherFuture,
} from './evaluateGraph';
import { testOp } from './testOp';

// One element; a sequence shorter than the taps; more rows than a block holds; the workgroup's edges.
const EDGES = [
  [1, 1, 1, 1],
  [1, 2, 3, 4],
  [2, 40, 5, 4],
  [1, 3, 65, 2],
  [2, 4, 64, 3],
];

const FORMS = [
  { reverse: false, silu: true },
  { reverse: true, silu: true },
  { reverse: false, silu: false },
];

testOp('causalConv1d', {
  cases: (draw, i) => {
    const [B, T, D, K] = EDGES[i] ?? [
      draw.integer(1, 3),
      draw.pick([1, 2, 9, 53]),
      draw.pick([3, 70]),
      4,
    ];
    const form = FORMS[i % FORMS.length];
    // Columns of x that are another op's: their gradient, which comes first, passes through.
    const beside = i % 4 < 2 ? 0 : draw.pick([1, 64]);
    return {
      label: `${JSON.stringify(form)} ${beside} columns beside`,
      inputs: [[B, T, D + beside], [D, 1, K], [D]],
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
        causalConv1d(g.input('x', [1, 4, 3]), g.input('w', [3, 1, 5]), g.input('b', [3])),
      message: /\[causalConv1d\] expected at most 4 taps, got 5/,
    },
  ],
});

/** Rounding of sums of five terms of order one. */
const STREAM_ERROR = 1e-6;
const [B, T, D, K] = [2, 11, 5, 4];
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

  test('reversed equals flipping before and after', async () => {
    const device = await open();
    const [reversed] = await evaluate(device, [x, ...weights], ([a, weight, bias]) =>
      causalConv1d(a, weight, bias, { silu: true, reverse: true }),
    );
    const [flipped] = await evaluate(device, [flipFrames(x), ...weights], forward);
    const back = flipFrames({ shape: [B, T, D], values: flipped }).values;
    expect(largestDifference(reversed, back)).toBeLessThan(STREAM_ERROR);
    expect(largestDifference(reversed, flipped)).toBeGreaterThan(0.1);
  });
});
