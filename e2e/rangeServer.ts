// A local server of recordings with the habits and faults of real ones: what comes first in the path says which.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Slow enough that a person, or a test, can stop it. */
const SLOW_MS = 400;

export interface RangeServer {
  /** Without a slash at its end. */
  origin: string;
  stop(): Promise<unknown>;
}

/**
 * Serves each file under `/HABIT/NAME`: `good`, `slow`, `closed` (without leave for other pages to read it),
 * `whole` (without ranges) and `broken` (the connection ends half-way).
 */
export async function serveRanges(files: ReadonlyMap<string, Buffer>): Promise<RangeServer> {
  const server = createServer((request, response) => {
    const [, habit, name] = (request.url ?? '').split('/');
    const bytes = files.get(name);
    if (habit !== 'closed') {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-expose-headers', 'content-range');
    }
    if (!bytes) response.writeHead(404).end();
    else if (habit === 'slow') setTimeout(() => answer(habit, bytes, request, response), SLOW_MS);
    else answer(habit, bytes, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${port}`, stop };
}

function answer(
  habit: string,
  bytes: Buffer,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const range = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '');
  if (!range || habit === 'whole') {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    return;
  }
  const start = Number(range[1]);
  const part = bytes.subarray(start, Number(range[2]) + 1);
  response.writeHead(206, {
    'content-length': part.length,
    'content-range': `bytes ${start}-${start + part.length - 1}/${bytes.length}`,
  });
  if (habit !== 'broken') {
    response.end(part);
    return;
  }
  response.write(part.subarray(0, part.length >> 1));
  setTimeout(() => response.destroy(), 20);
}
