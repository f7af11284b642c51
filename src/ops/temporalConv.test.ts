// Proof of the tokenizer's convolution, and of its causality.

import { describe, expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import {
  equalFrames,
  evaluate,
  flipFrames,
  largestDifference,
  normalValue,
  withOtherFuture,
} from './evaluateGraph';
import { temporalConv } from './temporalConv';
import { testOp } from './testOp';

// B, T, C, bands, dChannel: one element; fewer frames than taps; more pairs than a workgroup holds; several blocks.
const EDGES = [
  [1, 1, 1, 1, 1],
  [1, 2, 3, 1, 2],
  [1, 3, 2, 43, 6],
  [2, 50, 6, 1, 8],
];

/** C, bands, dChannel; few, because a software adapter takes longer to compile a pipeline than to run many cases. */
const LAYOUTS = [
  [2, 1, 8],
  [5, 3, 4],
  [13, 1, 5],
];

/** Every third channel is padded, so that a forgotten mask shows. */
const maskOr = (input: number, z: number, k: number): number =>
  input === 1 ? Number(k % 3 !== 1) : z;

testOp('temporalConv', {
  cases: (draw, i) => {
    const [B, T, C, bands, filters] = EDGES[i] ?? [
      draw.integer(1, 4),
      draw.pick([7, 30]),
      ...draw.pick(LAYOUTS),
    ];
    const causal = i % 2 === 0;
    return {
      label: `causal ${causal}`,
      inputs: [[B, T, C * bands], [B, C], [filters, bands, 3], [filters]],
      build: ([lfp, mask, weight, bias]) => temporalConv(lfp, mask, weight, bias, { causal }),
      sample: maskOr,
      differentiable: [false, false, true, true],
    };
  },
  errors: [
    {
      build: (g) =>
        temporalConv(
          g.input('lfp', [1, 5, 4]),
          g.input('mask', [1, 3]),
          g.input('w', [8, 1, 3]),
          g.input('b', [8]),
          { causal: true },
        ),
      message: /expected lfp \[B, T, C \* 1\] and mask \[B, C\], got \[1, 5, 4\] and \[1, 3\]/,
    },
    {
      build: (g) =>
        temporalConv(
          g.input('lfp', [1, 5, 4]),
          g.input('mask', [1, 4]),
          g.input('w', [8, 1, 5]),
          g.input('b', [8]),
          { causal: true },
        ),
      message: /expected weight \[dChannel, bands, 3\] and bias \[dChannel\], got \[8, 1, 5\]/,
    },
  ],
});

/** Rounding of sums of seven terms of order one. */
const STREAM_ERROR = 1e-6;
const [B, T, C, bands, filters] = [2, 9, 3, 2, 4];
const lfp = normalValue([B, T, C * bands], 1);
const rest = [
  { shape: [B, C], values: Float32Array.of(1, 1, 0, 1, 0, 1) },
  normalValue([filters, bands, 3], 2),
  normalValue([filters], 3),
];
const causalForm = ([x, mask, weight, bias]: readonly Tensor[]): Tensor =>
  temporalConv(x, mask, weight, bias, { causal: true });
const centredForm = ([x, mask, weight, bias]: readonly Tensor[]): Tensor =>
  temporalConv(x, mask, weight, bias, { causal: false });

describe.each(['cpu', 'gpu'])('temporalConv on %s', (kind) => {
  const open = async () => (kind === 'cpu' ? CPU : testDevice());

  test.each([1, 4, T - 1])(
    'from frame %d on, another future changes nothing before',
    async (from) => {
      const device = await open();
      const changed = withOtherFuture(lfp, from, 4);
      const [out] = await evaluate(device, [lfp, ...rest], causalForm);
      const [other] = await evaluate(device, [changed, ...rest], causalForm);
      expect(equalFrames(out, other, B, T)).toBe(from);
      // The control: the centred form sees one frame ahead.
      const [centred] = await evaluate(device, [lfp, ...rest], centredForm);
      const [otherCentred] = await evaluate(device, [changed, ...rest], centredForm);
      expect(equalFrames(centred, otherCentred, B, T)).toBe(from - 1);
    },
  );

  test('the centred form with flipped taps is the mirror of itself', async () => {
    const device = await open();
    const [mask, weight, bias] = rest;
    const flippedTaps = weight.values.map((_, k) => weight.values[k - (k % 3) + 2 - (k % 3)]);
    const mirrored = [flipFrames(lfp), mask, { ...weight, values: flippedTaps }, bias];
    const [out] = await evaluate(device, [lfp, ...rest], centredForm);
    const [mirror] = await evaluate(device, mirrored, centredForm);
    const back = flipFrames({ shape: [B, T, C * filters], values: mirror }).values;
    expect(largestDifference(out, back)).toBeLessThan(STREAM_ERROR);
  });
});
