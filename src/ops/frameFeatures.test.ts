// Proof of the tokenizer's features of one live frame.

import { expect, test } from 'vitest';
import { CPU } from '../autograd/store';
import { testDevice } from '../gpu/testDevice';
import { eca } from './eca';
import { gelu, scale } from './elementwise';
import { evaluate, largestDifference, normalValue, stream } from './evaluateGraph';
import { featureMemoryShape, frameFeatures } from './frameFeatures';
import { temporalConv } from './temporalConv';
import { testOp } from './testOp';

// One of everything, a workgroup's channels and one more, attention wider than the channels.
const EDGES = [
  { B: 1, C: 1, bands: 1, F: 1, taps: 1 },
  { B: 2, C: 257, bands: 1, F: 3, taps: 5 },
  { B: 1, C: 2, bands: 3, F: 2, taps: 7 },
];

testOp('frameFeatures', {
  count: 20,
  cases(draw, i) {
    const { B, C, bands, F, taps } = EDGES[i] ?? {
      B: draw.integer(1, 3),
      C: draw.integer(1, 40),
      bands: draw.integer(1, 3),
      F: draw.integer(1, 8),
      taps: draw.pick([1, 3, 5]),
    };
    const columns = C * bands;
    return {
      inputs: [
        [B, 1, columns],
        [B, C],
        [F, bands, 3],
        [F],
        [1, 1, taps],
        [1],
        featureMemoryShape(B, columns, C),
      ],
      // A mask of zeros and ones; a number of frames.
      sample: (input, z) => (input === 1 ? Number(z < 1) : input === 5 ? Math.floor(9 * z * z) : z),
      build([lfp, mask, weight, bias, attention, count, kept]) {
        const out = frameFeatures(lfp, mask, { weight, bias }, attention, { count, kept });
        // Read after the step: the frame must have entered the memory.
        return [out, scale(kept, 1)];
      },
      differentiable: Array.from({ length: 7 }, () => false),
    };
  },
  errors: [
    {
      build(graph) {
        const [weight, bias] = [graph.input('w', [2, 1, 3]), graph.input('b', [2])];
        const memory = { count: graph.input('n', [1]), kept: graph.input('m', [1, 11]) };
        const lfp = graph.input('x', [1, 1, 4]);
        const mask = graph.input('mask', [1, 4]);
        return frameFeatures(lfp, mask, { weight, bias }, graph.input('a', [1, 1, 3]), memory);
      },
      message: /\[frameFeatures\] expected lfp .* got .*\[1, 11\]/,
    },
    {
      build(graph) {
        const [weight, bias] = [graph.input('w', [2, 1, 3]), graph.input('b', [2])];
        const kept = scale(graph.input('m', [1, 12]), 1);
        const memory = { count: graph.input('n', [1]), kept };
        const lfp = graph.input('x', [1, 1, 4]);
        const mask = graph.input('mask', [1, 4]);
        return frameFeatures(lfp, mask, { weight, bias }, graph.input('a', [1, 1, 3]), memory);
      },
      message: /\[frameFeatures\] expected stored memory, got an activation/,
    },
  ],
});

/** Rounding of running sums over a dozen frames. */
const STREAM_ERROR = 1e-6;

test.each(['cpu', 'gpu'])('frame by frame on %s equals the ops of the whole', async (kind) => {
  const device = kind === 'cpu' ? CPU : await testDevice();
  const [B, T, C, bands, F] = [2, 11, 5, 2, 3];
  const lfp = normalValue([B, T, C * bands], 1);
  const mask = { shape: [B, C], values: Float32Array.of(1, 1, 0, 1, 1, 0, 1, 1, 1, 1) };
  const rest = [
    mask,
    normalValue([F, bands, 3], 2),
    normalValue([F], 3),
    normalValue([1, 1, 3], 4),
  ];
  const [whole] = await evaluate(device, [lfp, ...rest], ([x, kept, weight, bias, attention]) =>
    eca(gelu(temporalConv(x, kept, weight, bias, { causal: true })), attention, { causal: true }),
  );
  const streamed = await stream(
    device,
    lfp,
    [featureMemoryShape(B, C * bands, C), [1]],
    (frame, [kept, count], graph) => {
      const fixed = rest.map(({ shape, values }) => graph.constant('fixed', shape, values));
      const [channelMask, weight, bias, attention] = fixed;
      return frameFeatures(frame, channelMask, { weight, bias }, attention, { count, kept });
    },
    (t, [, count]) => count.write(Float32Array.of(t)),
  );
  expect(largestDifference(streamed, whole)).toBeLessThan(STREAM_ERROR);
  // Control: the features are of order one.
  expect(largestDifference(whole, new Float32Array(whole.length))).toBeGreaterThan(0.1);
});
