// Proof of augment: same draws on both devices, and the statistics that the method asks for.

import { expect, test } from 'vitest';
import { compileCpu } from '../autograd/cpuPlan';
import { Graph } from '../autograd/graph';
import { augment } from './augment';
import { testOp } from './testOp';

testOp('augment', {
  cases: (draw) => {
    const bandCount = draw.pick([1, 2]);
    const shape = [draw.integer(1, 4), draw.pick([1, 40]), bandCount * draw.pick([1, 5, 12])];
    return {
      inputs: [shape],
      differentiable: [false],
      build: ([x]) =>
        augment(x, { bandCount, channelDropout: 0.3, gain: [0.85, 1.15], noise: 0.05 }),
    };
  },
  errors: [
    {
      build: (graph) =>
        augment(graph.input('x', [2, 3, 5]), {
          bandCount: 2,
          channelDropout: 0,
          gain: [1, 1],
          noise: 0,
        }),
      message: /\[augment\] expected LFP \[B, T, C\*2\], got \[2, 3, 5\]/,
    },
  ],
});

test('drops whole channels at the given rate, with gain and noise in range', () => {
  const graph = new Graph();
  const [batch, frames, channels] = [20, 50, 30];
  const x = graph.input('x', [batch, frames, channels]);
  const y = graph.output(
    augment(x, { bandCount: 1, channelDropout: 0.15, gain: [0.85, 1.15], noise: 0.05 }),
  );
  const plan = compileCpu(graph);
  plan.write(x, new Float32Array(x.size).fill(10));
  plan.run({ seed: 3, step: 5 });
  const values = plan.values(y);
  let dropped = 0;
  let square = 0;
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      const column = Array.from(
        { length: frames },
        (_, t) => values[(b * frames + t) * channels + c],
      );
      const mean = column.reduce((a, v) => a + v, 0) / frames;
      if (Math.abs(mean) < 1) dropped++;
      else expect(Math.abs(mean / 10 - 1)).toBeLessThan(0.16);
      square += column.reduce((a, v) => a + (v - mean) ** 2, 0);
    }
  }
  expect(Math.abs(dropped / (batch * channels) - 0.15)).toBeLessThan(0.05);
  expect(Math.abs(Math.sqrt(square / values.length) - 0.05)).toBeLessThan(0.003);
});
