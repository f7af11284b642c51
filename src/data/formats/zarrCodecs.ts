/** The packings of Zarr chunks, each held to the size that a chunk has: a bomb ends in an error. */
import { gunzipSync, unzlibSync } from 'fflate';
import { registry } from 'zarrita';
import { inflateZstd } from './zstd';

/** Of chunks whose values have no fixed size. */
const MAX_TEXT_BYTES = 2 ** 26;

const ITEM_BYTES: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  float16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};

/** Bytes of one value, undefined where values have no fixed size or none that is read. */
export function itemBytes(dataType: string): number | undefined {
  return Object.hasOwn(ITEM_BYTES, dataType) ? ITEM_BYTES[dataType] : undefined;
}

interface ChunkMeta {
  readonly dataType: string;
  readonly shape: readonly number[];
}

function bytesOf({ dataType, shape }: ChunkMeta): number {
  const bytes = itemBytes(dataType);
  return bytes === undefined ? MAX_TEXT_BYTES : shape.reduce((product, n) => product * n, bytes);
}

type Inflate = (packed: Uint8Array, maxBytes: number) => Uint8Array;

function inBuffer(
  unpack: (packed: Uint8Array, options: { out: Uint8Array }) => Uint8Array,
): Inflate {
  return (packed, maxBytes) => {
    const bytes = unpack(packed, { out: new Uint8Array(maxBytes + 1) });
    if (bytes.length > maxBytes) throw new Error(`more than the ${maxBytes} bytes of a chunk`);
    return bytes;
  };
}

/** The sum behind the values is not checked, as little as that of the others. */
const FLETCHER_BYTES = 4;

const INFLATE: Readonly<Record<string, Inflate>> = {
  fletcher32: (bytes) => bytes.subarray(0, Math.max(0, bytes.length - FLETCHER_BYTES)),
  zlib: inBuffer(unzlibSync),
  gzip: inBuffer(gunzipSync),
  zstd: inflateZstd,
};

/** Where a frame of these states the size of what was packed. */
const STATED_AT: Readonly<Record<string, number>> = { blosc: 4, lz4: 0 };

let isReady = false;

/** Readies the library; further calls do nothing. */
export function registerZarrCodecs(): void {
  if (isReady) return;
  isReady = true;
  for (const [name, inflate] of Object.entries(INFLATE)) {
    const entry = async () => ({
      fromConfig: (_: unknown, meta: ChunkMeta) => ({
        kind: 'bytes_to_bytes' as const,
        encode: notWritten,
        decode: (packed: Uint8Array) => inflate(packed, bytesOf(meta)),
      }),
    });
    for (const id of [name, `numcodecs.${name}`]) registry.set(id, entry);
  }
  for (const [name, at] of Object.entries(STATED_AT)) {
    const original = registry.get(name);
    if (!original) continue;
    const entry: typeof original = async () => {
      const { fromConfig } = await original();
      return {
        fromConfig(config, meta) {
          const codec = fromConfig(config, meta);
          const decode = (packed: Uint8Array) => {
            const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
            const stated = view.getUint32(at, true);
            if (stated > bytesOf(meta)) throw new Error(`${stated} bytes stated for a chunk`);
            return codec.decode(packed);
          };
          return { kind: 'bytes_to_bytes', encode: notWritten, decode };
        },
      };
    };
    for (const id of [name, `numcodecs.${name}`]) registry.set(id, entry);
  }
}

function notWritten(): never {
  throw new Error('chunks are only read');
}
