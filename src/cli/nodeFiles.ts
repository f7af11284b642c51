// Files in Node: recordings read in slices, results replaced whole, and the two slots of a checkpoint.

import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileSource } from '../data/formats/fileFormat';
import { openHttpSource, ZARR_ENTRIES } from '../data/httpSource';
import type { SlotStorage } from '../train/checkpoint';

/**
 * @param path or an address, whose recording is read in parts; HDF5 is fetched whole
 * @throws Error in one sentence when the file cannot be opened
 */
export async function fileSource(path: string): Promise<FileSource> {
  if (/^https?:\/\//i.test(path)) return openHttpSource(path);
  const entry = ZARR_ENTRIES.map((name) => join(path, name)).find((one) => existsSync(one));
  return localSource(/\.zarr\/?$/.test(path) && entry ? entry : path);
}

async function localSource(path: string): Promise<FileSource> {
  const file = await opened(path);
  const { size } = await file.stat();
  await file.close();
  return {
    name: basename(path),
    path,
    byteLength: size,
    async beside(relativePath) {
      const other = join(dirname(path), relativePath);
      return existsSync(other) ? localSource(other) : undefined;
    },
    openAddress: openHttpSource,
    async slice(start, end) {
      const slice = await opened(path);
      const bytes = new Uint8Array(end - start);
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await slice.read(bytes, done, bytes.length - done, start + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      await slice.close();
      return bytes.subarray(0, done);
    },
  };
}

/** @throws Error in one sentence when the file cannot be read */
export async function readBytes(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path).catch((error) => refuse(path, error)));
}

/** undefined when there is no such file. */
export async function readBytesIfAny(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(path).catch((error) =>
    error.code === 'ENOENT' ? undefined : refuse(path, error),
  );
  return bytes && new Uint8Array(bytes);
}

/** Writes aside, flushes and renames: a reader finds the old file or the new one, never a part. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.part`;
  await writeFlushed(aside, content);
  await rename(aside, path).catch((error) => refuse(path, error));
}

/** Slots `PATH.a` and `PATH.b`, flushed to the disk before a write counts as done. */
export class FileSlots implements SlotStorage {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(slot: 'a' | 'b'): Promise<Uint8Array | undefined> {
    return readBytesIfAny(`${this.#path}.${slot}`);
  }

  write(slot: 'a' | 'b', bytes: Uint8Array): Promise<void> {
    return writeFlushed(`${this.#path}.${slot}`, bytes);
  }

  async remove(): Promise<void> {
    for (const slot of ['a', 'b']) await rm(`${this.#path}.${slot}`, { force: true });
  }
}

async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch((error) => refuse(path, error));
  const file = await open(path, 'w').catch((error) => refuse(path, error));
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name that is safe as a file's on every system. */
export function fileNameOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^[._]+/, '') || 'session';
}

const opened = (path: string) => open(path, 'r').catch((error) => refuse(path, error));

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing there: check the path',
  EISDIR: 'a folder: name a file in it',
  EACCES: 'no permission: choose a file that you may use',
  ENOSPC: 'a full disk: free some space',
};

function refuse(path: string, error: NodeJS.ErrnoException): never {
  const reason = REASONS[error.code ?? ''] ?? error.message;
  throw new Error(`[file] expected to use the file "${path}", got ${reason}`);
}
