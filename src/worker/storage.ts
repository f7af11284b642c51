/** The origin private file system as the studio uses it: whole files in folders, written flushed. */

export interface Folder {
  read(name: string): Promise<Uint8Array | undefined>;
  /** The bytes are on disk when it resolves; a crash before that may leave a torn file. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  names(): Promise<string[]>;
}

/** Files of one folder under the studio's root, made when it is not there. */
export async function openFolder(path: string): Promise<Folder> {
  let directory = await navigator.storage.getDirectory();
  for (const part of ['realm-studio', ...path.split('/')]) {
    directory = await directory.getDirectoryHandle(part, { create: true });
  }
  return folderOf(directory);
}

function folderOf(directory: FileSystemDirectoryHandle): Folder {
  return {
    async read(name) {
      try {
        const handle = await directory.getFileHandle(name);
        return new Uint8Array(await (await handle.getFile()).arrayBuffer());
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      const handle = await directory.getFileHandle(name, { create: true });
      const access = await handle.createSyncAccessHandle();
      try {
        access.truncate(bytes.length);
        access.write(bytes as Uint8Array<ArrayBuffer>, { at: 0 });
        access.flush();
      } catch (error) {
        access.close();
        // Half a file is none.
        await directory.removeEntry(name);
        throw isFull(error) ? noRoom(bytes.length) : error;
      }
      access.close();
    },
    async remove(name) {
      try {
        await directory.removeEntry(name);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
    async names() {
      const found: string[] = [];
      for await (const name of directory.keys()) found.push(name);
      return found;
    },
  };
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}

function noRoom(byteLength: number): Error {
  return new Error(
    `[storage] expected room for ${Math.ceil(byteLength / 1e6)} MB, got a full disk or the end of what the browser gives: ` +
      'remove recordings that you do not need, or make room on the disk',
  );
}

function isNotFound(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}

/** Keeps everything in memory: for a browser without storage, and for a second tab. */
export function memoryFolder(): Folder {
  const files = new Map<string, Uint8Array>();
  return {
    read: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    remove: async (name) => void files.delete(name),
    names: async () => [...files.keys()],
  };
}

/** After a reload the tab's last worker may hold the storage for a moment still. */
const LONGEST_CLAIM_MS = 5000;

/**
 * Takes the studio's storage for this tab for as long as it lives.
 * @returns false when another tab holds it
 */
export function claimStorage(
  locks: Pick<LockManager, 'request'> = navigator.locks,
  longestMs = LONGEST_CLAIM_MS,
): Promise<boolean> {
  return new Promise((resolve) => {
    locks
      .request('realm-studio', { signal: AbortSignal.timeout(longestMs) }, () => {
        resolve(true);
        // Held until the worker ends.
        return new Promise<void>(() => {});
      })
      .catch(() => resolve(false));
  });
}

export interface StudioFolders {
  recordings: Folder;
  models: Folder;
  runs: Folder;
  results: Folder;
  mappings: Folder;
  /** Why nothing will be kept; undefined when it will. */
  note?: string;
}

/** The studio's folders on disk, or in memory where they cannot be had. */
export async function openStudioFolders(): Promise<StudioFolders> {
  const inMemory = (note: string): StudioFolders => ({
    recordings: memoryFolder(),
    models: memoryFolder(),
    runs: memoryFolder(),
    results: memoryFolder(),
    mappings: memoryFolder(),
    note,
  });
  if (!(await claimStorage())) {
    return inMemory('The studio is open in another tab, which keeps the work; this one will not.');
  }
  try {
    const [recordings, models, runs, results, mappings] = await Promise.all(
      ['recordings', 'models', 'runs', 'results', 'mappings'].map(openFolder),
    );
    return { recordings, models, runs, results, mappings };
  } catch {
    return inMemory('This browser offers no storage here: work is lost when the tab closes.');
  }
}
