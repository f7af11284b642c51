// What the parts of the processor's decoder share: parameters by name, sigmoid, and the norm of one row.
// Arithmetic is float64, storage f32.

/** Finds a parameter's values by its name. */
export type ReadWeights = (name: string) => Float32Array;

const EPSILON = 1e-5;

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * (x - mean) / sqrt(variance + 1e-5) * weight + bias, variance in a second pass (REALM, section 1.3).
 * @param x [D], may be `out`; D is the weight's length
 */
export function normRow(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  out: Float32Array,
): void {
  const columns = weight.length;
  let sum = 0;
  for (let i = 0; i < columns; i++) sum += x[i];
  const mean = sum / columns;
  let squares = 0;
  for (let i = 0; i < columns; i++) squares += (x[i] - mean) * (x[i] - mean);
  const scale = 1 / Math.sqrt(squares / columns + EPSILON);
  for (let i = 0; i < columns; i++) out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}
