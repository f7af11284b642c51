/** HDF5 through h5wasm: mounted from a browser file, opened by path in Node, or from bytes in memory. */
import type * as H5 from 'h5wasm';
import type { FileSource } from './fileFormat';

export interface OpenHdf5 {
  readonly root: H5.File;
  close(): void;
}

/** The part of Emscripten's file system that is used here. */
interface Filesystem {
  filesystems: Record<string, unknown>;
  mkdir(path: string): void;
  rmdir(path: string): void;
  mount(type: unknown, options: object, path: string): void;
  unmount(path: string): void;
  writeFile(path: string, bytes: Uint8Array): void;
  unlink(path: string): void;
  createFile(
    folder: string,
    name: string,
    properties: object,
    canRead: boolean,
    canWrite: boolean,
  ): FileNode;
}

interface FileNode {
  usedBytes: number;
  stream_ops: object;
}

let mountCount = 0;

/**
 * Opens a file for reading. With `source.blob` it must run in a worker: WORKERFS reads slices of the
 * file synchronously, so files larger than memory work.
 */
export async function openHdf5(source: FileSource): Promise<OpenHdf5> {
  if (source.path) {
    // A name that the bundler cannot see, because a browser has no use for the Node build.
    const nodeBuild = 'h5wasm/node';
    const h5 = (await import(/* @vite-ignore */ nodeBuild)) as typeof H5;
    await loudly(h5);
    return opened(new h5.File(source.path, 'r'));
  }
  const h5 = await import('h5wasm');
  const FS = await loudly(h5);
  const folder = `/recording-${mountCount++}`;
  FS.mkdir(folder);
  if (source.blob) {
    FS.mount(FS.filesystems.WORKERFS, { blobs: [{ name: 'file.h5', data: source.blob }] }, folder);
    return openedOr(
      () => new h5.File(`${folder}/file.h5`, 'r'),
      () => {
        FS.unmount(folder);
        FS.rmdir(folder);
      },
    );
  }
  const path = `${folder}/file.h5`;
  if (source.readSync) mountReader(FS, folder, source.byteLength, source.readSync);
  else FS.writeFile(path, await wholeFile(source));
  return openedOr(
    () => new h5.File(path, 'r'),
    () => {
      FS.unlink(path);
      FS.rmdir(folder);
    },
  );
}

/** Lets the library read where it likes; only what it reads is fetched. */
function mountReader(
  FS: Filesystem,
  folder: string,
  byteLength: number,
  readSync: (start: number, end: number) => Uint8Array,
): void {
  const node = FS.createFile(folder, 'file.h5', {}, true, false);
  node.usedBytes = byteLength;
  const read = (
    _stream: unknown,
    memory: Int8Array,
    offset: number,
    length: number,
    position: number,
  ): number => {
    const bytes = readSync(Number(position), Number(position) + length);
    memory.set(bytes, offset);
    return bytes.length;
  };
  node.stream_ops = { ...node.stream_ops, read };
}

/** The library holds a file that it cannot read in parts in its memory, which ends at 2 GiB. */
const MAX_WHOLE_BYTES = 2 ** 30;

function wholeFile(source: FileSource): Promise<Uint8Array> {
  if (source.byteLength <= MAX_WHOLE_BYTES) return source.slice(0, source.byteLength);
  throw new Error(
    `[hdf5] expected at most 1 GiB without a disk to read from, got ${source.byteLength} bytes in "${source.name}": ` +
      'download the file and open the copy',
  );
}

function openedOr(open: () => H5.File, release: () => void): OpenHdf5 {
  try {
    return opened(open(), release);
  } catch (error) {
    release();
    throw error;
  }
}

/** Without this the library prints its errors to the console and returns nonsense. */
async function loudly(h5: typeof H5): Promise<Filesystem> {
  const library = await h5.ready;
  library.activate_throwing_error_handler();
  return library.FS as unknown as Filesystem;
}

/**
 * The library's own errors, turned into one sentence; sentences of this folder pass unchanged.
 * The innermost line of its report names the cause.
 */
export function explainHdf5(error: unknown, fileName: string): Error {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && /^\[[\w -]+\] expected /.test(text)) return error;
  const causes = [...text.matchAll(/\(\): ([^\n]+)/g)];
  const cause = causes[causes.length - 1]?.[1] ?? text.split('\n')[0];
  return new Error(
    `[hdf5] expected a whole HDF5 file in "${fileName}", got a damaged one (${cause}): copy or export it again`,
  );
}

function opened(root: H5.File, release: () => void = () => {}): OpenHdf5 {
  return {
    root,
    close() {
      root.close();
      release();
    },
  };
}

/** Attribute as text, or undefined. */
export function textAttribute(object: H5.Group | H5.Dataset, name: string): string | undefined {
  const value = attributeOf(object, name);
  return typeof value === 'string' ? value : undefined;
}

/** Attribute as a number, or undefined; 64-bit integers and one-element arrays included. */
export function numberAttribute(object: H5.Group | H5.Dataset, name: string): number | undefined {
  const value = attributeOf(object, name);
  const scalar = ArrayBuffer.isView(value) ? (value as unknown as ArrayLike<unknown>)[0] : value;
  return typeof scalar === 'number' || typeof scalar === 'bigint' ? Number(scalar) : undefined;
}

/** Attribute as the library gives it, or undefined. */
export function attributeOf(object: H5.Group | H5.Dataset, name: string): unknown {
  return Object.keys(object.attrs).includes(name) ? object.get_attribute(name, false) : undefined;
}

/** All values as numbers in row-major order (64-bit integers and booleans included). */
export function readNumbers(dataset: H5.Dataset): Float64Array {
  return Float64Array.from(flatValues(dataset.value), Number);
}

/** All values as text. */
export function readTexts(dataset: H5.Dataset): string[] {
  return Array.from(flatValues(dataset.value), String);
}

function flatValues(value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return value as unknown as ArrayLike<unknown>;
  return value === null || value === undefined ? [] : [value];
}

export function child(group: H5.Group, name: string): H5.Entity | null {
  return group.keys().includes(name) ? group.get(name) : null;
}

export function isH5Group(entity: H5.Entity | null): entity is H5.Group {
  return entity !== null && 'type' in entity && entity.type === 'Group';
}

export function isDataset(entity: H5.Entity | null): entity is H5.Dataset {
  return entity !== null && 'type' in entity && entity.type === 'Dataset';
}
