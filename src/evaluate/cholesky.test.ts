// The blocked factor and the row products against plain loops.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factorise, solveFactorised } from './cholesky';
import { addRowProducts, addSelfProducts } from './rowProducts';

const RELATIVE_FLOAT64 = 1e-12;
// Condition numbers reach about 1e4 here.
const SOLUTION_ERROR = 1e-9;

/** Values in -1..1 from a small integer hash, the same on every run. */
function values(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    const hash = Math.imul((i + 1) ^ (seed << 16), 0x9e3779b1) >>> 0;
    return (Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0) / 2 ** 31 - 1;
  });
}

function largestError(got: Float64Array, expected: Float64Array): number {
  return got.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i])), 0);
}

it('row products equal the plain sum for any shape, stride and sign', () => {
  const size = fc.integer({ min: 0, max: 11 });
  fc.assert(
    fc.property(size, size, size, fc.constantFrom(1 as const, -1 as const), (m, n, depth, sign) => {
      const a = { data: values(m * (depth + 2) + 1, 1), offset: 1, stride: depth + 2 };
      const b = { data: values(n * (depth + 1), 2), offset: 0, stride: depth + 1 };
      const out = { data: values(m * (n + 3) + 2, 3), offset: 2, stride: n + 3 };
      const expected = out.data.slice();
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++)
          for (let k = 0; k < depth; k++)
            expected[2 + i * (n + 3) + j] +=
              sign * a.data[1 + i * (depth + 2) + k] * b.data[j * (depth + 1) + k];
      addRowProducts(sign, a, m, b, n, depth, out);
      expect(largestError(out.data, expected)).toBeLessThan(RELATIVE_FLOAT64);
    }),
    { numRuns: 300 },
  );
});

describe('cholesky', () => {
  it.each([1, 2, 3, 63, 64, 65, 130, 200])('solves a system of size %i', (size) => {
    const depth = size + 3;
    const factors = { data: values(size * depth, size), offset: 0, stride: depth };
    const matrix = new Float64Array(size * size);
    addSelfProducts(1, factors, size, depth, { data: matrix, offset: 0, stride: size });
    for (let i = 0; i < size; i++) matrix[i * size + i] += 0.1;
    const solution = values(size, 7);
    const product = Float64Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < size; j++)
        sum += matrix[Math.max(i, j) * size + Math.min(i, j)] * solution[j];
      return sum;
    });
    // Nothing may depend on the upper triangle.
    for (let i = 0; i < size; i++) matrix.fill(Number.NaN, i * size + i + 1, (i + 1) * size);
    factorise(matrix, size);
    solveFactorised(matrix, size, product);
    expect(largestError(product, solution)).toBeLessThan(SOLUTION_ERROR);
  });

  it.each([
    ['indefinite', [1, 0, 2, 1]],
    ['singular', [1, 0, 1, 1]],
    ['NaN', [Number.NaN, 0, 0, 1]],
  ])('refuses a matrix that is %s', (_, entries) => {
    expect(() => factorise(Float64Array.from(entries), 2)).toThrow(
      /\[cholesky\] expected a positive pivot/,
    );
  });
});
