// Proof of matmul in all its forms.

import { matmul } from './matmul';
import { testOp } from './testOp';

const SIZES = [1, 3, 4, 5, 8, 31, 32, 33, 64, 65];

for (const [transposeA, transposeB] of [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
]) {
  const form = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  testOp(`matmul ${form}`, {
    cases(draw, i) {
      const size = (): number => SIZES[i] ?? draw.pick(SIZES);
      let [m, n, k] = [size(), size(), size()];
      // A long sum with a small output is split into parts; 3001 is no multiple of 4.
      if (i % 10 === 9)
        [m, n, k] = [draw.pick([1, 4, 5, 8]), draw.pick([2, 4, 6]), i === 9 ? 3001 : 3000];
      const lead = draw.pick([[], [], [3], [2, 2]]);
      const shared = !transposeA && draw.pick([true, false]);
      const a = transposeA ? [k, m] : [m, k];
      const b = transposeB ? [n, k] : [k, n];
      const leadOfB = shared ? [] : lead;
      const withBias = draw.pick([true, false]);
      const withResidual = draw.pick([true, false]);
      return {
        label: `${m} ${n} ${k}`,
        inputs: [
          [...lead, ...a],
          [...leadOfB, ...b],
          ...(withBias ? [[n]] : []),
          ...(withResidual ? [[...lead, m, n]] : []),
        ],
        build: ([x, y, ...rest]) =>
          matmul(x, y, {
            transposeA,
            transposeB,
            bias: withBias ? rest[0] : undefined,
            residual: withResidual ? rest.at(-1) : undefined,
          }),
      };
    },
  });
}
