// What the ops of the live decoder share: they take one frame, keep what a stream remembers in place, pass the residual
// stream on as parts whose sum it is, and read matrices packed in quads.

import type { Shape, Tensor } from '../autograd/tensor';

/** Columns that fit into a workgroup's memory (shaders/common/normed_parts.wgsl). */
const MOST_COLUMNS = 1536;

const EPSILON = 1e-5;

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** @throws Error for a tensor that does not outlive a replay */
export function checkKept(op: string, memory: Tensor): void {
  const { kind } = memory.role;
  if (kind !== 'stored' && kind !== 'input') {
    throw new Error(`[${op}] expected stored memory, got an ${kind}`);
  }
}

/** @throws Error when a row is too wide for the kernels */
export function checkColumns(op: string, columns: number): void {
  if (columns > MOST_COLUMNS) {
    throw new Error(
      `[${op}] expected at most ${MOST_COLUMNS} columns, got ${columns}: choose a narrower model`,
    );
  }
}

/** Row b of the sum of the parts [B, S, D]. */
export function sumParts(
  parts: Float64Array,
  [, partCount, columns]: readonly number[],
  b: number,
): Float64Array {
  const sum = new Float64Array(columns);
  for (let i = 0; i < partCount * columns; i++)
    sum[i % columns] += parts[b * partCount * columns + i];
  return sum;
}

/** Layer norm of one row. */
export function normed(row: Float64Array, weight: Float64Array, bias: Float64Array): Float64Array {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
  return row.map((x, c) => ((x - mean) / Math.sqrt(variance + EPSILON)) * weight[c] + bias[c]);
}

/** Numbers up to a whole quad: the kernels read four at a time. */
export const padded = (count: number): number => 4 * Math.ceil(count / 4);

/** Of a matrix [rows, columns] as the kernels read it: quads of all rows beside each other, zero behind the columns. */
export const packedShape = (rows: number, columns: number): Shape => [padded(columns) / 4, rows, 4];

/** A matrix [rows, columns] in the order of `packedShape`. */
export function packRows(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const packed = new Float32Array(rows * padded(columns));
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      packed[(Math.floor(c / 4) * rows + r) * 4 + (c % 4)] = matrix[r * columns + c];
    }
  }
  return packed;
}

/** Row r of a packed matrix times x. */
export function packedProduct(
  packed: Float64Array,
  rows: number,
  r: number,
  x: Float64Array,
): number {
  return x.reduce(
    (sum, value, c) => sum + packed[(Math.floor(c / 4) * rows + r) * 4 + (c % 4)] * value,
    0,
  );
}
