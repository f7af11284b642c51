// Proof of channel attention, of its causality and streaming form.

import { describe, expect, test } from 'vitest';
import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { CPU, createStore } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { testDevice } from '../gpu/testDevice';
import { eca, updateEcaHistory } from './eca';
import {
  equalFrames,
  evaluate,
  flipFrames,
  largestDifference,
  normalValue,
  stream,
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
    {
      build: (g) =>
        eca(g.input('f', [1, 2, 3, 4]), g.input('w', [1, 1, 3]), {
          causal: false,
          history: { sum: g.input('s', [1, 3]), count: g.input('n', [1]) },
        }),
      message: /\[eca\] expected no history unless causal/,
    },
    {
      build: (g) =>
        eca(g.input('f', [1, 2, 3, 4]), g.input('w', [1, 1, 3]), {
          causal: true,
          history: { sum: g.input('s', [1, 4]), count: g.input('n', [1]) },
        }),
      message: /\[eca\] expected a history of sum \[1, 3\] and count \[1\], got \[1, 4\] and \[1\]/,
    },
    {
      build: (g) =>
        updateEcaHistory(
          { sum: g.input('s', [1, 3]), count: g.input('n', [1]) },
          g.input('f', [1, 2, 3, 4]),
        ),
      message: /\[updateEcaHistory\] expected a stored sum, got an input/,
    },
  ],
});

testOp('eca with history', {
  count: 9,
  cases: (draw, i) => {
    const [B, T, C, D, k] = [draw.integer(1, 3), [1, 2, 7][i % 3], 6, 4, 3];
    return {
      inputs: [[B, T, C, D], [1, 1, k], [B, C], [1]],
      sample: (input, z) => (input === 3 ? Math.floor(10 * Math.abs(z)) : z),
      build: ([f, weight, sum, count]) => eca(f, weight, { causal: true, history: { sum, count } }),
      differentiable: [false, false, false, false],
    };
  },
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

  test('fed frame by frame equals the whole', async () => {
    const device = await open();
    const [whole] = await evaluate(device, [f, weight], causalForm);
    const streamed = await stream(
      device,
      f,
      [[B, C], [1]],
      (frame, [sum, count], graph) => {
        const y = eca(frame, graph.constant('w', weight.shape, weight.values), {
          causal: true,
          history: { sum, count },
        });
        updateEcaHistory({ sum, count }, frame);
        return y;
      },
      (t, [, count]) => count.write(Float32Array.of(t)),
    );
    expect(largestDifference(streamed, whole)).toBeLessThan(STREAM_ERROR);
  });

  test.each([1, 3, 9])('updateEcaHistory adds %d frames', async (frames) => {
    const device = await open();
    const before = normalValue([B, C], 5).values;
    const added = normalValue([B, frames, C, D], 6).values;
    const store = createStore(device, B * C, 'sum');
    store.write(before);
    const graph = new Graph();
    const input = graph.input('f', [B, frames, C, D]);
    const sum = graph.stored('sum', [B, C], store);
    updateEcaHistory({ sum, count: graph.input('count', [1]) }, input);
    const plan = await compile(graph, device);
    plan.write(input, added);
    plan.run();
    const got = await store.read();
    const expected = before.map((value, i) => {
      const b = Math.floor(i / C);
      let total = value;
      for (let t = 0; t < frames; t++) {
        for (let k = 0; k < D; k++) {
          total += added[((b * frames + t) * C + (i % C)) * D + k] / D;
        }
      }
      return total;
    });
    expect(largestDifference(got, expected)).toBeLessThan(STREAM_ERROR);
    plan.destroy();
    store.destroy();
  });
});
