/** A remote recording read in parts by HTTP ranges, cached in blocks; nothing but the parts that are needed travels. */
import { BLOCK_BYTES, BlockCache } from './blockCache';
import type { FileSource } from './formats/fileFormat';

export interface HttpOptions {
  readonly signal?: AbortSignal;
  /** Told as bytes arrive, with those of this source so far. */
  readonly onProgress?: (receivedBytes: number) => void;
  /** Tries after the first; default 3, waiting 0.5 s, 1 s, 2 s. */
  readonly retries?: number;
  readonly retryDelayMs?: number;
  /** A connection that gives nothing for so long is tried again; default 20 s. */
  readonly stallMs?: number;
}

const RETRIED_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

/** An answer that another try would not change. */
class FinalError extends Error {}

/** What lists the arrays of a Zarr folder, by version. */
export const ZARR_ENTRIES = ['.zmetadata', 'zarr.json'];

/**
 * @param url of a file, or of a Zarr folder
 * @throws one sentence when the address answers with an error or without parts, or the connection breaks for good
 */
export async function openHttpSource(url: string, options: HttpOptions = {}): Promise<FileSource> {
  if (!/\.zarr\/?$/.test(new URL(url).pathname)) return openHttpFile(url, options);
  for (const entry of ZARR_ENTRIES) {
    const found = await openIfThere(new URL(`${url.replace(/\/$/, '')}/${entry}`).href, options);
    if (found) return found;
  }
  throw new Error(
    `[http] expected ${ZARR_ENTRIES.join(' or ')} in ${url}, got neither: gather the metadata into one file ` +
      'with zarr.consolidate_metadata',
  );
}

async function openIfThere(url: string, options: HttpOptions): Promise<FileSource | undefined> {
  try {
    return await openHttpFile(url, options);
  } catch (error) {
    if (error instanceof Error && error.message.includes('got status 404')) return undefined;
    throw error;
  }
}

async function openHttpFile(url: string, options: HttpOptions): Promise<FileSource> {
  let received = 0;
  const count = (bytes: number) => {
    received += bytes;
    options.onProgress?.(received);
  };
  const first = await withRetries(url, options, async (signal) => {
    const response = await rangeResponse(url, 0, BLOCK_BYTES, signal.signal);
    const byteLength = await totalLength(url, response, signal.signal);
    const wanted = Math.min(BLOCK_BYTES, byteLength);
    const bytes = await bodyOf(response, wanted, url, signal.alive, count);
    return { byteLength, bytes, name: attachedName(response.url) ?? fileNameOf(url) };
  });
  const { byteLength, name } = first;
  const cache = new BlockCache(byteLength);
  if (byteLength > 0) cache.add({ first: 0, last: 1 }, first.bytes);
  // One after the other: the answers share the cache, and servers limit parallel requests.
  let queue: Promise<unknown> = Promise.resolve();
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    for (const run of cache.missing(start, end)) {
      const [from, to] = cache.rangeOf(run);
      const bytes = await withRetries(url, options, async ({ signal, alive }) =>
        bodyOf(await rangeResponse(url, from, to, signal), to - from, url, alive, count),
      );
      cache.add(run, bytes);
    }
    const bytes = cache.copy(start, end);
    cache.trim();
    return bytes;
  };
  return {
    name,
    url,
    byteLength,
    beside: (relativePath) => openIfThere(new URL(relativePath, url).href, options),
    openAddress: (address) => openHttpFile(address, options),
    slice(start, end) {
      const asked = queue.then(() => read(Math.max(0, start), Math.min(end, byteLength)));
      queue = asked.catch(() => {});
      return asked;
    },
  };
}

interface Attempt {
  readonly signal: AbortSignal;
  /** The connection gave something. */
  alive(): void;
}

async function withRetries<T>(
  url: string,
  { signal, retries = 3, retryDelayMs = 500, stallMs = 20_000 }: HttpOptions,
  action: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const stop = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', stop);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(
        () => controller.abort(new Error(`nothing for ${stallMs / 1000} s`)),
        stallMs,
      );
    };
    alive();
    try {
      return await action({ signal: controller.signal, alive });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof FinalError) throw new Error(error.message);
      if (attempt >= retries) {
        throw new Error(
          `[http] expected the recording at ${url}, got a broken connection (${reasonOf(controller.signal, error)}): ` +
            'check that you are online and that the server allows this page to read it (CORS), or download it and open the copy',
        );
      }
      await pause(retryDelayMs * 2 ** attempt, signal);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }
}

async function rangeResponse(
  url: string,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<Response> {
  const headers = { Range: `bytes=${start}-${end - 1}` };
  const response = await fetch(url, { headers, signal });
  if (response.status === 206) return response;
  const isPage = response.headers.get('content-type')?.startsWith('text/html');
  await response.body?.cancel();
  if (RETRIED_STATUS.has(response.status)) throw new Error(`status ${response.status}`);
  if (response.status === 200 && isPage) {
    throw new FinalError(
      `[http] expected a recording at ${url}, got a web page: ` +
        'copy the address of the file itself, on DANDI that of the download button',
    );
  }
  throw new FinalError(refusalOf(url, response.status));
}

/** Why this answer is of no use, and what to do. */
export function refusalOf(url: string, status: number): string {
  if (status === 200) {
    return (
      `[http] expected a server that gives parts of files (HTTP ranges) at ${url}, got the whole file: ` +
      'download it and open the copy'
    );
  }
  return (
    `[http] expected the recording at ${url}, got status ${status}: ` +
    'check the address, and that it needs no login'
  );
}

/** From `Content-Range`, or, where the server hides that from pages, from a second question. */
async function totalLength(url: string, response: Response, signal: AbortSignal): Promise<number> {
  const stated = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const length =
    stated ?? (await fetch(url, { method: 'HEAD', signal })).headers.get('content-length');
  if (length === null || !/^\d+$/.test(length)) {
    throw new FinalError(
      `[http] expected the length of the file at ${url}, got none: download it and open the copy`,
    );
  }
  return Number(length);
}

async function bodyOf(
  response: Response,
  byteLength: number,
  url: string,
  alive: () => void,
  count: (bytes: number) => void,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteLength);
  let at = 0;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    alive();
    if (at + value.length > byteLength) {
      await reader.cancel();
      throw new FinalError(
        `[http] expected ${byteLength} bytes from ${url}, got more: the file was changed meanwhile, open it again`,
      );
    }
    bytes.set(value, at);
    at += value.length;
    count(value.length);
  }
  if (at < byteLength) throw new Error(`${at} of ${byteLength} bytes`);
  return bytes;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function reasonOf(signal: AbortSignal, error: unknown): string {
  const cause = signal.aborted ? signal.reason : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Archives redirect to a store whose address holds the file's own name as that of the download. */
function attachedName(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const disposition = new URL(url).searchParams.get('response-content-disposition');
  return /filename="?([^";]+)/.exec(disposition ?? '')?.[1];
}

/** The last part of the address's path, which tells the format's parts from one another. */
export function fileNameOf(url: string): string {
  const path = new URL(url).pathname.replace(/\/+$/, '');
  return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)) || 'recording';
}
