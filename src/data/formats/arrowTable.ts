/** Any Arrow or Feather table of numbers: one row per sample, columns sorted into LFP and behaviour by their names. */
import { CompressionType, compressionRegistry, DataType, type Table } from 'apache-arrow';
import { openColumnTable, tableInMemory } from './columnTable';
import { type OpenFile, stem } from './fileFormat';
import { inflateLz4 } from './lz4';
import { inflateZstd } from './zstd';

const MAX_VALUES = 2 ** 28;
/** All columns of a file, unpacked. */
const MAX_UNPACKED_BYTES = 2 ** 30;

/**
 * Readies the library for one file packed with LZ4 or Zstd, the only two of the format; to be called before
 * each file, because the library keeps one table of codecs for all.
 */
export function registerCodecs(maxBytes = MAX_UNPACKED_BYTES): void {
  let left = maxBytes;
  const counted = (inflate: (packed: Uint8Array, maxBytes: number) => Uint8Array) => ({
    decode(packed: Uint8Array) {
      const bytes = inflate(packed, left);
      left -= bytes.length;
      return bytes;
    },
  });
  compressionRegistry.set(CompressionType.LZ4_FRAME, counted(inflateLz4));
  compressionRegistry.set(CompressionType.ZSTD, counted(inflateZstd));
}

/** @throws one sentence when no column holds numbers */
export function openArrowTable(table: Table, fileName: string): Promise<OpenFile> {
  const { fields } = table.schema;
  const isNumeric = fields.map(
    ({ type }) => DataType.isInt(type) || DataType.isFloat(type) || DataType.isTimestamp(type),
  );
  const used = fields.map((_, c) => c).filter((c) => isNumeric[c]);
  if (used.length * table.numRows > MAX_VALUES) {
    throw new Error(
      `[arrow] expected at most ${MAX_VALUES} values in "${fileName}", got ${used.length} x ${table.numRows}: ` +
        'cut the table into parts',
    );
  }
  return openColumnTable(
    tableInMemory({
      names: used.map((c) => fields[c].name),
      columns: used.map((c) => columnOf(table, c)),
      rowCount: table.numRows,
      textColumns: fields.filter((_, c) => !isNumeric[c]).map(({ name }) => name),
    }),
    { format: 'arrow', fileName, name: stem(fileName) },
  );
}

/**
 * Values as numbers, NaN where null; times in seconds.
 * @throws when the table states more rows than the column has
 */
function columnOf(table: Table, c: number): Float64Array {
  const vector = table.getChildAt(c);
  for (const { length, values, stride } of vector?.data ?? []) {
    if (length * stride <= (values?.length ?? 0)) continue;
    throw new Error(
      `[arrow] expected ${length} values in column "${table.schema.fields[c].name}", got ${values?.length ?? 0}: ` +
        'the file is damaged, copy or save it again',
    );
  }
  // The library gives time stamps in milliseconds.
  const scale = DataType.isTimestamp(table.schema.fields[c].type) ? 1e-3 : 1;
  return Float64Array.from({ length: table.numRows }, (_, i) => {
    const value: unknown = vector?.get(i);
    return value === null || value === undefined ? Number.NaN : Number(value) * scale;
  });
}
