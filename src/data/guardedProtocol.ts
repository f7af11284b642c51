/** Messages between a parser in a worker of its own and whoever may have to kill it. */
import type { FileFormat, SeriesChoice, SeriesInfo } from './formats/fileFormat';
import type { RecordingStart } from './formats/recordingStart';
import type { SampleRange } from './session';

/** A file in a form that can be sent to a worker. */
export type SourceSpec =
  | { readonly kind: 'blob'; readonly file: File }
  | {
      readonly kind: 'path';
      readonly name: string;
      readonly path: string;
      readonly byteLength: number;
    }
  | { readonly kind: 'bytes'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'url'; readonly url: string };

export type ParserRequest = { readonly id: number } & (
  | { readonly type: 'open'; readonly sources: readonly SourceSpec[] }
  | {
      readonly type: 'grid';
      readonly file: number;
      readonly source: number;
      readonly statedRateHz?: number;
    }
  | {
      readonly type: 'read';
      readonly grid: number;
      readonly startSample: number;
      readonly endSample: number;
    }
  | { readonly type: 'session'; readonly file: number; readonly choice: SeriesChoice }
  | { readonly type: 'close'; readonly file: number }
);

export type ParserReply =
  /** `receivedBytes`: of the remote file that is being opened or read, so far. */
  | { readonly type: 'progress'; readonly memoryBytes: number; readonly receivedBytes?: number }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly value: unknown;
      readonly memoryBytes: number;
    }
  /** `isFatal`: the library is broken from here on. */
  | {
      readonly type: 'failed';
      readonly id: number;
      readonly message: string;
      readonly isFatal: boolean;
    };

/** An open file without its readers. */
export interface FileDescription {
  readonly token: number;
  readonly format: FileFormat;
  readonly fileName: string;
  readonly name: string;
  readonly subject: string;
  readonly recordedAt?: string;
  readonly recordingStart?: RecordingStart;
  readonly warnings: readonly string[];
  readonly sessionWarnings: readonly string[];
  readonly sources: readonly {
    readonly info: SeriesInfo;
    readonly columnMask?: Float32Array;
    readonly bands?: readonly string[];
  }[];
}

export interface GridDescription {
  readonly token: number;
  readonly rateHz: number;
  readonly startS: number;
  readonly sampleCount: number;
  readonly gaps: readonly SampleRange[];
  readonly units: readonly string[];
  readonly chunkSamples?: number;
}

/** One end of the line to a parser; {@link portOfWorker} makes it of a worker. */
export interface ParserPort {
  post(message: ParserRequest): void;
  /** @param onCrash told when the worker ends by itself, with the reason */
  listen(onReply: (reply: ParserReply) => void, onCrash: (reason: string) => void): void;
  terminate(): void;
}

/** The other end, inside the worker. */
export interface ParserScope {
  post(reply: ParserReply, transfer: ArrayBuffer[]): void;
  listen(onRequest: (request: ParserRequest) => void): void;
}

export function portOfWorker(worker: Worker): ParserPort {
  return {
    post: (message) => worker.postMessage(message),
    listen(onReply, onCrash) {
      worker.onmessage = ({ data }: MessageEvent<ParserReply>) => onReply(data);
      worker.onerror = ({ message }) => onCrash(message || 'the parser did not start');
    },
    terminate: () => worker.terminate(),
  };
}
