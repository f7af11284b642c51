/** LZ4 frames, as Arrow and Feather files are packed with them; see the LZ4 frame and block format descriptions. */

const MAGIC = 0x184d2204;
const MIN_MATCH = 4;
const BLOCK_IS_RAW = 0x80000000;
/** The format cannot pack more densely. */
const MAX_RATIO = 255;
const FLAG = {
  hasBlockChecksum: 0x10,
  hasContentSize: 0x08,
  hasContentChecksum: 0x04,
  hasDictionary: 0x01,
};

/**
 * @param maxBytes the most that the frame may become
 * @throws when the frame is damaged or becomes more
 */
export function inflateLz4(packed: Uint8Array, maxBytes: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 11 || view.getUint32(0, true) !== MAGIC)
    refuse('an LZ4 frame', 'other bytes');
  const flags = packed[4];
  if (flags & FLAG.hasDictionary) refuse('an LZ4 frame without a dictionary', 'one with');
  let at = 7 + (flags & FLAG.hasContentSize ? 8 : 0);
  const limit = Math.min(maxBytes, MAX_RATIO * packed.length);
  const out = new Output(Math.min(4 * packed.length, limit), limit);
  for (;;) {
    if (at + 4 > packed.length) refuse('another LZ4 block', 'the end');
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const size = word & ~BLOCK_IS_RAW;
    if (at + size > packed.length) refuse(`an LZ4 block of ${size} bytes`, `${packed.length - at}`);
    const block = packed.subarray(at, at + size);
    if (word >>> 31) out.append(block);
    else inflateBlock(block, out);
    at += size + (flags & FLAG.hasBlockChecksum ? 4 : 0);
  }
  return out.finish();
}

/** Literals and copies of what was written before, in turn. */
function inflateBlock(block: Uint8Array, out: Output) {
  let at = 0;
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    if (nibble !== 15) return length;
    for (;;) {
      if (at >= block.length) refuse('a length', 'the end');
      const more = block[at++];
      length += more;
      if (more !== 255) return length;
    }
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = lengthFrom(token >> 4);
    if (at + literals > block.length) refuse(`${literals} literals`, `${block.length - at}`);
    out.append(block.subarray(at, at + literals));
    at += literals;
    // The last sequence has literals only.
    if (at === block.length) return;
    if (at + 2 > block.length) refuse('an offset', 'the end');
    const distance = block[at] | (block[at + 1] << 8);
    at += 2;
    out.repeat(distance, lengthFrom(token & 15) + MIN_MATCH);
  }
}

class Output {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  readonly #limit: number;

  constructor(capacity: number, limit: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#limit = limit;
  }

  append(bytes: Uint8Array) {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  repeat(distance: number, count: number) {
    if (distance === 0 || distance > this.#length)
      refuse('an offset into what was read', `${distance}`);
    this.#reserve(count);
    // Byte by byte, because a copy may overlap what it writes.
    for (let i = 0; i < count; i++, this.#length++) {
      this.#bytes[this.#length] = this.#bytes[this.#length - distance];
    }
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number) {
    const needed = this.#length + count;
    if (needed > this.#limit) refuse(`at most ${this.#limit} bytes`, 'more');
    if (needed <= this.#bytes.length) return;
    const longer = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    longer.set(this.#bytes);
    this.#bytes = longer;
  }
}

function refuse(expected: string, got: string): never {
  throw new Error(
    `[lz4] expected ${expected}, got ${got}: the file is damaged, copy or save it again`,
  );
}
