// Sizes of a matrix product, checked, and where the numbers of its operands lie.

import { type Shape, sameShape, showShape, sizeOf } from '../autograd/tensor';

/** The operand whose matrices of a batch lie beside each other in one: [rows, batch * columns]. */
export type Beside = 'a' | 'b' | 'out';

export interface MatmulParams {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly hasBias: boolean;
  readonly hasResidual: boolean;
  readonly beside: Beside | undefined;
}

/** out [batch, m, n] = op(A) op(B), summed over k. */
export interface Sizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly outShape: Shape;
}

/** @throws Error when the shapes do not fit */
export function sizesOf(
  a: Shape,
  b: Shape,
  { transposeA, transposeB, beside }: Pick<MatmulParams, 'transposeA' | 'transposeB' | 'beside'>,
): Sizes {
  const fail = (expected: string): never => {
    throw new Error(`[matmul] expected ${expected}, got ${showShape(a)} and ${showShape(b)}`);
  };
  if (a.length < 2 || b.length < 2) fail('matrices');
  const lead = (beside === 'a' ? b : a).slice(0, -2);
  const batch = sizeOf(lead);
  const matrixOf = (operand: 'a' | 'b', shape: Shape): [rows: number, columns: number] => {
    const [rows, columns] = shape.slice(-2);
    if (operand !== beside) return [rows, columns];
    if (shape.length > 2 || columns % batch !== 0) {
      fail(`${operand} as ${batch} equal matrices beside each other`);
    }
    return [rows, columns / batch];
  };
  const [rowsOfA, columnsOfA] = matrixOf('a', a);
  const [rowsOfB, columnsOfB] = matrixOf('b', b);
  const [m, k] = transposeA ? [columnsOfA, rowsOfA] : [rowsOfA, columnsOfA];
  const [kOfB, n] = transposeB ? [columnsOfB, rowsOfB] : [rowsOfB, columnsOfB];
  if (k !== kOfB) {
    fail(
      `one length of the summed dimension (${transposeA ? 'a^T' : 'a'}, ${transposeB ? 'b^T' : 'b'})`,
    );
  }
  const outShape = beside === 'out' ? [m, batch * n] : [...lead, m, n];
  const isBatch = beside === 'a' || beside === 'b' || sameShape(lead, b.slice(0, -2));
  if (isBatch) return { batch, m, n, k, outShape };
  if (b.length > 2) fail('equal leading dimensions, or one matrix b');
  if (transposeA || beside) fail('equal leading dimensions for a transposed a or an out beside');
  return { batch: 1, m: batch * m, n, k, outShape };
}

/** Where the numbers of the operands lie. */
interface Steps {
  /** From one number of the summed dimension to the next. */
  readonly stepA: number;
  readonly stepB: number;
  /** From one row of op(A), column of op(B) or row of out to the next. */
  readonly rowStepA: number;
  readonly columnStepB: number;
  readonly rowStepOut: number;
  /** From one matrix of the batch to the next. */
  readonly batchStepA: number;
  readonly batchStepB: number;
  readonly batchStepOut: number;
}

export function stepsOf(
  { batch, m, n, k }: Sizes,
  { transposeA, transposeB, beside }: MatmulParams,
): Steps {
  const matrix = (operand: Beside, rows: number, columns: number): [row: number, batch: number] =>
    operand === beside ? [batch * columns, columns] : [columns, rows * columns];
  const [rowA, batchStepA] = transposeA ? matrix('a', k, m) : matrix('a', m, k);
  const [rowB, batchStepB] = transposeB ? matrix('b', n, k) : matrix('b', k, n);
  const [rowStepOut, batchStepOut] = matrix('out', m, n);
  const [stepA, rowStepA] = transposeA ? [rowA, 1] : [1, rowA];
  const [stepB, columnStepB] = transposeB ? [1, rowB] : [rowB, 1];
  return { stepA, stepB, rowStepA, columnStepB, rowStepOut, batchStepA, batchStepB, batchStepOut };
}
