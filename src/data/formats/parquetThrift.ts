/** Walks a structure in Thrift's compact protocol without building it, to know its length and that it is sane. */

const MAX_DEPTH = 16;
const MAX_VARINT_BYTES = 10;
const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
};

/**
 * The library that builds these structures takes memory for as many elements as a list states; here each
 * element must have its bytes.
 * @returns the first byte behind the structure that begins at `start`
 * @throws RangeError when it does not end within the bytes, Error when it nests too deep or states nonsense
 */
export function thriftEnd(view: DataView, start: number): number {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = view.getUint8(at++);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new Error('a number of more than ten bytes');
  };
  const skip = (count: number) => {
    if (at + count > view.byteLength) throw new RangeError('the end');
    at += count;
  };
  const element = (type: number, depth: number, isInList: boolean): void => {
    if (type === TYPE.true || type === TYPE.false) skip(isInList ? 1 : 0);
    else if (type === TYPE.byte) skip(1);
    else if (type > TYPE.byte && type <= TYPE.i64) varint();
    else if (type === TYPE.double) skip(8);
    else if (type === TYPE.binary) skip(varint());
    else if (type === TYPE.list) list(depth + 1);
    else if (type === TYPE.struct) struct(depth + 1);
    else throw new Error(`an element of type ${type}`);
  };
  const list = (depth: number): void => {
    const head = view.getUint8(at++);
    const count = head >> 4 === 15 ? varint() : head >> 4;
    if (depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} levels`);
    if (count > view.byteLength - at) throw new RangeError('the end');
    for (let i = 0; i < count; i++) element(head & 15, depth, true);
  };
  const struct = (depth: number): void => {
    if (depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} levels`);
    for (;;) {
      const head = view.getUint8(at++);
      if ((head & 15) === TYPE.stop) return;
      if (head >> 4 === 0) varint();
      element(head & 15, depth, false);
    }
  };
  struct(0);
  return at;
}
