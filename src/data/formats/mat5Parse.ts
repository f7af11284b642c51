/** Elements of MATLAB v5 to v7 files, parsed from bytes in memory; every size is checked before it is used. */
import { arrayInMemory } from './arraySeries';
import { countOf, type MatValue, squeezed } from './matValue';

const MAX_DEPTH = 32;
const MAX_VALUES = 2_000_000;
const MAX_NAME_BYTES = 4096;
const MAX_TEXT = 65536;

export const ELEMENT = { matrix: 14, compressed: 15 } as const;
const CLASS = {
  cell: 1,
  struct: 2,
  object: 3,
  char: 4,
  sparse: 5,
  firstNumeric: 6,
  lastNumeric: 15,
};
const COMPLEX_FLAG = 0x08;

/** Bytes per item and reader of each stored number type. */
const NUMBERS: Readonly<
  Record<
    number,
    readonly [bytes: number, read: (view: DataView, at: number, little: boolean) => number]
  >
> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};
const TEXT_DECODERS: Readonly<Record<number, string>> = { 16: 'utf-8', 17: 'utf-16le' };

export interface Element {
  readonly type: number;
  readonly start: number;
  readonly byteLength: number;
  /** Where the next element begins. */
  readonly next: number;
}

export interface MatrixHead {
  readonly name: string;
  readonly classCode: number;
  readonly dims: number[];
  readonly isComplex: boolean;
  /** Where its contents begin. */
  readonly contents: number;
}

/** Bytes of one file with its byte order. */
export class Mat5Bytes {
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #fileName: string;
  #valueCount = 0;

  constructor(view: DataView, isLittleEndian: boolean, fileName: string) {
    this.#view = view;
    this.#little = isLittleEndian;
    this.#fileName = fileName;
  }

  element(at: number, end: number): Element {
    if (at + 8 > end) this.refuse('another element', `the end at byte ${at}`);
    const word = this.#view.getUint32(at, this.#little);
    const small = word >>> 16;
    // Up to four bytes are packed into the tag itself.
    const element = small
      ? { type: word & 0xffff, start: at + 4, byteLength: small, next: at + 8 }
      : this.#long(at, word);
    if (small > 4 || element.start + element.byteLength > end) {
      this.refuse(`${element.byteLength} bytes at byte ${at}`, `${end - element.start}`);
    }
    return { ...element, next: Math.min(element.next, end) };
  }

  #long(at: number, type: number): Element {
    const byteLength = this.#view.getUint32(at + 4, this.#little);
    const start = at + 8;
    const padding = type === ELEMENT.compressed ? 0 : (8 - (byteLength % 8)) % 8;
    return { type, start, byteLength, next: start + byteLength + padding };
  }

  /** Name, class and sizes of a matrix element. */
  head(start: number, end: number): MatrixHead {
    const flags = this.element(start, end);
    const word = this.#numbers(flags, 2)[0];
    const sizes = this.element(flags.next, end);
    const dims = Array.from(this.#numbers(sizes, sizes.byteLength / 4));
    const name = this.element(sizes.next, end);
    if (name.byteLength > MAX_NAME_BYTES || dims.length > 32 || dims.some((size) => size < 0)) {
      this.refuse('a short name and sizes', `${name.byteLength} bytes and ${dims.length} sizes`);
    }
    return {
      name: this.#text(name),
      classCode: word & 0xff,
      dims,
      isComplex: ((word >>> 8) & COMPLEX_FLAG) !== 0,
      contents: name.next,
    };
  }

  /** The value whose matrix element lies in `[start, end)`. */
  matrix(start: number, end: number, depth = 0): MatValue {
    this.#valueCount += 1;
    if (depth > MAX_DEPTH || this.#valueCount > MAX_VALUES) {
      this.refuse(`at most ${MAX_DEPTH} levels and ${MAX_VALUES} values`, 'more');
    }
    if (start === end) return { kind: 'numeric', dims: [0, 0], values: async () => [] };
    const head = this.head(start, end);
    const { classCode } = head;
    if (classCode === CLASS.cell) return this.#cell(head, end, depth);
    if (classCode === CLASS.struct) return this.#struct(head, head.contents, end, depth);
    if (classCode === CLASS.object) {
      return this.#struct(head, this.element(head.contents, end).next, end, depth);
    }
    if (classCode === CLASS.char) {
      return { kind: 'text', text: this.#text(this.element(head.contents, end)) };
    }
    if (classCode >= CLASS.firstNumeric && classCode <= CLASS.lastNumeric) {
      return this.#numeric(head, end);
    }
    return { kind: 'other', what: classCode === CLASS.sparse ? 'a sparse matrix' : 'an object' };
  }

  #numeric({ dims, contents, isComplex }: MatrixHead, end: number): MatValue {
    if (isComplex) return { kind: 'other', what: 'complex numbers' };
    const count = countOf(dims);
    const data = count === 0 ? undefined : this.element(contents, end);
    if (data) this.#check(data, count);
    let kept: Float64Array | undefined;
    const values = () => (kept ??= data ? this.#numbers(data, count) : new Float64Array(0));
    const sizes = squeezed(dims);
    const array =
      count > 1 && sizes.length <= 2
        ? {
            dims: sizes,
            read: (axis: 0 | 1, from: number, to: number) =>
              arrayInMemory(sizes, values(), true).read(axis, from, to),
          }
        : undefined;
    return { kind: 'numeric', dims, array, values: async () => values() };
  }

  #cell({ dims, contents }: MatrixHead, end: number, depth: number): MatValue {
    const items = this.#matrices(contents, end, countOf(dims), depth);
    return { kind: 'cell', dims, item: (i) => items[i] };
  }

  #struct({ dims }: MatrixHead, contents: number, end: number, depth: number): MatValue {
    const sizeElement = this.element(contents, end);
    const nameBytes = this.#numbers(sizeElement, 1)[0];
    const nameElement = this.element(sizeElement.next, end);
    const fieldCount = nameBytes > 0 ? nameElement.byteLength / nameBytes : 0;
    if (!Number.isInteger(fieldCount))
      this.refuse('whole field names', `${nameElement.byteLength} bytes`);
    const fields = Array.from({ length: fieldCount }, (_, f) =>
      this.#text({
        ...nameElement,
        start: nameElement.start + f * nameBytes,
        byteLength: nameBytes,
      }),
    );
    const count = countOf(dims);
    const values = this.#matrices(nameElement.next, end, count * fieldCount, depth);
    return {
      kind: 'struct',
      dims,
      fields,
      get: (i, field) => values[i * fieldCount + fields.indexOf(field)],
    };
  }

  #matrices(start: number, end: number, count: number, depth: number): MatValue[] {
    // Each needs at least its tag, so that absurd sizes end here.
    if (!(count * 8 <= end - start)) this.refuse(`${count} values`, `${end - start} bytes`);
    const values: MatValue[] = [];
    let at = start;
    for (let i = 0; i < count; i++) {
      const { type, start: from, byteLength, next } = this.element(at, end);
      if (type !== ELEMENT.matrix) this.refuse('a matrix', `an element of type ${type}`);
      values.push(this.matrix(from, from + byteLength, depth + 1));
      at = next;
    }
    return values;
  }

  #check({ type, byteLength }: Element, count: number) {
    const [bytes] = NUMBERS[type] ?? [0];
    if (bytes === 0 || !(count * bytes <= byteLength)) {
      this.refuse(`${count} numbers`, `${byteLength} bytes of type ${type}`);
    }
  }

  #numbers(element: Element, count: number): Float64Array {
    this.#check(element, count);
    const [bytes, read] = NUMBERS[element.type];
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++)
      values[i] = read(this.#view, element.start + i * bytes, this.#little);
    return values;
  }

  #text(element: Element): string {
    const { type, start, byteLength } = element;
    const encoding = TEXT_DECODERS[type];
    if (encoding) {
      const bytes = new Uint8Array(
        this.#view.buffer,
        this.#view.byteOffset + start,
        Math.min(MAX_TEXT, byteLength),
      );
      return new TextDecoder(encoding).decode(bytes);
    }
    const bytes = NUMBERS[type]?.[0] ?? 1;
    let text = '';
    for (const code of this.#numbers(element, Math.min(MAX_TEXT, Math.floor(byteLength / bytes)))) {
      if (code === 0) break;
      text += String.fromCharCode(code & 0xffff);
    }
    return text;
  }

  refuse(expected: string, got: string): never {
    throw new Error(
      `[mat] expected ${expected} in "${this.#fileName}", got ${got}: the file is damaged, copy or save it again`,
    );
  }
}
