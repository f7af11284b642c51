// Checkpoints that survive a killed process: two alternating slots, each with length, sequence number and checksum;
// the other slot stays untouched while one is written, and the highest valid sequence wins.

/** Where the slots live: origin private files in the page, plain files in Node. `write` must flush before it ends. */
export interface SlotStorage {
  read(slot: 'a' | 'b'): Promise<Uint8Array | undefined>;
  write(slot: 'a' | 'b', bytes: Uint8Array): Promise<void>;
}

const MAGIC = 0x4d4c4152; // "RALM"
const VERSION = 1;
const HEADER_BYTES = 32;

interface Slot {
  readonly name: 'a' | 'b';
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export class Checkpoints {
  readonly #storage: SlotStorage;
  #latest: { readonly name: 'a' | 'b'; readonly sequence: number } | undefined;

  constructor(storage: SlotStorage) {
    this.#storage = storage;
  }

  /** The newest valid checkpoint; undefined when neither slot holds one. */
  async load(): Promise<Uint8Array | undefined> {
    const slots = (await Promise.all([this.#readSlot('a'), this.#readSlot('b')])).filter(
      (slot) => slot !== undefined,
    );
    slots.sort((x, y) => y.sequence - x.sequence);
    this.#latest = slots[0];
    return slots[0]?.payload;
  }

  /** Writes over the older slot. */
  async save(payload: Uint8Array): Promise<void> {
    if (!this.#latest) await this.load();
    const name = this.#latest?.name === 'a' ? 'b' : 'a';
    const sequence = (this.#latest?.sequence ?? 0) + 1;
    await this.#storage.write(name, frame(payload, sequence));
    this.#latest = { name, sequence };
  }

  async #readSlot(name: 'a' | 'b'): Promise<Slot | undefined> {
    const bytes = await this.#storage.read(name);
    return bytes && unframe(bytes, name);
  }
}

function frame(payload: Uint8Array, sequence: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, VERSION, true);
  header.setFloat64(8, sequence, true);
  header.setFloat64(16, payload.length, true);
  header.setUint32(24, crc32(payload), true);
  header.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** undefined for anything torn, cut or foreign: a damaged slot is as good as none. */
function unframe(bytes: Uint8Array, name: 'a' | 'b'): Slot | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== MAGIC || header.getUint32(4, true) !== VERSION)
    return undefined;
  if (header.getUint32(28, true) !== crc32(bytes.subarray(0, 28))) return undefined;
  const length = header.getFloat64(16, true);
  const payload = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
  if (payload.length !== length || header.getUint32(24, true) !== crc32(payload)) return undefined;
  return { name, sequence: header.getFloat64(8, true), payload };
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** CRC-32 (IEEE 802.3). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
