// Random packed matrices for the proofs of the live decoder's ops.

/** Number k of a packed matrix of so many rows and columns: z, or zero behind the columns. */
export function packedSample(rows: number, columns: number, z: number, k: number): number {
  const quads = Math.ceil(columns / 4);
  const column = 4 * (Math.floor(k / (4 * rows)) % quads) + (k % 4);
  return column < columns ? z : 0;
}
