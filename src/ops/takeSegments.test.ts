// Proof of takeSegments, and of the packing of a choice of frames.

import { expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { Graph } from '../autograd/graph';
import { packChoice, placeWidth, rowWidth, takeSegments } from './takeSegments';
import { testOp } from './testOp';

testOp('takeSegments', {
  cases: (draw, i) => {
    const sizes = {
      // Around the 24 frames of a packed number.
      frames: [1, 23, 24, 25, 48, 49][i] ?? draw.integer(1, 60),
      channelCount: draw.pick([1, 5, 12]),
      bandCount: draw.pick([1, 2]),
      outputCount: draw.pick([1, 2, 3]),
    };
    const width = rowWidth(sizes);
    const placed = placeWidth(sizes.frames, i % 2 === 0);
    const rows = sizes.frames + draw.integer(1, 80);
    const batch = draw.integer(1, 5);
    // Places of whole numbers: a mask's row, a first row with all frames behind it, a weight, choices.
    const place = (z: number, k: number): number => {
      const share = Math.abs(z) % 1;
      if (k % placed === 0) return Math.floor(share * rows);
      if (k % placed === 1) return Math.floor(share * (rows - sizes.frames + 1));
      if (k % placed === 2) return [0, 1, 0.5][Math.floor(share * 3)];
      return Math.floor(share * 2 ** 24);
    };
    return {
      inputs: [
        [rows, width],
        [batch, placed],
      ],
      differentiable: [false, false],
      build: ([recordings, places]) => Object.values(takeSegments(recordings, places, sizes)),
      sample: (input, z, k) => (input === 0 ? z : place(z, k)),
    };
  },
  errors: [
    {
      build: (graph) =>
        takeSegments(graph.input('r', [10, 7]), graph.input('p', [2, 4]), {
          frames: 5,
          channelCount: 2,
          bandCount: 2,
          outputCount: 1,
        }),
      message:
        /\[takeSegments\] expected recordings \[rows, 6\] and places \[B, 3 or 4\], got \[10, 7\] and \[2, 4\]/,
    },
  ],
});

test('takes frames, mask, behaviour and weights from where they lie', () => {
  const sizes = { frames: 2, channelCount: 2, bandCount: 1, outputCount: 1 };
  const graph = new Graph();
  const recordings = graph.constant(
    'recordings',
    [5, 4],
    Float32Array.of(1, 0, 9, 9, 10, 11, 12, 1, 20, 21, 22, 0, 30, 31, 32, 1, 0, 1, 9, 9),
  );
  const choice = packChoice(Float32Array.of(0, 1));
  const places = graph.constant(
    'places',
    [2, 4],
    Float32Array.of(4, 1, 1, ...choice, 0, 2, 0, ...choice),
  );
  const taken = takeSegments(recordings, places, sizes);
  for (const tensor of Object.values(taken)) graph.output(tensor);
  const plan = compileCpu(graph);
  plan.run();
  const found = Object.entries(taken).map(([name, tensor]) => [name, [...plan.values(tensor)]]);
  expect(Object.fromEntries(found)).toEqual({
    lfp: [10, 11, 20, 21, 20, 21, 30, 31],
    channelMask: [0, 1, 1, 0],
    behaviour: [12, 22, 22, 32],
    behaviourWeight: [1, 0, 0, 0],
    frameWeight: [1, 1, 0, 0],
    chosenFrames: [0, 1, 0, 0],
  });
});

test('packs 24 choices into a number that an f32 holds', () => {
  expect(packChoice(new Float32Array(25).fill(1))).toEqual([2 ** 24 - 1, 1]);
  expect(packChoice(Float32Array.of(1, 0, 1))).toEqual([5]);
  expect(Math.fround(2 ** 24 - 1)).toBe(2 ** 24 - 1);
});
