// Cholesky factor and solve in float64, blocked for speed. Only symmetric positive definite systems.
import { addSelfProducts } from './rowProducts';

const BLOCK = 64;

/**
 * Replaces the lower triangle of `matrix` [size, size], row-major, by L with L Lᵀ = matrix; the upper
 * triangle is neither read nor meaningful afterwards. Throws when a pivot is not positive.
 */
export function factorise(matrix: Float64Array, size: number): void {
  const panel = new Float64Array(size * BLOCK);
  for (let start = 0; start < size; start += BLOCK) {
    const width = Math.min(BLOCK, size - start);
    const end = start + width;
    for (let i = start; i < size; i++) {
      const row = i * size;
      for (let j = start; j < Math.min(i + 1, end); j++) {
        let sum = matrix[row + j];
        for (let k = start; k < j; k++) sum -= matrix[row + k] * matrix[j * size + k];
        if (i > j) matrix[row + j] = sum / matrix[j * size + j];
        else if (sum > 0) matrix[row + j] = Math.sqrt(sum);
        else
          throw new Error(
            `[cholesky] expected a positive pivot, got ${sum} in row ${i} of ${size}; use a larger regularisation`,
          );
      }
    }
    // Packed, because rows `size` apart share no page and the update would wait on address lookups.
    const below = size - end;
    for (let i = 0; i < below; i++)
      for (let k = 0; k < width; k++) panel[i * BLOCK + k] = matrix[(end + i) * size + start + k];
    const trailing = { data: matrix, offset: end * size + end, stride: size };
    addSelfProducts(-1, { data: panel, offset: 0, stride: BLOCK }, below, width, trailing);
  }
}

/** Solves L Lᵀ x = rightSide [size] in place, with `factor` from {@link factorise}. */
export function solveFactorised(factor: Float64Array, size: number, rightSide: Float64Array): void {
  for (let i = 0; i < size; i++) {
    let sum = rightSide[i];
    for (let k = 0; k < i; k++) sum -= factor[i * size + k] * rightSide[k];
    rightSide[i] = sum / factor[i * size + i];
  }
  for (let i = size - 1; i >= 0; i--) {
    const value = (rightSide[i] /= factor[i * size + i]);
    for (let k = 0; k < i; k++) rightSide[k] -= value * factor[i * size + k];
  }
}
