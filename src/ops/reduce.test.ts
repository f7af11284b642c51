// Proof of the sums.

import { meanAll, sumAll, sumRows } from './reduce';
import { testOp } from './testOp';

// Around one pass (64 rows) and the workgroup (64 invocations).
const ROWS = [1, 2, 63, 64, 65, 66, 255, 1000, 4099];

for (const [name, op] of Object.entries({ sumAll, meanAll })) {
  testOp(name, {
    cases: (draw, i) => ({
      // Few sizes: each factor of a mean is a pipeline.
      inputs: [[2, ROWS[i] ?? draw.pick(ROWS)]],
      build: ([x]) => op(x),
      // A mean away from zero, else the relative error of a sum near zero is unbounded.
      sample: (_, z) => 1 + z,
    }),
  });
}

testOp('sumRows', {
  cases: (draw, i) => ({
    inputs: [[draw.integer(1, 2), ROWS[i] ?? draw.integer(1, 500), draw.integer(1, 70)]],
    build: ([x]) => sumRows(x),
    sample: (_, z) => 1 + z,
  }),
});
