/**
 * Walks the metadata of an Arrow IPC file before the library does: what FlatBuffers state about lengths and places
 * must be within the bytes. The library reads on in whatever lies there, for as long as is stated.
 */

const MAGIC = 'ARROW1';
const TAIL_BYTES = 10;
const MAX_DEPTH = 16;
const MAX_FIELDS = 2 ** 17;
/** Fields of the tables, by their number in the format's schema files. */
const FOOTER = { schema: 1, dictionaries: 2, batches: 3 };
const SCHEMA = { fields: 1, metadata: 2 };
const FIELD = { children: 5, metadata: 6 };
const MESSAGE = { headerType: 1, header: 2, bodyLength: 3 };
const BATCH = { nodes: 1, buffers: 2 };
const DICTIONARY_BATCH = { data: 1 };
const HEADER = { dictionaryBatch: 2, recordBatch: 3 };
const TABLE_BYTES = 4;
const BLOCK_BYTES = 24;
const NODE_BYTES = 16;
const BUFFER_BYTES = 16;

/** @throws Error with what is wrong, RangeError where something lies outside the bytes */
export function checkArrowLayout(bytes: Uint8Array): void {
  const tail = bytes.length - TAIL_BYTES;
  const end = String.fromCharCode(...bytes.subarray(-MAGIC.length));
  if (tail < 8 || end !== MAGIC) throw new Error('no end of a file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footerBytes = view.getInt32(tail, true);
  if (footerBytes < 8 || footerBytes > tail) throw new Error(`a footer of ${footerBytes} bytes`);
  const footer = rootOf(part(view, tail - footerBytes, footerBytes));
  const schema = footer.table(FOOTER.schema);
  schema.vector(SCHEMA.metadata, TABLE_BYTES);
  checkFields(schema, SCHEMA.fields, 0, { count: 0 });
  let bodies = 0;
  for (const kind of [FOOTER.dictionaries, FOOTER.batches]) {
    for (const at of footer.vector(kind, BLOCK_BYTES)) {
      const start = Number(footer.view.getBigInt64(at, true));
      const metadataBytes = footer.view.getInt32(at + 8, true);
      const bodyBytes = Number(footer.view.getBigInt64(at + 16, true));
      bodies += bodyBytes;
      if (bodyBytes < 0 || bodies > bytes.length) throw new Error(`a body of ${bodyBytes} bytes`);
      part(view, start + metadataBytes, bodyBytes);
      checkMessage(part(view, start, metadataBytes), bodyBytes);
    }
  }
}

function checkFields(
  table: FlatTable,
  field: number,
  depth: number,
  seen: { count: number },
): void {
  for (const at of table.vector(field, TABLE_BYTES)) {
    seen.count += 1;
    if (depth > MAX_DEPTH || seen.count > MAX_FIELDS) throw new Error('columns within columns');
    const one = table.tableAt(at);
    one.vector(FIELD.metadata, TABLE_BYTES);
    checkFields(one, FIELD.children, depth + 1, seen);
  }
}

/** Continuation marker (absent in old files), length, and the message. */
function checkMessage(view: DataView, bodyBytes: number): void {
  const hasMarker = view.getInt32(0, true) === -1;
  const prefix = hasMarker ? 8 : 4;
  const length = view.getInt32(prefix - 4, true);
  const message = rootOf(part(view, prefix, length));
  const stated = message.scalar(MESSAGE.bodyLength, (at) => message.view.getBigInt64(at, true));
  if (Number(stated ?? 0) > bodyBytes) throw new Error(`a body of ${stated} bytes`);
  const type = message.scalar(MESSAGE.headerType, (at) => message.view.getUint8(at));
  if (type !== HEADER.recordBatch && type !== HEADER.dictionaryBatch) {
    throw new Error(`a message of type ${type} in place of values`);
  }
  const header = message.table(MESSAGE.header);
  const batch = type === HEADER.recordBatch ? header : header.table(DICTIONARY_BATCH.data);
  batch.vector(BATCH.nodes, NODE_BYTES);
  for (const at of batch.vector(BATCH.buffers, BUFFER_BYTES)) {
    const [start, size] = [at, at + 8].map((place) => Number(batch.view.getBigInt64(place, true)));
    if (!(start >= 0 && size >= 0 && start + size <= bodyBytes)) {
      throw new Error(`values at ${start} to ${start + size} of ${bodyBytes} bytes`);
    }
  }
}

function rootOf(view: DataView): FlatTable {
  return new FlatTable(view, view.getUint32(0, true));
}

function part(view: DataView, start: number, length: number): DataView {
  // The constructor of a view would take a fraction or NaN for a place.
  if (!(start >= 0 && length >= 0 && start + length <= view.byteLength))
    throw new RangeError('the end');
  return new DataView(view.buffer, view.byteOffset + start, length);
}

/** A table of FlatBuffers: its fields lie where a table of offsets says, absent ones nowhere. */
class FlatTable {
  readonly view: DataView;
  readonly #at: number;
  readonly #offsets: number;
  readonly #offsetBytes: number;

  constructor(view: DataView, at: number) {
    this.view = view;
    this.#at = at;
    this.#offsets = at - view.getInt32(at, true);
    this.#offsetBytes = view.getUint16(this.#offsets, true);
  }

  scalar<T>(field: number, read: (at: number) => T): T | undefined {
    const at = this.#place(field);
    return at === undefined ? undefined : read(at);
  }

  table(field: number): FlatTable {
    const at = this.#place(field);
    if (at === undefined) throw new Error('a table without what it is for');
    return this.tableAt(at);
  }

  /** The table that the offset at this byte leads to. */
  tableAt(at: number): FlatTable {
    return new FlatTable(this.view, at + this.view.getUint32(at, true));
  }

  /** Where its elements lie; none where it is absent. */
  vector(field: number, elementBytes: number): number[] {
    const at = this.#place(field);
    if (at === undefined) return [];
    const start = at + this.view.getUint32(at, true);
    const count = this.view.getUint32(start, true);
    part(this.view, start + 4, count * elementBytes);
    return Array.from({ length: count }, (_, i) => start + 4 + i * elementBytes);
  }

  #place(field: number): number | undefined {
    const slot = 4 + 2 * field;
    if (slot >= this.#offsetBytes) return undefined;
    const offset = this.view.getUint16(this.#offsets + slot, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}
