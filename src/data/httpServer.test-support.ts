// A local server with the faults of real ones, in a thread of its own so that a blocked reader does not block it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';

const SERVER = `
const { createServer } = require('node:http');
const { parentPort, workerData } = require('node:worker_threads');
const bytes = Buffer.from(workerData);
const tries = new Map();
let requests = 0;
let sent = 0;
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://local');
  const mode = pathname.split('/')[1];
  requests += 1;
  if (mode === 'count') return response.end(JSON.stringify({ requests: requests - 1, sent }));
  if (mode === 'archive') {
    const query = '?response-content-disposition=' + encodeURIComponent('attachment; filename="sub-7.nwb"');
    return response.writeHead(302, { location: '/ranges/blobs/1f3' + query }).end();
  }
  if (mode === 'page') return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>');
  if (mode === 'missing') return response.writeHead(404).end();
  if (mode === 'login') return response.writeHead(403).end();
  if (mode === 'whole') return response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  if (request.method === 'HEAD') return response.writeHead(200, { 'content-length': bytes.length }).end();
  const range = /bytes=(\\d+)-(\\d+)/.exec(request.headers.range);
  const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
  const headers = { 'content-length': part.length };
  if (mode !== 'hidden') {
    headers['content-range'] = 'bytes ' + range[1] + '-' + (Number(range[1]) + part.length - 1) + '/' + bytes.length;
  }
  const key = mode + range[0];
  const attempt = (tries.get(key) ?? 0) + 1;
  tries.set(key, attempt);
  if (mode === 'busy' && attempt < 3) return response.writeHead(503).end();
  sent += part.length;
  if (mode === 'grown') {
    delete headers['content-length'];
    response.writeHead(206, headers);
    return response.end(Buffer.concat([part, Buffer.from('more')]));
  }
  response.writeHead(206, headers);
  if (mode === 'broken' || (mode === 'flaky' && attempt < 3)) {
    response.write(part.subarray(0, part.length >> 1));
    return setTimeout(() => response.destroy(), 20);
  }
  if (mode === 'silent') return response.write(part.subarray(0, 10));
  if (mode === 'slow') {
    const step = Math.ceil(part.length / 5);
    let at = 0;
    const next = () => {
      response.write(part.subarray(at, at + step));
      at += step;
      if (at >= part.length) response.end();
      else setTimeout(next, 40);
    };
    return next();
  }
  response.end(part);
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

export interface LocalServer {
  readonly origin: string;
  counted(): Promise<{ requests: number; sent: number }>;
  stop(): Promise<unknown>;
}

/** Serves these bytes under `/MODE/NAME`. */
export async function serveLocally(bytes: Uint8Array): Promise<LocalServer> {
  const worker = new Worker(SERVER, { eval: true, workerData: bytes });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    counted: async () => (await fetch(`${origin}/count`)).json(),
    stop: () => worker.terminate(),
  };
}

/** Serves files by their paths, with ranges, in this thread: for readers that can wait. */
export async function serveFolder(files: ReadonlyMap<string, Uint8Array>) {
  const server = createServer((request, response) => {
    const bytes = files.get(decodeURIComponent(request.url ?? '').slice(1));
    if (!bytes) return response.writeHead(404).end();
    const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const part = bytes.subarray(Number(start), Number(end) + 1);
    const range = `bytes ${start}-${Number(start) + part.length - 1}/${bytes.length}`;
    return response.writeHead(206, { 'content-range': range }).end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const FETCHER = `
const { parentPort, workerData } = require('node:worker_threads');
const state = new Int32Array(workerData.state);
parentPort.on('message', async ({ url, start, end }) => {
  try {
    const response = await fetch(url, { headers: { Range: 'bytes=' + start + '-' + (end - 1) } });
    new Uint8Array(workerData.bytes).set(new Uint8Array(await response.arrayBuffer()));
    state[1] = response.status;
  } catch { state[1] = 0; }
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
});
`;

/** What `xhrRange` is in a browser's worker: a read that blocks until the bytes are there. */
export function blockingRange(url: string) {
  const state = new SharedArrayBuffer(8);
  const bytes = new SharedArrayBuffer(2 ** 22);
  const worker = new Worker(FETCHER, { eval: true, workerData: { state, bytes } });
  const view = new Int32Array(state);
  return {
    fetchRange(start: number, end: number): Uint8Array {
      Atomics.store(view, 0, 0);
      worker.postMessage({ url, start, end });
      Atomics.wait(view, 0, 0);
      if (view[1] !== 206) throw new Error(`status ${view[1]}`);
      return new Uint8Array(bytes).slice(0, end - start);
    },
    stop: () => worker.terminate(),
  };
}
