// A parser worker in Node: the entry that tests bundle, and its port.
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { ParserReply, ParserRequest } from './guardedProtocol';
import { capWasmMemory, serveParser } from './serveParser';

if (parentPort) {
  const port = parentPort;
  capWasmMemory(2 ** 30);
  serveParser(
    {
      post: (reply: ParserReply, transfer) => port.postMessage(reply, transfer),
      listen: (onRequest) => port.on('message', (request: ParserRequest) => onRequest(request)),
    },
    {
      async sourceOf(spec) {
        if (spec.kind !== 'path') throw new Error('expected a path');
        const { name, path, byteLength } = spec;
        return {
          name,
          path,
          byteLength,
          async slice(start, end) {
            const descriptor = openSync(path, 'r');
            const bytes = new Uint8Array(end - start);
            const count = readSync(descriptor, bytes, 0, bytes.length, start);
            closeSync(descriptor);
            return bytes.subarray(0, count);
          },
        };
      },
      memoryBytes: () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed,
    },
  );
}
