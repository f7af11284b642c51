/** An array that lies in its file as one block, read as if it were stored in blocks of rows. */
import { isObject, type JsonObject } from './jsonObject';

/** Smaller arrays are read at once. */
const BLOCK_BYTES = 2 ** 20;

export interface SplitArray {
  /** The array's metadata with blocks of rows for chunks. */
  readonly document: JsonObject;
  readonly blockBytes: number;
  readonly byteLength: number;
}

/** @returns undefined for what is packed, in chunks already, or small */
export function splitContiguous(document: unknown): SplitArray | undefined {
  if (!isObject(document)) return undefined;
  const { shape, chunks, dtype, order, filters, compressor, dimension_separator = '.' } = document;
  const itemBytes = Number(/^[<>|][iufb](\d+)$/.exec(String(dtype))?.[1]);
  const isPlain =
    Array.isArray(shape) &&
    shape.length > 0 &&
    shape.every((size) => Number.isSafeInteger(size) && size > 0) &&
    JSON.stringify(shape) === JSON.stringify(chunks) &&
    order === 'C' &&
    dimension_separator === '.' &&
    compressor === null &&
    (filters === null || (Array.isArray(filters) && filters.length === 0));
  if (!isPlain || !(itemBytes > 0)) return undefined;
  const [rows, ...rest] = shape as number[];
  const rowBytes = rest.reduce((product, size) => product * size, itemBytes);
  if (rows * rowBytes <= BLOCK_BYTES) return undefined;
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
  return {
    document: { ...document, chunks: [blockRows, ...rest] },
    blockBytes: blockRows * rowBytes,
    byteLength: rows * rowBytes,
  };
}
