/** Parquet tables of numbers, read page by page: memory is that of the pages at hand, whatever the file's size. */
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { parquetMetadata, parquetSchema } from 'hyparquet/src/metadata.js';
import { type ColumnTable, openColumnTable } from './columnTable';
import { type FileSource, type OpenFile, readExact, stem } from './fileFormat';
import {
  indexPages,
  type PageColumn,
  type PageIndex,
  readDictionary,
  readPage,
} from './parquetPages';
import { thriftEnd } from './parquetThrift';

const MAGIC_BYTES = 4;
const TAIL_BYTES = 8;
const MAX_METADATA_BYTES = 2 ** 26;
/** Unpacked pages kept for the next slice, which begins where the last one ended. */
const CACHE_VALUES = 2 ** 24;

/** @throws one sentence when the file is damaged or holds no numbers */
export async function openParquet(source: FileSource): Promise<OpenFile> {
  const explain = (error: unknown) => explained(error, source.name);
  try {
    const metadata = await readMetadata(source);
    const file = { format: 'parquet' as const, fileName: source.name, name: stem(source.name) };
    return await openColumnTable(tableOf(source, metadata), { ...file, explain });
  } catch (error) {
    throw explain(error);
  }
}

function explained(error: unknown, fileName: string): Error {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && /^\[[\w -]+\] expected /.test(text)) return error;
  return new Error(
    `[parquet] expected a whole Parquet file in "${fileName}", got a damaged one (${text.split('\n')[0]}): ` +
      'copy or save it again',
  );
}

async function readMetadata(source: FileSource): Promise<FileMetaData> {
  const { byteLength } = source;
  const tail = await readExact(source, byteLength - TAIL_BYTES, byteLength, 'the end of a table');
  const length = tail.getUint32(0, true);
  const start = byteLength - TAIL_BYTES - length;
  if (length > MAX_METADATA_BYTES || start < MAGIC_BYTES) {
    throw new Error(`${length} bytes of metadata in a file of ${byteLength}`);
  }
  const view = await readExact(source, start, byteLength, 'the metadata');
  thriftEnd(view, 0);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return parquetMetadata(bytes, { geoparquet: false });
}

function tableOf(source: FileSource, metadata: FileMetaData): ColumnTable {
  const schema = parquetSchema(metadata);
  const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  const rowCount = groups.reduce((sum, rows) => sum + rows, 0);
  if (!groups.every((rows) => rows >= 0) || rowCount !== Number(metadata.num_rows)) {
    throw new Error(`row groups of ${rowCount} rows in a table of ${metadata.num_rows}`);
  }
  const used = schema.children.filter(isNumeric);
  const cache = new PageCache();
  const readers = used.map((child) => new ColumnReader(source, metadata, [schema, child], cache));
  const codecs = new Set(
    metadata.row_groups.flatMap(({ columns }) => columns.map((chunk) => chunk.meta_data?.codec)),
  );
  codecs.delete('UNCOMPRESSED');
  return {
    names: used.map(({ element }) => element.name),
    rowCount,
    textColumns: schema.children
      .filter((one) => !isNumeric(one))
      .map(({ element }) => element.name),
    blockRows: groups[0] ?? 0,
    compression: [...codecs].join(' + ').toLowerCase(),
    async read(columns, start, end) {
      const out = new Float64Array((end - start) * columns.length);
      for (const [k, column] of columns.entries()) {
        await readers[column].read(start, end, (row, value) => {
          out[(row - start) * columns.length + k] = value;
        });
      }
      return out;
    },
  };
}

/** Whole or broken numbers and times; no text, dates, decimals or lists. */
function isNumeric({ element, children }: SchemaTree): boolean {
  const { type, repetition_type, converted_type, logical_type } = element;
  const isNumber = type === 'INT32' || type === 'INT64' || type === 'FLOAT' || type === 'DOUBLE';
  const kind = logical_type?.type ?? converted_type ?? 'INTEGER';
  const isPlain = /^(INTEGER|U?INT_\d+|TIMESTAMP.*|TIME_.*|TIME)$/.test(kind);
  return isNumber && isPlain && children.length === 0 && repetition_type !== 'REPEATED';
}

/** How a stored value becomes a number: times in seconds, whole numbers without a sign where the column says so. */
function numberOf({
  type,
  logical_type,
  converted_type,
}: SchemaElement): (value: unknown) => number {
  const isUnsigned =
    (logical_type?.type === 'INTEGER' && !logical_type.isSigned) ||
    converted_type?.startsWith('UINT');
  if (isUnsigned && type === 'INT64') return (value) => Number(BigInt.asUintN(64, value as bigint));
  if (isUnsigned) return (value) => (value as number) >>> 0;
  const unit =
    logical_type?.type === 'TIMESTAMP' || logical_type?.type === 'TIME'
      ? logical_type.unit
      : /MILLIS|MICROS/.exec(converted_type ?? '')?.[0];
  const perS = { MILLIS: 1e3, MICROS: 1e6, NANOS: 1e9 }[unit ?? ''] ?? 1;
  return (value) => Number(value) / perS;
}

class ColumnReader {
  readonly #source: FileSource;
  readonly #cache: PageCache;
  readonly #element: SchemaElement;
  readonly #groups: readonly (PageColumn & { readonly firstRow: number })[];
  readonly #indices = new Map<number, Promise<PageIndex>>();
  readonly #dictionaries = new Map<number, ArrayLike<unknown>>();

  constructor(
    source: FileSource,
    metadata: FileMetaData,
    schemaPath: readonly SchemaTree[],
    cache: PageCache,
  ) {
    this.#source = source;
    this.#cache = cache;
    this.#element = schemaPath[1].element;
    const { name, type } = this.#element;
    let firstRow = 0;
    this.#groups = metadata.row_groups.map(({ columns, num_rows }) => {
      const found = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === name);
      const chunk = found?.meta_data;
      if (!chunk || chunk.type !== type) throw new Error(`a row group without the column ${name}`);
      const rowCount = Number(num_rows);
      firstRow += rowCount;
      return { schemaPath, chunk, rowCount, firstRow: firstRow - rowCount };
    });
  }

  async read(start: number, end: number, put: (row: number, value: number) => void): Promise<void> {
    for (const [g, group] of this.#groups.entries()) {
      if (group.firstRow >= end || group.firstRow + group.rowCount <= start) continue;
      const index = await this.#indexOf(g);
      for (const [p, page] of index.pages.entries()) {
        const firstRow = group.firstRow + page.firstRow;
        const from = Math.max(start, firstRow);
        const to = Math.min(end, firstRow + page.rowCount);
        if (from >= to) continue;
        const values = await this.#pageOf(g, p);
        for (let row = from; row < to; row++) put(row, values[row - firstRow]);
      }
    }
  }

  #indexOf(g: number): Promise<PageIndex> {
    const known = this.#indices.get(g) ?? indexPages(this.#source, this.#groups[g]);
    this.#indices.set(g, known);
    return known;
  }

  async #pageOf(g: number, p: number): Promise<Float64Array> {
    const key = `${this.#element.name} ${g} ${p}`;
    const kept = this.#cache.get(key);
    if (kept) return kept;
    const { pages } = await this.#indexOf(g);
    const dictionary = await this.#dictionaryOf(g);
    const raw = await readPage(this.#source, this.#groups[g], pages[p], dictionary);
    const toNumber = numberOf(this.#element);
    const values = Float64Array.from(raw, (value) =>
      value === undefined ? Number.NaN : toNumber(value),
    );
    this.#cache.add(key, values);
    return values;
  }

  /** Only that of the row group at hand is kept. */
  async #dictionaryOf(g: number): Promise<ArrayLike<unknown> | undefined> {
    const kept = this.#dictionaries.get(g);
    const { dictionary } = await this.#indexOf(g);
    if (kept || !dictionary) return kept;
    const values = await readDictionary(this.#source, this.#groups[g], dictionary);
    this.#dictionaries.clear();
    this.#dictionaries.set(g, values);
    return values;
  }
}

class PageCache {
  readonly #pages = new Map<string, Float64Array>();
  #valueCount = 0;

  get(key: string): Float64Array | undefined {
    const values = this.#pages.get(key);
    if (!values) return undefined;
    // Moved to the end: used last.
    this.#pages.delete(key);
    this.#pages.set(key, values);
    return values;
  }

  add(key: string, values: Float64Array): void {
    this.#pages.set(key, values);
    this.#valueCount += values.length;
    for (const [oldest, { length }] of this.#pages) {
      if (this.#valueCount <= CACHE_VALUES || oldest === key) return;
      this.#pages.delete(oldest);
      this.#valueCount -= length;
    }
  }
}
