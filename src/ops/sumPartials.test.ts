// Proof of sumPartials: one and two outputs, block counts around the number of shares.

import { expect, test } from 'vitest';
import type { Op } from '../autograd/op';
import { blockCount, sumPartials } from './sumPartials';
import { testOp } from './testOp';

/** Adds the rows of [count, width]; the first `first` columns go to output 0, the rest to output 1. */
const addRows: Op<{ first: number }> = {
  name: 'addRows',
  infer: ([[, width]], { first }) => (first < width ? [[first], [width - first]] : [[width]]),
  cpu({ inputs: [x], inputShapes: [[count, width]], outputs, params: { first } }) {
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < width; column++) {
        const value = x[row * width + column];
        if (column < first) outputs[0][column] += value;
        else outputs[1][column - first] += value;
      }
    }
  },
  gpu({ inputs: [x], outputs: [a, b] }) {
    return [sumPartials(x, x.shape[0], b ? [a, b] : [a])];
  },
  gradient: undefined,
};

testOp('sumPartials', {
  cases(draw, i) {
    const width = draw.pick([1, 31, 32, 33, 100]);
    const first = i % 2 === 0 ? width : Math.max(1, Math.floor(width / 3));
    return {
      inputs: [[draw.pick([1, 7, 8, 9, 256]), width]],
      differentiable: [false],
      build: ([x]) => x.graph.apply(addRows, [x], { first }),
    };
  },
});

test.each([
  [1, 1],
  [16, 1],
  [17, 2],
  [1_000_000, 256],
])('%d rows are cut into %d blocks', (rows, blocks) => {
  expect(blockCount(rows)).toBe(blocks);
});
