// Proof of split.

import { split } from './split';
import { testOp } from './testOp';

// Whole vec4s, ragged, and mixed (aligned parts at an unaligned offset).
const WIDTHS = [[1], [4, 8], [1, 2, 3], [3, 4, 8], [128, 128, 8], [5, 256, 1]];

testOp('split', {
  cases(draw, i) {
    const widths = WIDTHS[i] ?? draw.pick(WIDTHS);
    const width = widths.reduce((sum, n) => sum + n, 0);
    // Part of the split is not used further in every third case: its gradient is zeros.
    const used = i % 3 === 2 ? 1 : widths.length;
    return {
      inputs: [[draw.integer(1, 3), draw.pick([1, 7, 40]), width]],
      build: ([x]) => split(x, widths).slice(0, used),
    };
  },
  errors: [
    {
      build: (graph) => split(graph.input('x', [2, 5]), [2, 2]),
      message: /\[split\] expected positive widths that add up to the last of \[2, 5\], got 2 \+ 2/,
    },
  ],
});
