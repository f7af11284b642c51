// Proof of channel attention, and of its causality.

import { describe, expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { eca } from './eca';
import {
  equalFrames,
  evaluate,
  flipFrames,
  largestDifference,
  normalValue,
  withOtherFuture,
} from './evaluateGraph';
import { testOp } from './testOp';

// B, T, C, D, k: one element; fewer channels than taps; a whole number of chunks; more channels than a workgroup.
const EDGES = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1],
  [1, 2, 2, 3, 5],
  [2, 2, 2, 3, 5],
  [1, 16, 4, 2, 3],
  [1, 16, 4, 2, 3],
  [2, 3, 70, 2, 5],
  [1, 5, 70, 2, 5],
];

/** T, C, D, k; few, because a software adapter takes longer to compile a pipeline than to run many cases. */
const LAYOUTS = [
  [7, 6, 8, 5],
  [53, 8, 4, 3],
];

testOp('eca', {
  cases: (draw, i) => {
    const [B, T, C, D, k] = EDGES[i] ?? [draw.integer(1, 6), ...draw.pick(LAYOUTS)];
    const causal = i % 2 === 0;
    return {
      label: `causal ${causal}`,
      inputs: [
        [B, T, C, D],
        [1, 1, k],
      ],
      // An offset, so that the mean over time keeps its size and a wrong count shows.
      sample: (input, z) => (input === 0 ? z + 0.5 : z),
      build: ([f, weight]) => eca(f, weight, { causal }),
    };
  },
  errors: [
    {
      build: (g) => eca(g.input('f', [1, 2, 3]), g.input('w', [1, 1, 3]), { causal: true }),
      message: /\[eca\] expected f of shape \[B, T, C, D\], got \[1, 2, 3\]/,
    },
    {
      build: (g) => eca(g.input('f', [1, 2, 3, 4]), g.input('w', [1, 1, 4]), { causal: true }),
      message: /\[eca\] expected weight \[1, 1, k\] with k odd, got \[1, 1, 4\]/,
    },
  ],
});

/** Rounding of a sum over a dozen frames. */
const STREAM_ERROR = 1e-6;
const [B, T, C, D, K] = [2, 11, 5, 3, 3];
const f = normalValue([B, T, C, D], 1);
const weight = normalValue([1, 1, K], 2);
const causalForm = ([x, w]: readonly Tensor[]): Tensor => eca(x, w, { causal: true });
const globalForm = ([x, w]: readonly Tensor[]): Tensor => eca(x, w, { causal: false });

describe.each(['cpu', 'gpu'])('eca on %s', (kind) => {
  const open = async () => (kind === 'cpu' ? CPU : testDevice());

  test.each([1, 4, T - 1])(
    'from frame %d on, another future changes nothing before',
    async (from) => {
      const device = await open();
      const changed = withOtherFuture(f, from, 4);
      const [out] = await evaluate(device, [f, weight], causalForm);
      const [other] = await evaluate(device, [changed, weight], causalForm);
      expect(equalFrames(out, other, B, T)).toBe(from);
      // The control: the global mean sees every frame.
      const [global] = await evaluate(device, [f, weight], globalForm);
      const [otherGlobal] = await evaluate(device, [changed, weight], globalForm);
      expect(equalFrames(global, otherGlobal, B, T)).toBe(0);
    },
  );

  test('the global form does not know the order of the frames', async () => {
    const device = await open();
    const [out] = await evaluate(device, [f, weight], globalForm);
    const [flipped] = await evaluate(device, [flipFrames(f), weight], globalForm);
    const back = flipFrames({ shape: f.shape, values: flipped }).values;
    expect(largestDifference(out, back)).toBeLessThan(STREAM_ERROR);
    const [causal] = await evaluate(device, [f, weight], causalForm);
    expect(largestDifference(out, causal)).toBeGreaterThan(0.01);
  });
});
