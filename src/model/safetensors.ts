// The safetensors file format: named tensors behind a JSON header. It knows nothing about models.
// Format: https://huggingface.co/docs/safetensors (u64 little-endian header length, JSON, data).

import { halfToFloat } from '../base/half';

/** A tensor as it lies in a file: row-major `data` of `shape`. */
export interface StoredTensor {
  shape: number[];
  data: Float32Array;
}

/** Everything one file holds. `metadata` has no prototype, so a file's names cannot reach one. */
export interface SafetensorsFile {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 100_000;
const PREFIX_BYTES = 8;

const BYTES_OF_DTYPE = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
]);

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  count: number;
  beginByte: number;
  endByte: number;
}

/**
 * Reads F32, F64, F16 and BF16 tensors as float32. Throws one error that says what is wrong; nothing
 * is allocated for a tensor before its size agrees with the file.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataOffsetBytes } = readHeader(bytes);
  const metadata: Record<string, string> = Object.create(null);
  const entries: Entry[] = [];
  for (const [name, value] of header) {
    if (name === '__metadata__') {
      for (const [key, text] of objectEntries(value, '__metadata__')) {
        if (typeof text !== 'string') fail(`metadata "${key}" to be a string`, typeof text);
        metadata[key] = text;
      }
    } else entries.push(readEntry(name, value));
  }

  const dataBytes = bytes.length - dataOffsetBytes;
  entries.sort((a, b) => a.beginByte - b.beginByte || a.endByte - b.endByte);
  let nextByte = 0;
  for (const { name, beginByte, endByte } of entries) {
    if (beginByte !== nextByte)
      fail(`tensor "${name}" to begin at byte ${nextByte} (no holes, no overlap)`, `${beginByte}`);
    if (endByte > dataBytes)
      fail(`${endByte} data bytes for tensor "${name}"`, `${dataBytes} (is the file cut short?)`);
    nextByte = endByte;
  }
  if (nextByte !== dataBytes) fail(`${nextByte} data bytes in all`, `${dataBytes}`);

  const tensors = new Map<string, StoredTensor>();
  for (const entry of entries) {
    const raw = bytes.subarray(dataOffsetBytes + entry.beginByte, dataOffsetBytes + entry.endByte);
    tensors.set(entry.name, { shape: entry.shape, data: toFloat32(raw, entry) });
  }
  return { tensors, metadata };
}

/**
 * Writes every tensor as F32, names sorted, so equal content gives equal bytes. The header is padded
 * with spaces to a multiple of 8 bytes, the data has no holes.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const fields: string[] = [];
  const keys = Object.keys(metadata).sort();
  for (const key of keys) checkName(key);
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    fields.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  const names = [...tensors.keys()].sort();
  let dataBytes = 0;
  for (const name of names) {
    checkName(name);
    if (name === '__metadata__') fail('a tensor name', 'the reserved "__metadata__"');
    const { shape, data } = tensors.get(name)!;
    if (elementCount(shape) !== data.length)
      fail(`${elementCount(shape)} values for "${name}" [${shape}]`, `${data.length}`);
    const endByte = dataBytes + data.byteLength;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"F32","shape":[${shape}],"data_offsets":[${dataBytes},${endByte}]}`,
    );
    dataBytes = endByte;
  }

  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES)
    fail(`a header of at most ${MAX_HEADER_BYTES} bytes`, `${headerBytes}`);
  const file = new Uint8Array(PREFIX_BYTES + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  file.set(header, PREFIX_BYTES);
  let offset = PREFIX_BYTES + headerBytes;
  for (const name of names) {
    const { data } = tensors.get(name)!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

function readHeader(bytes: Uint8Array): { header: [string, unknown][]; dataOffsetBytes: number } {
  if (bytes.length < PREFIX_BYTES) fail('at least 8 bytes', `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES)
    fail(
      `a header of at most ${MAX_HEADER_BYTES} bytes`,
      `${headerBytes} (not a safetensors file?)`,
    );
  const dataOffsetBytes = PREFIX_BYTES + headerBytes;
  if (dataOffsetBytes > bytes.length)
    fail(
      `a header of ${headerBytes} bytes`,
      `${bytes.length - PREFIX_BYTES} (is the file cut short?)`,
    );
  const raw = bytes.subarray(PREFIX_BYTES, dataOffsetBytes);
  if (raw[0] !== 0x7b) fail('a header that starts with "{"', 'another byte');
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    fail('a header in JSON and UTF-8', 'text that cannot be parsed');
  }
  const header = objectEntries(parsed, 'the header');
  if (header.length > MAX_ENTRIES) fail(`at most ${MAX_ENTRIES} entries`, `${header.length}`);
  return { header, dataOffsetBytes };
}

function readEntry(name: string, value: unknown): Entry {
  const fields = new Map(objectEntries(value, `tensor "${name}"`));
  const dtype = fields.get('dtype');
  const itemBytes = typeof dtype === 'string' ? BYTES_OF_DTYPE.get(dtype) : undefined;
  if (typeof dtype !== 'string' || itemBytes === undefined)
    fail(`tensor "${name}" of dtype ${[...BYTES_OF_DTYPE.keys()].join(', ')}`, String(dtype));
  const shape = sizes(fields.get('shape'), `shape of tensor "${name}"`);
  const offsets = sizes(fields.get('data_offsets'), `data_offsets of tensor "${name}"`);
  const [beginByte, endByte] = offsets;
  if (offsets.length !== 2 || endByte < beginByte)
    fail(`data_offsets of tensor "${name}" as [begin, end]`, `[${offsets}]`);
  const count = elementCount(shape);
  if (count * itemBytes !== endByte - beginByte)
    fail(
      `${count * itemBytes} bytes for tensor "${name}" ${dtype} [${shape}]`,
      `${endByte - beginByte}`,
    );
  return { name, dtype, shape, count, beginByte, endByte };
}

function objectEntries(value: unknown, what: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    fail(`${what} to be an object`, Array.isArray(value) ? 'array' : String(value));
  const entries = Object.entries(value);
  for (const [name] of entries) checkName(name);
  return entries;
}

function sizes(value: unknown, what: string): number[] {
  if (!Array.isArray(value) || !value.every((size) => Number.isSafeInteger(size) && size >= 0))
    fail(
      `${what} to be a list of whole numbers from 0`,
      (JSON.stringify(value) ?? 'nothing').slice(0, 80),
    );
  return value;
}

// Zero first: a product that overflows to Infinity times 0 would be NaN and slip past comparisons.
function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

function checkName(name: string): void {
  if (name === '__proto__') fail('a safe name', '"__proto__"');
}

function toFloat32(raw: Uint8Array, { dtype, count }: Entry): Float32Array {
  const data = new Float32Array(count);
  if (dtype === 'F32') {
    new Uint8Array(data.buffer).set(raw);
    return data;
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (dtype === 'F64') for (let i = 0; i < count; i++) data[i] = view.getFloat64(8 * i, true);
  if (dtype === 'F16')
    for (let i = 0; i < count; i++) data[i] = halfToFloat(view.getUint16(2 * i, true));
  if (dtype === 'BF16') {
    // A bfloat16 is the upper half of a float32.
    const bits = new Uint32Array(data.buffer);
    for (let i = 0; i < count; i++) bits[i] = view.getUint16(2 * i, true) << 16;
  }
  return data;
}

function fail(expected: string, got: string): never {
  throw new Error(`[safetensors] expected ${expected}, got ${got}`);
}
