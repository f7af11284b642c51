// Proof of reshape.

import { scale } from './elementwise';
import { reshape } from './reshape';
import { testOp } from './testOp';

testOp('reshape', {
  cases: (draw) => {
    const [a, b, c] = [draw.integer(1, 5), draw.integer(1, 7), draw.integer(1, 9)];
    const shape = draw.pick([[a * b * c], [c, b, a], [a * b, c], [1, a, b * c]]);
    return {
      inputs: [[a, b, c]],
      // An alias has no memory of its own: it is proved between two ops that have.
      build: ([x]) => scale(reshape(scale(x, 2), shape), 3),
    };
  },
  errors: [
    {
      build: (graph) => reshape(graph.input('x', [2, 3]), [4, 2]),
      message: /\[reshape\] expected a shape of 6 elements for \[2, 3\], got \[4, 2\]/,
    },
  ],
});
