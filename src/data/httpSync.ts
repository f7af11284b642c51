/** Remote bytes read synchronously, as the HDF5 library needs them: only in a worker, where waiting stops nobody. */
import { BlockCache } from './blockCache';
import type { FileSource } from './formats/fileFormat';
import { type HttpOptions, openHttpSource, refusalOf } from './httpSource';

/**
 * Reads of a remote file from cached blocks.
 * @param fetchRange gives exactly the bytes `[start, end)`, or throws one sentence
 */
export function createSyncReader(
  byteLength: number,
  fetchRange: (start: number, end: number) => Uint8Array,
): (start: number, end: number) => Uint8Array {
  const cache = new BlockCache(byteLength);
  return (start, end) => {
    const last = Math.min(end, byteLength);
    if (start >= last) return new Uint8Array(0);
    for (const run of cache.missing(start, last)) cache.add(run, fetchRange(...cache.rangeOf(run)));
    const bytes = cache.copy(start, last);
    cache.trim();
    return bytes;
  };
}

/** Tries after the first. */
const RETRIES = 3;

/**
 * `fetchRange` by XMLHttpRequest, in a browser's worker.
 * @param onProgress told after each answer, with its bytes: a watchdog learns that the worker lives
 */
export function xhrRange(
  url: string,
  onProgress: (receivedBytes: number) => void = () => {},
): (start: number, end: number) => Uint8Array {
  return (start, end) => {
    for (let attempt = 0; ; attempt++) {
      const request = new XMLHttpRequest();
      request.open('GET', url, false);
      request.responseType = 'arraybuffer';
      request.setRequestHeader('Range', `bytes=${start}-${end - 1}`);
      let reason = '';
      try {
        request.send();
        if (request.status === 206 && request.response.byteLength === end - start) {
          onProgress(end - start);
          return new Uint8Array(request.response);
        }
        reason = `status ${request.status}`;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
      onProgress(0);
      const isFinal = request.status >= 200 && request.status < 500 && request.status !== 206;
      if (isFinal) throw new Error(refusalOf(url, request.status));
      if (attempt >= RETRIES) {
        throw new Error(
          `[http] expected the recording at ${url}, got a broken connection (${reason}): ` +
            'check that you are online, or download it and open the copy',
        );
      }
    }
  };
}

/** {@link openHttpSource} for a browser's worker, where HDF5 can read it too. */
export async function openRemoteInWorker(url: string, options: HttpOptions): Promise<FileSource> {
  let inSlices = 0;
  let inSync = 0;
  const tell = () => options.onProgress?.(inSlices + inSync);
  const source = await openHttpSource(url, {
    ...options,
    onProgress(receivedBytes) {
      inSlices = receivedBytes;
      tell();
    },
  });
  const fetchRange = xhrRange(url, (receivedBytes) => {
    inSync += receivedBytes;
    tell();
  });
  const readSync = createSyncReader(source.byteLength, fetchRange);
  return { ...source, readSync, openAddress: (address) => openRemoteInWorker(address, options) };
}
