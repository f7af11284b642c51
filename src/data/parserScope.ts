/** A browser's dedicated worker turned into a parser: its entry file needs to call nothing else. */
import type { ParserReply, ParserRequest } from './guardedProtocol';
import { openRemoteInWorker } from './httpSync';
import { capWasmMemory, serveParser } from './serveParser';

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: ParserReply, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<ParserRequest>) => void): void;
}

/** @param maxBytes beyond which the HDF5 library gets no more memory */
export function serveInThisWorker(maxBytes = 2 ** 30): void {
  capWasmMemory(maxBytes);
  const scope = globalThis as unknown as WorkerScope;
  serveParser(
    {
      post: (reply, transfer) => scope.postMessage(reply, transfer),
      listen: (onRequest) => scope.addEventListener('message', ({ data }) => onRequest(data)),
    },
    {
      sourceOf(spec, onProgress) {
        if (spec.kind === 'url') return openRemoteInWorker(spec.url, { onProgress });
        throw new Error(
          `[open] expected a file or an address, got the path ${spec.path}: choose the file in the page`,
        );
      },
      memoryBytes: usedHeapBytes,
    },
  );
  // Whoever waits for the worker to start learns that it has.
  scope.postMessage({ type: 'progress', memoryBytes: usedHeapBytes() }, []);
}

/** Chromium alone tells; elsewhere the cap on the library's memory and on single reads must do. */
function usedHeapBytes(): number {
  const { memory } = performance as Performance & { memory?: { usedJSHeapSize: number } };
  return memory?.usedJSHeapSize ?? 0;
}
