/** Runs of levels and dictionary keys in a Parquet page: counted before anything is made of them. */
import type { PageHeader } from 'hyparquet';

/** Keys of more bits than this name more values than a page has. */
const MAX_KEY_BITS = 32;
/** Of a block of deltas. */
const MAX_DELTAS = 2 ** 16;
/** A packed run is filled up to whole groups, and some writers to whole blocks. */
const PACKED_SLACK = 512;

/**
 * The library that reads the runs follows the lengths that they state, however long.
 * @param body a page with nothing left to unpack
 * @throws when runs hold more values than the page, or more bytes
 */
export function checkRuns(body: Uint8Array, header: PageHeader, isOptional: boolean): void {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const count = v1?.num_values ?? v2?.num_values ?? 0;
  const encoding = v1?.encoding ?? v2?.encoding;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  let present = count;
  if (v2) {
    const { repetition_levels_byte_length: first, definition_levels_byte_length: levels } = v2;
    at = first + levels;
    if (!(first >= 0 && levels >= 0 && at <= body.length))
      throw new Error('levels outside their page');
    if (isOptional) present = runs(view, first, at, 1, count);
    if (present !== count - v2.num_nulls)
      throw new Error(`${v2.num_nulls} nulls of ${count - present}`);
  } else if (isOptional) {
    at = 4 + view.getUint32(0, true);
    if (at > body.length) throw new Error('levels outside their page');
    present = runs(view, 4, at, 1, count);
  }
  if (encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY') {
    const bits = view.getUint8(at);
    if (bits > MAX_KEY_BITS) throw new Error(`keys of ${bits} bits`);
    if (bits > 0) runs(view, at + 1, body.length, bits, present);
  }
  if (encoding === 'DELTA_BINARY_PACKED') {
    const [blockSize, next] = varint(view, at);
    const [blockCount] = varint(view, next);
    if (!(blockSize > 0 && blockSize <= MAX_DELTAS && blockCount > 0 && blockCount <= blockSize)) {
      throw new Error(`blocks of ${blockSize} deltas in ${blockCount} parts`);
    }
  }
}

/**
 * Walks runs in bytes `[start, end)` until they hold `count` values.
 * @returns for runs of single bits, how many are set
 */
function runs(view: DataView, start: number, end: number, bits: number, count: number): number {
  let set = 0;
  let seen = 0;
  let at = start;
  while (seen < count) {
    const [head, next] = varint(view, at);
    const isPacked = (head & 1) === 1;
    const length = Math.floor(head / 2) * (isPacked ? 8 : 1);
    const byteLength = isPacked ? (length / 8) * bits : Math.ceil(bits / 8);
    if (length === 0 || length > count - seen + (isPacked ? PACKED_SLACK : 0)) {
      throw new Error(`a run of ${length} where ${count - seen} values are left`);
    }
    if (next + byteLength > end) throw new Error('a run that leaves its page');
    if (bits === 1) {
      for (let i = 0; i < Math.min(length, count - seen); i++) {
        set += isPacked ? (view.getUint8(next + (i >> 3)) >> (i & 7)) & 1 : view.getUint8(next) & 1;
      }
    }
    seen += length;
    at = next + byteLength;
  }
  return set;
}

function varint(view: DataView, start: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = view.getUint8(start + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
  throw new Error('a length of more than five bytes');
}
