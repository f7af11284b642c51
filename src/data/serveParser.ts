/** The inside of a parser worker: opens files and answers for them, one request after the other. */
import type { FileSource, OpenFile } from './formats/fileFormat';
import type { SampleGrid } from './formats/sampleGrid';
import type {
  FileDescription,
  GridDescription,
  ParserReply,
  ParserRequest,
  ParserScope,
  SourceSpec,
} from './guardedProtocol';
import { fileSourceFromBlob, openFiles } from './readers';

export interface ParserHost {
  /** Opens the kinds of source that only this environment knows (paths in Node, addresses in a browser). */
  sourceOf(
    spec: Exclude<SourceSpec, { kind: 'blob' | 'bytes' }>,
    onProgress: (receivedBytes?: number) => void,
  ): Promise<FileSource>;
  /** What the worker holds at this moment. */
  memoryBytes(): number;
}

const ONE_SENTENCE = /^\[[\w -]+\] expected [\s\S]+, got [\s\S]*: [^\n]+$/;

export function serveParser(scope: ParserScope, host: ParserHost): void {
  const files = new Map<number, OpenFile>();
  const grids = new Map<number, SampleGrid>();
  let nextToken = 1;
  let names = 'the file';
  const progress = (receivedBytes?: number) =>
    scope.post({ type: 'progress', memoryBytes: host.memoryBytes(), receivedBytes }, []);

  const answer = async (request: ParserRequest): Promise<unknown> => {
    switch (request.type) {
      case 'open': {
        const sources: FileSource[] = [];
        for (const spec of request.sources) sources.push(await watched(spec, host, progress));
        names = sources.map(({ name }) => name).join(', ');
        const opened = await openFiles(sources);
        return opened.map((file): FileDescription => {
          files.set(nextToken, file);
          return describe(file, nextToken++);
        });
      }
      case 'grid': {
        const source = fileOf(request.file).sources[request.source];
        const grid = await source.open(request.statedRateHz);
        grids.set(nextToken, grid);
        const { read: _, ...rest } = grid;
        return { token: nextToken++, ...rest } satisfies GridDescription;
      }
      case 'read':
        return grids.get(request.grid)?.read(request.startSample, request.endSample);
      case 'session':
        return fileOf(request.file).readSession(request.choice);
      case 'close':
        fileOf(request.file).close();
        files.delete(request.file);
        return undefined;
    }
  };
  const fileOf = (token: number) => files.get(token) as OpenFile;

  let queue: Promise<void> = Promise.resolve();
  scope.listen((request) => {
    queue = queue.then(async () => {
      try {
        const value = await answer(request);
        const transfer = value instanceof Float32Array ? [value.buffer as ArrayBuffer] : [];
        const memoryBytes = host.memoryBytes();
        scope.post({ type: 'done', id: request.id, value, memoryBytes }, transfer);
      } catch (error) {
        scope.post(failureOf(request.id, error, names), []);
      }
    });
  });
}

/** Reading a slice counts as progress. */
async function watched(
  spec: SourceSpec,
  host: ParserHost,
  progress: (receivedBytes?: number) => void,
): Promise<FileSource> {
  const source = await sourceOf(spec, host, progress);
  return {
    // A local file may state addresses too.
    openAddress: (url) => host.sourceOf({ kind: 'url', url }, progress),
    ...source,
    async slice(start, end) {
      const bytes = await source.slice(start, end);
      progress();
      return bytes;
    },
  };
}

async function sourceOf(
  spec: SourceSpec,
  host: ParserHost,
  progress: (receivedBytes?: number) => void,
): Promise<FileSource> {
  if (spec.kind === 'blob') return fileSourceFromBlob(spec.file);
  if (spec.kind !== 'bytes') return host.sourceOf(spec, progress);
  const { name, bytes } = spec;
  return { name, byteLength: bytes.length, slice: async (start, end) => bytes.slice(start, end) };
}

function describe(file: OpenFile, token: number): FileDescription {
  const { format, fileName, name, subject, recordedAt, recordingStart, warnings, sessionWarnings } =
    file;
  const sources = file.sources.map(({ info, columnMask, bands }) => ({ info, columnMask, bands }));
  return {
    token,
    format,
    fileName,
    name,
    subject,
    recordedAt,
    recordingStart,
    warnings,
    sessionWarnings,
    sources,
  };
}

function failureOf(id: number, error: unknown, names: string): ParserReply {
  const text = error instanceof Error ? error.message : String(error);
  // A trap or an abort leaves the library's memory in any state.
  const isFatal =
    error instanceof WebAssembly.RuntimeError || /^Aborted|out of bounds|unreachable/.test(text);
  const message = ONE_SENTENCE.test(text)
    ? text
    : `[open] expected a whole file in "${names}", got a damaged one (${text.split('\n')[0]}): copy or export it again`;
  return { type: 'failed', id, message, isFatal };
}

/**
 * WebAssembly memories grow no further than this: the allocation fails inside the library instead, which
 * reports it.
 */
export function capWasmMemory(maxBytes: number): void {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * 65536 > maxBytes) {
      throw new RangeError(`more than ${Math.round(maxBytes / 2 ** 20)} MiB of memory`);
    }
    return grow.call(this, pages);
  };
}
