/** Zstandard frames, as Arrow, Feather and Parquet files are packed with them; see RFC 8878. */
import { Decompress, decompress } from 'fzstd';

const MAGIC = 0xfd2fb528;
/** What the format's own tools accept without being asked for more. */
const MAX_WINDOW_BYTES = 2 ** 27;
/** A block of so many bytes takes no fewer than four. */
const MAX_BLOCK_BYTES = 2 ** 17;
const LEAST_BLOCK_BYTES = 4;

/**
 * @param maxBytes the most that the frame may become
 * @throws one sentence when the frame is damaged or becomes more
 */
export function inflateZstd(packed: Uint8Array, maxBytes: number): Uint8Array {
  const { contentBytes, windowBytes } = frameHeader(packed);
  if ((contentBytes ?? 0) > maxBytes) refuse(`at most ${maxBytes} bytes`, `${contentBytes}`);
  if (contentBytes === undefined && windowBytes > MAX_WINDOW_BYTES) {
    refuse(`a window of at most ${MAX_WINDOW_BYTES} bytes`, `${windowBytes}`);
  }
  try {
    if (contentBytes === undefined) return inflateInParts(packed, maxBytes);
    const densest = MAX_BLOCK_BYTES * Math.ceil(packed.length / LEAST_BLOCK_BYTES);
    if (contentBytes > densest) refuse(`at most ${densest} bytes`, `${contentBytes}`);
    return decompress(packed, new Uint8Array(contentBytes));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (text.startsWith('[zstd]')) throw error;
    return refuse('a whole Zstandard frame', text);
  }
}

/** The size of what was packed is written only if it was known beforehand. */
function frameHeader(packed: Uint8Array): { contentBytes?: number; windowBytes: number } {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 9) refuse('a Zstandard frame', 'the end');
  if (view.getUint32(0, true) !== MAGIC) refuse('a Zstandard frame', 'other bytes');
  const flags = packed[4];
  const isSingle = (flags & 0x20) !== 0;
  const sizeFlag = flags >> 6;
  if ((flags & 3) !== 0) refuse('a Zstandard frame without a dictionary', 'one with');
  const window = packed[5];
  const windowBytes = isSingle ? 0 : 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  const at = isSingle ? 5 : 6;
  const sizeBytes = sizeFlag === 0 ? Number(isSingle) : 2 ** sizeFlag;
  if (packed.length < at + sizeBytes) refuse('a Zstandard frame', 'the end');
  if (sizeBytes === 0) return { windowBytes };
  let contentBytes = sizeFlag === 1 ? 256 : 0;
  for (let i = 0; i < sizeBytes; i++) contentBytes += packed[at + i] * 2 ** (8 * i);
  return { contentBytes, windowBytes };
}

function inflateInParts(packed: Uint8Array, maxBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((part) => {
    length += part.length;
    if (length > maxBytes) refuse(`at most ${maxBytes} bytes`, 'more');
    parts.push(part);
  });
  stream.push(packed, true);
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function refuse(expected: string, got: string): never {
  throw new Error(
    `[zstd] expected ${expected}, got ${got}: the file is damaged, copy or save it again`,
  );
}
