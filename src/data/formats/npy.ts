/** NumPy's `.npy`: header and numbers of one array. */

export interface NpyArray {
  readonly shape: number[];
  /** C order, whatever the order in the file. */
  readonly data: Float32Array | Float64Array;
}

export interface NpyHeader {
  /** NumPy's type code without its byte order, for example `f4`. */
  readonly kind: string;
  readonly itemBytes: number;
  readonly fortranOrder: boolean;
  readonly shape: number[];
  readonly dataStart: number;
}

const ITEM_BYTES: Record<string, number> = {
  b1: 1,
  i1: 1,
  u1: 1,
  i2: 2,
  u2: 2,
  f2: 2,
  i4: 4,
  u4: 4,
  f4: 4,
  i8: 8,
  u8: 8,
  f8: 8,
};

/**
 * Parses a little-endian numeric or boolean array. 32-bit floats and narrower numbers come back as
 * float32 (exact up to 24 bits), wider ones as float64.
 * @throws naming the array when it is cut short, big-endian, or not numeric
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const { kind, itemBytes, fortranOrder, shape, dataStart } = parseNpyHeader(bytes, name);
  const count = shape.reduce((product, size) => product * size, 1);
  const available = bytes.byteLength - dataStart;
  if (count * itemBytes > available) {
    throw new Error(
      `[npy] expected ${count * itemBytes} bytes for shape (${shape.join(', ')}) in "${name}", got ${available}: ` +
        'the file is cut short, copy or save it again',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, count * itemBytes);
  const values = readNpyValues(view, kind, count);
  return { shape, data: fortranOrder && shape.length > 1 ? toRowMajor(values, shape) : values };
}

/** Header of an array from the beginning of its file; `dataStart` is its first byte of numbers. */
export function parseNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  const isNpy = bytes.length >= 12 && bytes[0] === 0x93 && latin1(bytes.subarray(1, 6)) === 'NUMPY';
  const isWide = isNpy && bytes[6] >= 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = isWide ? 12 : 10;
  const headerBytes = !isNpy ? 0 : isWide ? view.getUint32(8, true) : view.getUint16(8, true);
  const dataStart = headerStart + headerBytes;
  const header = isNpy ? latin1(bytes.subarray(headerStart, Math.min(dataStart, 65536))) : '';
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (!descr || !order || shapeText === undefined || dataStart > bytes.byteLength) {
    throw new Error(
      `[npy] expected a NumPy array header in "${name}", got ${describeHeader(header)}: ` +
        'the file is damaged or not an .npy of plain numbers, save it again with numpy.savez',
    );
  }
  const shape = shapeText
    .split(',')
    .filter((text) => text.trim() !== '')
    .map(Number);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new Error(
      `[npy] expected whole sizes in the shape of "${name}", got (${shapeText}): the file is damaged, save it again`,
    );
  }
  const kind = descr.slice(1);
  const itemBytes = ITEM_BYTES[kind];
  if (itemBytes === undefined || (descr[0] === '>' && itemBytes > 1)) {
    throw new Error(
      `[npy] expected little-endian numbers in "${name}", got type "${descr}": ` +
        'save the array with .astype("<f4")',
    );
  }
  return { kind, itemBytes, fortranOrder: order === 'True', shape, dataStart };
}

function describeHeader(header: string): string {
  return header === '' ? 'other bytes' : `"${header.slice(0, 60).trim()}"`;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Numbers of one type from the first byte of `view`. */
export function readNpyValues(
  view: DataView,
  kind: string,
  count: number,
): Float32Array | Float64Array {
  const isWide = kind === 'f8' || kind === 'i8' || kind === 'u8' || kind === 'i4' || kind === 'u4';
  if (kind === 'f4' || kind === 'f8') {
    // A copy, because the file's bytes need not be aligned to the item size.
    const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    return kind === 'f4'
      ? new Float32Array(copy as ArrayBuffer)
      : new Float64Array(copy as ArrayBuffer);
  }
  const values = isWide ? new Float64Array(count) : new Float32Array(count);
  const read = itemReader(view, kind);
  for (let i = 0; i < count; i++) values[i] = read(i);
  return values;
}

function itemReader(view: DataView, kind: string): (i: number) => number {
  switch (kind) {
    case 'i1':
      return (i) => view.getInt8(i);
    case 'i2':
      return (i) => view.getInt16(2 * i, true);
    case 'u2':
      return (i) => view.getUint16(2 * i, true);
    case 'f2':
      return (i) => halfToNumber(view.getUint16(2 * i, true));
    case 'i4':
      return (i) => view.getInt32(4 * i, true);
    case 'u4':
      return (i) => view.getUint32(4 * i, true);
    case 'i8':
      return (i) => Number(view.getBigInt64(8 * i, true));
    case 'u8':
      return (i) => Number(view.getBigUint64(8 * i, true));
    default:
      return (i) => view.getUint8(i);
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function toRowMajor(values: Float32Array | Float64Array, shape: number[]) {
  const reordered = values.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  for (let i = 0; i < reordered.length; i++) {
    let source = 0;
    for (let d = 0; d < shape.length; d++) source += index[d] * strides[d];
    reordered[i] = values[source];
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] += 1;
      if (index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return reordered;
}
