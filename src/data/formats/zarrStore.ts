/** What a Zarr hierarchy consists of: its metadata, all in memory, and chunks that are fetched. */
import { type FileSource, readExact } from './fileFormat';
import { isObject, type JsonObject } from './jsonObject';
import { type SplitArray, splitContiguous } from './zarrContiguous';

export interface ZarrStore {
  readonly version: 2 | 3;
  /** Metadata by key, such as `group/array/.zarray`. */
  readonly documents: ReadonlyMap<string, unknown>;
  /** Bytes of a chunk by its key, undefined where none is stored and all is the fill value. */
  chunk(key: string): Promise<Uint8Array | undefined>;
}

/** Longer ones are no chunks that anybody would write. */
const MAX_CHUNK_BYTES = 2 ** 28;
const METADATA_KEY = /(^|\/)(\.zgroup|\.zarray|\.zattrs|zarr\.json)$/;

/**
 * References into other files by byte ranges, as LINDI and kerchunk write them: a value is JSON, text, `base64:…`,
 * or `[address]` or `[address, offset, length]`.
 * @param openAddress opens an address as the references state it
 */
export function referenceStore(
  { refs, templates }: JsonObject,
  openAddress: (url: string) => Promise<FileSource>,
): ZarrStore {
  const entries = new Map(isObject(refs) ? Object.entries(refs) : []);
  const documents = new Map<string, unknown>();
  for (const [key, value] of entries) {
    if (METADATA_KEY.test(key)) documents.set(key, isObject(value) ? value : parsed(value, key));
  }
  const splits = new Map<string, SplitArray>();
  for (const [key, document] of documents) {
    const path = /^(.*\/)\.zarray$/.exec(key)?.[1];
    const split = path !== undefined && splitContiguous(document);
    // Only what lies in a file can be read in parts.
    const first =
      split && path + String(split.document.shape).replace(/\d+/g, '0').replaceAll(',', '.');
    if (!split || !Array.isArray(entries.get(first || ''))) continue;
    documents.set(key, split.document);
    splits.set(path, split);
  }
  const names = new Map(isObject(templates) ? Object.entries(templates) : []);
  const resolved = (address: string) =>
    address.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => String(names.get(name) ?? ''));
  const sources = new Map<string, Promise<FileSource>>();
  const sourceAt = (url: string): Promise<FileSource> => {
    const known = sources.get(url) ?? openAddress(url);
    sources.set(url, known);
    return known;
  };
  return {
    version: 2,
    documents,
    async chunk(key) {
      const [, path = '', row] = /^(.*\/)(\d+)[.\d]*$/.exec(key) ?? [];
      const split = splits.get(path);
      const value = entries.get(split ? key.replace(/\d+(?=[.\d]*$)/, '0') : key);
      if (value === undefined || value === null) return undefined;
      if (typeof value === 'string') return inlineBytes(value);
      if (!Array.isArray(value)) return new TextEncoder().encode(JSON.stringify(value));
      const [address, offset = 0, length] = value as unknown[];
      if (typeof address !== 'string') refuse('an address', JSON.stringify(value), key);
      const source = await sourceAt(resolved(address));
      const first = split ? Number(row) * split.blockBytes : 0;
      const start = Number(offset) + first;
      const whole = length === undefined ? source.byteLength : Number(offset) + Number(length);
      const end = split ? Math.min(whole, start + split.blockBytes) : whole;
      if (!(start >= 0 && end >= start && end - start <= MAX_CHUNK_BYTES)) {
        refuse('a range of bytes', `${offset} and ${length}`, key);
      }
      const { buffer, byteOffset, byteLength } = await readExact(source, start, end, key);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      if (!split || byteLength === split.blockBytes) return bytes;
      // The last block is filled up, as the last chunk of an array is.
      const filled = new Uint8Array(split.blockBytes);
      filled.set(bytes);
      return filled;
    },
  };
}

function parsed(value: unknown, key: string): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return refuse('JSON', String(value).slice(0, 40), key);
  }
}

function inlineBytes(text: string): Uint8Array {
  if (!text.startsWith('base64:')) return new TextEncoder().encode(text);
  return Uint8Array.from(atob(text.slice(7)), (character) => character.charCodeAt(0));
}

function refuse(expected: string, got: string, key: string): never {
  throw new Error(
    `[zarr] expected ${expected} for ${key}, got ${got}: the references are damaged, make or download them again`,
  );
}

/**
 * A folder whose metadata are gathered in one file, each chunk a file beside it.
 * @param beside opens a file of the folder, if it is there
 */
export function folderStore(
  version: 2 | 3,
  documents: ReadonlyMap<string, unknown>,
  beside: NonNullable<FileSource['beside']>,
): ZarrStore {
  return {
    version,
    documents,
    async chunk(key) {
      const source = await beside(key);
      if (!source) return undefined;
      if (source.byteLength > MAX_CHUNK_BYTES) {
        refuse(`at most ${MAX_CHUNK_BYTES} bytes`, `${source.byteLength}`, key);
      }
      return source.slice(0, source.byteLength);
    },
  };
}

/** The library's own errors, turned into one sentence; sentences of this folder pass unchanged. */
export function explainZarr(error: unknown, expected: string): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof Error && /^\[[\w -]+\] expected /.test(text)) return cause;
  return new Error(
    `[zarr] expected ${expected}, got a damaged one (${text.split('\n')[0]}): copy or make it again`,
  );
}
