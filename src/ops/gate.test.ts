// Proof of the gate.

import { gate } from './gate';
import { testOp } from './testOp';

const COLUMNS = [1, 2, 63, 255, 256, 257];

testOp('gate', {
  cases(draw, i) {
    const columns = COLUMNS[i] ?? draw.integer(1, 300);
    const skipped = draw.pick([0, 0, 1, columns]);
    const lead = draw.pick([[], [3], [2, 5]]);
    return {
      label: `${skipped} columns beside`,
      inputs: [
        [...lead, columns],
        [...lead, skipped + columns],
      ],
      build: ([a, b]) => gate(a, b),
    };
  },
  errors: [
    {
      build: (graph) => gate(graph.input('a', [2, 3]), graph.input('b', [2, 2])),
      message:
        /\[gate\] expected a \[\.\.\., D\] and b \[\.\.\., W\] with D at most W, got \[2, 3\] and \[2, 2\]/,
    },
    {
      build: (graph) => gate(graph.input('a', [2, 3]), graph.input('b', [3, 3])),
      message: /\[gate\] expected a .* got \[2, 3\] and \[3, 3\]/,
    },
  ],
});
