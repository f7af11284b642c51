/** Any Arrow or Feather table of numbers: one row per sample, columns sorted into LFP and behaviour by their names. */
import { CompressionType, compressionRegistry, DataType, type Table } from 'apache-arrow';
import { type OpenFile, stem } from './fileFormat';
import { inflateLz4 } from './lz4';
import { openNumberTable } from './table';

const MAX_VALUES = 2 ** 28;

/** Readies the library for files packed with LZ4; Zstd is not built in. */
export function registerLz4(): void {
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: inflateLz4 });
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
  return openNumberTable(
    {
      names: used.map((c) => fields[c].name),
      columns: used.map((c) => columnOf(table, c)),
      rowCount: table.numRows,
      textColumns: fields.filter((_, c) => !isNumeric[c]).map(({ name }) => name),
    },
    { format: 'arrow', fileName, name: stem(fileName) },
  );
}

/** Values as numbers, NaN where null; times in seconds. */
function columnOf(table: Table, c: number): Float64Array {
  const vector = table.getChildAt(c);
  // The library gives time stamps in milliseconds.
  const scale = DataType.isTimestamp(table.schema.fields[c].type) ? 1e-3 : 1;
  return Float64Array.from({ length: table.numRows }, (_, i) => {
    const value: unknown = vector?.get(i);
    return value === null || value === undefined ? Number.NaN : Number(value) * scale;
  });
}
