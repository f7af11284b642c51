/** Files parsed in a worker that is killed when it hangs or takes too much memory: none can stop the page. */
import type { OpenFile, SeriesChoice } from './formats/fileFormat';
import { openRecording } from './formats/recording';
import type { SampleGrid, SeriesSource } from './formats/sampleGrid';
import type {
  FileDescription,
  GridDescription,
  ParserPort,
  ParserReply,
  ParserRequest,
  SourceSpec,
} from './guardedProtocol';
import type { Session } from './session';

export interface ParserLimits {
  /** Longest time without an answer or a sign of progress. */
  readonly stallMs: number;
  readonly maxBytes: number;
}

/** A message is to stand in the page five seconds after a drop, the parser's start included. */
export const PARSER_LIMITS: ParserLimits = { stallMs: 4000, maxBytes: 2 ** 30 };
/** A slow server may take its time over one part, which HDF5 waits for without a sign. */
export const REMOTE_PARSER_LIMITS: ParserLimits = { ...PARSER_LIMITS, stallMs: 60_000 };

const TICK_MS = 250;
const MOST_PER_TICK_MS = 1000;
const OR_SLOW =
  'it is damaged, or its disk or connection is very slow; copy it to this machine, or export it again';

/** Each without its number. */
type Question = ParserRequest extends infer R
  ? R extends { id: number }
    ? Omit<R, 'id'>
    : never
  : never;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Told with the bytes of a remote file so far. */
type OnReceived = (receivedBytes: number) => void;

/** One parser in one worker; ends for good when it is killed. */
export class GuardedParser {
  readonly #port: ParserPort;
  readonly #limits: ParserLimits;
  readonly #onReceived: OnReceived | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #names = 'the file';
  #nextId = 1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended: Error | undefined;

  constructor(port: ParserPort, limits: ParserLimits = PARSER_LIMITS, onReceived?: OnReceived) {
    this.#port = port;
    this.#limits = limits;
    this.#onReceived = onReceived;
    port.listen(
      (reply) => this.#receive(reply),
      (reason) => this.#kill(`the parser ended (${reason})`),
    );
  }

  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /**
   * As `openFiles` of readers.ts; the files' readers ask the worker.
   * @throws one sentence when a file cannot be opened, or the worker had to be killed
   */
  async open(sources: readonly SourceSpec[]): Promise<OpenFile[]> {
    this.#names = sources.map(nameOf).join(', ');
    const files = (await this.#ask({ type: 'open', sources })) as FileDescription[];
    return files.map((file) => this.#proxyOf(file));
  }

  /** Ends the worker at once; whatever is asked for is refused. */
  end(): void {
    this.#kill('a closed one');
  }

  #proxyOf(file: FileDescription): OpenFile {
    const proxy = openRecording({
      ...file,
      sources: file.sources.map(
        (source, index): SeriesSource => ({
          ...source,
          open: (statedRateHz) => this.#grid(file, index, statedRateHz, source.info.columns.length),
        }),
      ),
      close: () => void this.#ask({ type: 'close', file: file.token }).catch(() => {}),
    });
    if (file.format !== 'arrow') return proxy;
    // A saved session knows more than its series do, and is in the worker's memory already.
    const readSession = (choice: SeriesChoice) =>
      this.#ask({ type: 'session', file: file.token, choice }) as Promise<Session>;
    return { ...proxy, readSession };
  }

  async #grid(
    { token: file, fileName }: FileDescription,
    source: number,
    statedRateHz: number | undefined,
    width: number,
  ): Promise<SampleGrid> {
    this.#names = fileName;
    const asked = this.#ask({ type: 'grid', file, source, statedRateHz });
    const { token, ...grid } = (await asked) as GridDescription;
    return {
      ...grid,
      read: async (startSample, endSample) => {
        this.#names = fileName;
        const values = await this.#ask({ type: 'read', grid: token, startSample, endSample });
        const count = (endSample - startSample) * width;
        if (values instanceof Float32Array && values.length === count) return values;
        throw new Error(
          `[series] expected ${count} values from "${fileName}", got fewer: the file is damaged, copy it again`,
        );
      },
    };
  }

  #ask(question: Question): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.post({ ...question, id } as ParserRequest);
      this.#watch();
    });
  }

  #receive(reply: ParserReply): void {
    if (this.#ended) return;
    if (reply.type !== 'failed' && reply.memoryBytes > this.#limits.maxBytes) {
      this.#kill(`more than ${Math.round(this.#limits.maxBytes / 2 ** 20)} MiB of memory in use`);
      return;
    }
    if (reply.type === 'progress') {
      if (reply.receivedBytes !== undefined) this.#onReceived?.(reply.receivedBytes);
    } else {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.type === 'done') waiting?.resolve(reply.value);
      else waiting?.reject(new Error(reply.message));
      if (reply.type === 'failed' && reply.isFatal) this.#kill('a broken parser');
    }
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#ended || this.#waiting.size === 0) return;
    const { stallMs } = this.#limits;
    let waitedMs = 0;
    let lookedMs = performance.now();
    // In ticks: time in which this thread or the whole machine stood still is none that the parser had, and
    // between two ticks an answer that is there already gets its turn.
    const tick = () => {
      const nowMs = performance.now();
      waitedMs += Math.min(nowMs - lookedMs, MOST_PER_TICK_MS);
      lookedMs = nowMs;
      if (waitedMs < stallMs) this.#timer = setTimeout(tick, TICK_MS);
      else this.#kill(`none for ${(stallMs / 1000).toPrecision(2)} s`, OR_SLOW);
    };
    this.#timer = setTimeout(tick, TICK_MS);
  }

  #kill(got: string, remedy = 'the file is damaged, copy or export it again'): void {
    if (this.#ended) return;
    this.#ended = new Error(
      `[open] expected progress in reading "${this.#names}", got ${got}: ${remedy}`,
    );
    clearTimeout(this.#timer);
    this.#port.terminate();
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

function nameOf(spec: SourceSpec): string {
  if (spec.kind === 'blob') return spec.file.name;
  return spec.kind === 'url' ? spec.url : spec.name;
}
