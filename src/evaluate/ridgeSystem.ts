// Ridge regression on lagged frames as one linear system that is solved for many alphas.
// The smaller of two equal forms is built: features x features, or rows x rows (the kernel form).
import { factorise, solveFactorised } from './cholesky';
import { featureMeans, type LaggedFrames, type LaggedWeights, packRows } from './laggedFrames';
import { addRowProducts, addSelfProducts } from './rowProducts';

/** Weights that minimise |y - intercept - Z w|² + alpha |w|² per output; the intercept is free. */
export type RidgeSolver = (alpha: number) => LaggedWeights;

const BLOCK_ROWS = 128;

/** Builds the system for targets [row, K]; each call of the result costs one factorisation. */
export function ridgeSystem(
  rows: LaggedFrames,
  targets: Float64Array,
  outputCount: number,
  form: 'features' | 'rows' = rows.rowCount < rows.width * rows.lagCount ? 'rows' : 'features',
): RidgeSolver {
  const targetMeans = new Float64Array(outputCount);
  for (let i = 0; i < targets.length; i++)
    targetMeans[i % outputCount] += targets[i] / rows.rowCount;
  const centred = targets.map((value, i) => value - targetMeans[i % outputCount]);
  const means = featureMeans(rows);
  const solve =
    form === 'features'
      ? featureForm(rows, means, centred, outputCount)
      : rowForm(rows, centred, outputCount);
  return (alpha) => {
    const weights = solve(alpha);
    const intercept = targetMeans.slice();
    for (let i = 0; i < weights.length; i++)
      intercept[i % outputCount] -= weights[i] * means[Math.floor(i / outputCount)];
    return { weights, intercept };
  };
}

/** (Zᵀ Z + alpha I) w = Zᵀ y, with Z centred. */
function featureForm(
  rows: LaggedFrames,
  means: Float64Array,
  centred: Float64Array,
  outputCount: number,
): (alpha: number) => Float64Array {
  const size = rows.width * rows.lagCount;
  const gram = laggedGram(rows);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) gram[i * size + j] -= rows.rowCount * means[i] * means[j];
  const products = transposedTimes(rows, centred, outputCount);
  return (alpha) => solveShifted(gram, size, alpha, products, outputCount);
}

/** w = Zᵀ (Z Zᵀ + alpha I)⁻¹ y, with Z centred. */
function rowForm(
  rows: LaggedFrames,
  centred: Float64Array,
  outputCount: number,
): (alpha: number) => Float64Array {
  const kernel = laggedKernel(rows);
  centreKernel(kernel, rows.rowCount);
  // Z need not be centred here: the dual coefficients of a centred kernel sum to 0.
  return (alpha) =>
    transposedTimes(
      rows,
      solveShifted(kernel, rows.rowCount, alpha, centred, outputCount),
      outputCount,
    );
}

function solveShifted(
  matrix: Float64Array,
  size: number,
  alpha: number,
  rightSides: Float64Array,
  outputCount: number,
): Float64Array {
  const factor = matrix.slice();
  for (let i = 0; i < size; i++) factor[i * size + i] += alpha;
  factorise(factor, size);
  const solutions = new Float64Array(rightSides.length);
  for (let k = 0; k < outputCount; k++) {
    const column = Float64Array.from({ length: size }, (_, i) => rightSides[i * outputCount + k]);
    solveFactorised(factor, size, column);
    for (let i = 0; i < size; i++) solutions[i * outputCount + k] = column[i];
  }
  return solutions;
}

/** Zᵀ v for v [row, K], as [feature, K]. */
function transposedTimes(
  { lfp, width, lagCount, frames }: LaggedFrames,
  values: Float64Array,
  outputCount: number,
): Float64Array {
  const products = new Float64Array(width * lagCount * outputCount);
  for (let i = 0; i < frames.length; i++) {
    const from = frames[i] * width;
    const row = Math.floor(i / lagCount) * outputCount;
    let to = (i % lagCount) * width * outputCount;
    for (let column = 0; column < width; column++)
      for (let k = 0; k < outputCount; k++) products[to++] += lfp[from + column] * values[row + k];
  }
  return products;
}

/**
 * Lower triangle of Zᵀ Z, [feature, feature].
 *
 * Only the products with lag 0 are summed over all rows. Raising both lags by one is the same sum
 * over rows shifted by one, so each further block column is the one before it, plus the rows that
 * begin a run, minus the rows that end one: (lagFrames + 1) / 2 times less work than the full sum.
 */
function laggedGram(rows: LaggedFrames): Float64Array {
  const { width, lagCount, rowCount } = rows;
  const size = width * lagCount;
  const gram = new Float64Array(size * size);
  const out = { data: gram, stride: size };
  const block = new Float64Array(size * BLOCK_ROWS);
  const packed = { data: block, offset: 0, stride: BLOCK_ROWS };
  for (let start = 0; start < rowCount; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rowCount - start);
    packRows(
      rows,
      Array.from({ length: count }, (_, i) => start + i),
      BLOCK_ROWS,
      block,
    );
    addRowProducts(1, packed, size, packed, width, count, { ...out, offset: 0 });
  }

  const begins = packSelected(rows, (row) => row === 0 || !continues(rows, row));
  const ends = packSelected(rows, (row) => row === rowCount - 1 || !continues(rows, row + 1));
  for (let lag = 1; lag < lagCount; lag++) {
    const below = size - lag * width;
    const offset = lag * width * size + lag * width;
    for (let i = 0; i < below; i++) {
      const from = offset + i * size - width * size - width;
      gram.copyWithin(offset + i * size, from, from + width);
    }
    const added = { data: begins.data, offset: lag * width * begins.count, stride: begins.count };
    const removed = { data: ends.data, offset: (lag - 1) * width * ends.count, stride: ends.count };
    addRowProducts(1, added, below, added, width, begins.count, { ...out, offset });
    addRowProducts(-1, removed, below, removed, width, ends.count, { ...out, offset });
  }
  return gram;
}

/** Whether `row` at lag j + 1 sees what the row before it saw at lag j, for every j. */
function continues({ frames, lagCount }: LaggedFrames, row: number): boolean {
  for (let lag = 1; lag < lagCount; lag++)
    if (frames[row * lagCount + lag] !== frames[(row - 1) * lagCount + lag - 1]) return false;
  return true;
}

function packSelected(rows: LaggedFrames, select: (row: number) => boolean) {
  const selected: number[] = [];
  for (let row = 0; row < rows.rowCount; row++) if (select(row)) selected.push(row);
  const count = selected.length;
  const data = new Float64Array(rows.width * rows.lagCount * count);
  packRows(rows, selected, count, data);
  return { data, count };
}

/**
 * Lower triangle of Z Zᵀ, [row, row]: products of single frames once, then summed along the lags,
 * which is lagCount times less work than products of whole rows.
 */
function laggedKernel({ lfp, width, lagCount, frames, rowCount }: LaggedFrames): Float64Array {
  const used = [...new Set(frames)].sort((a, b) => a - b);
  const position = new Map(used.map((frame, i) => [frame, i]));
  const columns = new Float64Array(used.length * width);
  used.forEach((frame, i) => {
    columns.set(lfp.subarray(frame * width, (frame + 1) * width), i * width);
  });
  const single = new Float64Array(used.length * used.length);
  addSelfProducts(1, { data: columns, offset: 0, stride: width }, used.length, width, {
    data: single,
    offset: 0,
    stride: used.length,
  });

  const at = Int32Array.from(frames, (frame) => position.get(frame)!);
  const kernel = new Float64Array(rowCount * rowCount);
  for (let i = 0; i < rowCount; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let lag = 0; lag < lagCount; lag++) {
        const p = at[i * lagCount + lag];
        const q = at[j * lagCount + lag];
        sum += p >= q ? single[p * used.length + q] : single[q * used.length + p];
      }
      kernel[i * rowCount + j] = sum;
    }
  return kernel;
}

/** The kernel of centred features: row and column means taken out, lower triangle only. */
function centreKernel(kernel: Float64Array, size: number): void {
  const means = new Float64Array(size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const share = kernel[i * size + j] / size;
      means[i] += share;
      if (j < i) means[j] += share;
    }
  const grandMean = means.reduce((sum, mean) => sum + mean, 0) / size;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) kernel[i * size + j] += grandMean - means[i] - means[j];
}
