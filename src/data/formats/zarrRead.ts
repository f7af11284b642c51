/** Slices of a chunked array put together from its chunks, one at a time. */
import type { TreeRange } from './tree';

export interface Chunked {
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
  /** Undefined for texts. */
  readonly itemBytes?: number;
  /** Values with the step from one to the next along each axis. */
  getChunk(
    at: number[],
  ): Promise<{ data: Iterable<unknown> & { length: number }; stride: number[] }>;
}

const MAX_CHUNK_BYTES = 2 ** 28;
const MAX_VALUES = 2 ** 28;
const TEXT_BYTES = 64;

/**
 * Values in row-major order, of numbers as numbers or big ones.
 * @throws one sentence when the slice or a chunk is too large, or a chunk is cut short
 */
export async function readChunked(
  array: Chunked,
  path: string,
  ranges: readonly TreeRange[] = array.shape.map((size) => [0, size]),
): Promise<unknown[] | Float64Array> {
  const { shape, chunkShape, itemBytes = TEXT_BYTES } = array;
  const chunkCount = chunkShape.reduce((product, size) => product * size, 1);
  const counts = ranges.map(([start, end, step = 1]) =>
    Math.max(0, Math.ceil((end - start) / step)),
  );
  const total = counts.reduce((product, count) => product * count, 1);
  const isInside = ranges.every(([start, end], axis) => start >= 0 && end <= shape[axis]);
  if (!isInside || ranges.length !== shape.length || total > MAX_VALUES) {
    refuse(
      `a slice of at most ${MAX_VALUES} values within ${shape.join(' x ')}`,
      counts.join(' x '),
      path,
    );
  }
  if (chunkCount * itemBytes > MAX_CHUNK_BYTES) {
    refuse(`chunks of at most ${MAX_CHUNK_BYTES} bytes`, chunkShape.join(' x '), path);
  }
  const isText = array.itemBytes === undefined;
  const out: unknown[] | Float64Array = isText ? new Array(total) : new Float64Array(total);
  if (total === 0) return out;
  const axes = ranges.map(([start, , step = 1], axis) => ({ start, step, size: chunkShape[axis] }));
  const firsts = axes.map(({ start, size }) => Math.floor(start / size));
  const lasts = axes.map(({ start, step, size }, axis) =>
    Math.floor((start + (counts[axis] - 1) * step) / size),
  );
  for (const at of indices(firsts, lasts)) {
    const { data, stride } = await array.getChunk(at);
    if (data.length !== chunkCount) {
      refuse(`${chunkCount} values in a chunk`, `${data.length}`, path);
    }
    const values = isIndexed(data) ? data : Array.from(data);
    // The part of the slice that lies in this chunk, in elements of the slice.
    const from = axes.map(({ start, step, size }, axis) =>
      Math.max(0, Math.ceil((at[axis] * size - start) / step)),
    );
    const to = axes.map(({ start, step, size }, axis) =>
      Math.min(counts[axis] - 1, Math.floor(((at[axis] + 1) * size - 1 - start) / step)),
    );
    const inChunk = (i: number, axis: number) =>
      (axes[axis].start + i * axes[axis].step - at[axis] * axes[axis].size) * stride[axis];
    const inner = axes.length - 1;
    const innerStep = inner < 0 ? 0 : axes[inner].step * stride[inner];
    const length = inner < 0 ? 1 : to[inner] - from[inner] + 1;
    for (const row of indices(from.slice(0, -1), to.slice(0, -1))) {
      const start = inner < 0 ? row : [...row, from[inner]];
      let source = start.reduce((sum, i, axis) => sum + inChunk(i, axis), 0);
      let target = start.reduce((sum, i, axis) => sum * counts[axis] + i, 0);
      for (let i = 0; i < length; i++, target++, source += innerStep) {
        out[target] = isText ? values[source] : Number(values[source]);
      }
    }
  }
  return out;
}

/** All index tuples from `first` to `last`, both included; one empty tuple for no axes. */
function* indices(first: readonly number[], last: readonly number[]): Generator<number[]> {
  const at = [...first];
  if (at.some((i, axis) => i > last[axis])) return;
  for (;;) {
    yield [...at];
    let axis = at.length - 1;
    while (axis >= 0 && at[axis] === last[axis]) {
      at[axis] = first[axis];
      axis -= 1;
    }
    if (axis < 0) return;
    at[axis] += 1;
  }
}

function isIndexed(data: object): data is ArrayLike<unknown> & object {
  return Array.isArray(data) || ArrayBuffer.isView(data);
}

function refuse(expected: string, got: string, path: string): never {
  throw new Error(
    `[zarr] expected ${expected} of /${path}, got ${got}: the file is damaged, copy or make it again`,
  );
}
