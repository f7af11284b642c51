/** Pages of one flat column of a Parquet file: where they lie, and their values, checked before they are unpacked. */
import type { ColumnMetaData, PageHeader, SchemaElement, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { compressors } from 'hyparquet-compressors';
import { type FileSource, readExact } from './fileFormat';
import { checkRuns } from './parquetRuns';
import { thriftEnd } from './parquetThrift';
import { inflateZstd } from './zstd';

export interface PageColumn {
  /** The root of the schema and the column in it. */
  readonly schemaPath: readonly SchemaTree[];
  readonly chunk: ColumnMetaData;
  /** Rows of the row group, and so values of the chunk. */
  readonly rowCount: number;
}

export interface DataPage {
  readonly header: PageHeader;
  /** Byte behind the header. */
  readonly bodyStart: number;
  /** Within the row group. */
  readonly firstRow: number;
  readonly rowCount: number;
}

export interface PageIndex {
  readonly dictionary?: DataPage;
  readonly pages: readonly DataPage[];
}

/** Writers make pages of about 1 MB; one chunk as one page is the other extreme. */
const MAX_PAGE_BYTES = 2 ** 28;
const HEADER_BYTES = 1024;
/** With statistics of long texts. */
const MAX_HEADER_BYTES = 2 ** 20;

const COMPRESSORS = { ...compressors, ZSTD: inflateZstd };

/** @throws when the pages leave the file or the chunk, or do not hold its rows */
export async function indexPages(
  source: FileSource,
  { chunk, rowCount }: PageColumn,
): Promise<PageIndex> {
  const offsets = [chunk.dictionary_page_offset, chunk.data_page_offset].map(Number);
  const start = Math.min(...offsets.filter((offset) => offset > 0));
  const end = start + Number(chunk.total_compressed_size);
  if (!(start >= 4) || !(end <= source.byteLength)) {
    throw new Error(`a column at bytes ${start} to ${end} of a file of ${source.byteLength}`);
  }
  const pages: DataPage[] = [];
  let dictionary: DataPage | undefined;
  let firstRow = 0;
  for (let at = start; at < end && firstRow < rowCount; ) {
    const { header, byteLength } = await headerAt(source, at, end);
    const bodyStart = at + byteLength;
    at = bodyStart + header.compressed_page_size;
    const count = valueCountOf(header);
    const isSane =
      header.compressed_page_size >= 0 &&
      at <= end &&
      header.uncompressed_page_size >= 0 &&
      header.uncompressed_page_size <= MAX_PAGE_BYTES &&
      count >= 0;
    if (!isSane) throw new Error(`a page of ${count} values that leaves its column`);
    const page = { header, bodyStart, firstRow, rowCount: count };
    if (header.type === 'DICTIONARY_PAGE') dictionary = page;
    else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      pages.push(page);
      firstRow += count;
    }
  }
  if (firstRow !== rowCount) throw new Error(`${firstRow} of ${rowCount} values`);
  return { dictionary, pages };
}

async function headerAt(
  source: FileSource,
  at: number,
  end: number,
): Promise<{ header: PageHeader; byteLength: number }> {
  for (let length = HEADER_BYTES; ; length *= 8) {
    const view = await readExact(source, at, Math.min(end, at + length), 'a page header');
    try {
      const byteLength = thriftEnd(view, 0);
      return { header: parquetHeader({ view, offset: 0 }), byteLength };
    } catch (error) {
      const isCut = error instanceof RangeError && at + length < end;
      if (!isCut || length >= MAX_HEADER_BYTES) throw error;
    }
  }
}

function valueCountOf(header: PageHeader): number {
  const { data_page_header, data_page_header_v2, dictionary_page_header } = header;
  const stated = data_page_header ?? data_page_header_v2 ?? dictionary_page_header;
  return stated?.num_values ?? 0;
}

/** @returns the values that keys of this chunk stand for */
export async function readDictionary(
  source: FileSource,
  column: PageColumn,
  { header, bodyStart, rowCount }: DataPage,
): Promise<ArrayLike<unknown>> {
  const { type, type_length } = elementOf(column);
  const packed = await bodyOf(source, header, bodyStart);
  const bytes = unpacked(packed, header.uncompressed_page_size, column);
  if (type === undefined || rowCount > 8 * bytes.length) throw new Error('a dictionary cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readPlain({ view, offset: 0 }, type, rowCount, type_length);
}

/** @returns values in order, undefined where null */
export async function readPage(
  source: FileSource,
  column: PageColumn,
  page: DataPage,
  dictionary: ArrayLike<unknown> | undefined,
): Promise<ArrayLike<unknown>> {
  const packed = await bodyOf(source, page.header, page.bodyStart);
  const { header, body } = unpackedPage(packed, page, column);
  const isOptional = elementOf(column).repetition_type !== 'REQUIRED';
  checkRuns(body, header, isOptional);
  const decoder = {
    pathInSchema: column.chunk.path_in_schema,
    type: column.chunk.type,
    element: elementOf(column),
    schemaPath: [...column.schemaPath],
    codec: column.chunk.codec,
    parsers: DEFAULT_PARSERS,
  };
  const { definitionLevels, dataPage } = header.data_page_header
    ? readDataPage(body, header.data_page_header, decoder)
    : readDataPageV2(body, header, decoder);
  const encoding = header.data_page_header?.encoding ?? header.data_page_header_v2?.encoding;
  const isKeys = encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY';
  const values = isKeys ? lookedUp(dataPage as ArrayLike<number>, dictionary) : dataPage;
  if (!definitionLevels?.length) {
    if (values.length < page.rowCount)
      throw new Error(`${values.length} of ${page.rowCount} values`);
    return values;
  }
  let next = 0;
  const spread = Array.from(definitionLevels, (level) =>
    level === 1 ? values[next++] : undefined,
  );
  if (next > values.length) throw new Error(`${values.length} of ${next} values`);
  return spread;
}

function lookedUp(
  keys: ArrayLike<number>,
  dictionary: ArrayLike<unknown> | undefined,
): ArrayLike<unknown> {
  if (!dictionary) throw new Error('keys without a dictionary');
  return Array.from(keys, (key) => {
    if (!(key < dictionary.length)) throw new Error(`key ${key} of ${dictionary.length}`);
    return dictionary[key];
  });
}

async function bodyOf(
  source: FileSource,
  { compressed_page_size }: PageHeader,
  start: number,
): Promise<Uint8Array> {
  const view = await readExact(source, start, start + compressed_page_size, 'a page');
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function unpacked(packed: Uint8Array, byteLength: number, { chunk }: PageColumn): Uint8Array {
  return decompressPage(packed, byteLength, chunk.codec, COMPRESSORS);
}

/** The page with nothing left to unpack; a page of version 2 keeps its levels in front, which never are packed. */
function unpackedPage(
  packed: Uint8Array,
  { header }: DataPage,
  column: PageColumn,
): { header: PageHeader; body: Uint8Array } {
  const v2 = header.data_page_header_v2;
  if (!v2) return { header, body: unpacked(packed, header.uncompressed_page_size, column) };
  if (v2.is_compressed === false) return { header, body: packed };
  const levelBytes = v2.definition_levels_byte_length + v2.repetition_levels_byte_length;
  if (!(levelBytes >= 0 && levelBytes <= packed.length))
    throw new Error('levels outside their page');
  const valueBytes = header.uncompressed_page_size - levelBytes;
  const values = unpacked(packed.subarray(levelBytes), valueBytes, column);
  const body = new Uint8Array(levelBytes + values.length);
  body.set(packed.subarray(0, levelBytes));
  body.set(values, levelBytes);
  return { header: { ...header, data_page_header_v2: { ...v2, is_compressed: false } }, body };
}

function elementOf({ schemaPath }: PageColumn): SchemaElement {
  return schemaPath[schemaPath.length - 1].element;
}
