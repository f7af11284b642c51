/** What every recording format offers once its file is open, and where its bytes come from. */
import type { SampleRange, Session } from '../session';
import type { RecordingStart } from './recordingStart';
import type { SeriesSource } from './sampleGrid';

/** Bytes of a file, read in slices so that its size does not matter. */
export interface FileSource {
  readonly name: string;
  readonly byteLength: number;
  slice(start: number, end: number): Promise<Uint8Array>;
  /** The browser's file, which HDF5 mounts instead of reading it. */
  readonly blob?: File;
  /** Path on disk, in Node. */
  readonly path?: string;
  /** Address of a remote file. */
  readonly url?: string;
  /** The same as `slice` for libraries that cannot wait, where blocking is allowed. */
  readonly readSync?: (start: number, end: number) => Uint8Array;
  /** Another file by its path relative to this one's folder, undefined where there is none. */
  readonly beside?: (relativePath: string) => Promise<FileSource | undefined>;
  /** A file elsewhere whose address this one states. */
  readonly openAddress?: (url: string) => Promise<FileSource>;
}

/** One series that can be chosen as LFP or as behaviour. */
export interface SeriesInfo {
  readonly path: string;
  readonly name: string;
  readonly kind: 'lfp' | 'behaviour' | 'unknown';
  /** `[sample, column]`; samples of gaps included. */
  readonly shape: number[];
  /** Absent where the file states none: give it in {@link SeriesChoice}. */
  readonly rateHz: number | undefined;
  readonly unit: string;
  readonly columns: string[];
  readonly note?: string;
  /** Time of the first sample on the file's clock. */
  readonly startS?: number;
  /** Pauses known without reading the data; absent where only reading tells. */
  readonly gaps?: readonly SampleRange[];
  /** Stored block `[sample, column]` that is decompressed at once. */
  readonly chunk?: readonly number[];
  /** As the file names it, for example `gzip`. */
  readonly compression?: string;
  /** Of several joined files the one that holds it. */
  readonly fileName?: string;
  /** Of several joined files: when the clock of its file read 0. */
  readonly recordingStart?: RecordingStart;
}

/** Which series to read; more than one behaviour series are joined on the first one's clock. */
export interface SeriesChoice {
  readonly lfp: string;
  readonly behaviour?: string[];
  /** By path, for series whose file states no rate. */
  readonly rateHz?: Readonly<Record<string, number>>;
  /** By path: seconds added to the series' own clock to bring it onto the LFP's. */
  readonly offsetS?: Readonly<Record<string, number>>;
}

export type FileFormat =
  | 'nwb'
  | 'npz'
  | 'npy'
  | 'arrow'
  | 'parquet'
  | 'mat'
  | 'hdf5'
  | 'zarr'
  | 'blackrock'
  | 'neuralynx'
  | 'edf'
  | 'brainvision'
  | 'table'
  | 'several files';

export interface SeriesClock {
  /** NaN where the file states none. */
  readonly rateHz: number;
  readonly startS: number;
  readonly sampleCount: number;
  readonly gaps: readonly SampleRange[];
}

export interface OpenFile {
  readonly format: FileFormat;
  /** Shown in messages. */
  readonly fileName: string;
  /** Name of the sessions read from it. */
  readonly name: string;
  readonly subject: string;
  /** As `recordedAt` of a session. */
  readonly recordedAt?: string;
  /** When the file's clock read 0, where the file says. */
  readonly recordingStart?: RecordingStart;
  readonly series: SeriesInfo[];
  readonly warnings: string[];
  /** Those that also hold for every session read. */
  readonly sessionWarnings: readonly string[];
  readSession(choice: SeriesChoice): Promise<Session>;
  /**
   * Samples `[startSample, endSample)` of one series in physical units, `[sample, column]`, NaN in gaps.
   * Memory is that of the slice and of the stored chunks it touches.
   * @throws when there is no such series or the range leaves it
   */
  readSlice(path: string, startSample: number, endSample: number): Promise<Float32Array>;
  /** The exact clock and gaps of one series; reads its time stamps if it has any. */
  readClock(path: string): Promise<SeriesClock>;
  /** The readers behind `series`, in the same order, for joining files of one recording. */
  readonly sources: readonly SeriesSource[];
  close(): void;
}

/** File name without folder and extension. */
export function stem(fileName: string): string {
  return fileName.replace(/^.*[\\/]/, '').replace(/\.[^.]+$/, '');
}

/**
 * Exactly the bytes `[start, end)`.
 * @throws when the file ends before
 */
export async function readExact(
  source: FileSource,
  start: number,
  end: number,
  what: string,
): Promise<DataView> {
  const isInside = start >= 0 && end >= start && end <= source.byteLength;
  const bytes = isInside ? await source.slice(start, end) : new Uint8Array(0);
  if (!isInside || bytes.byteLength !== end - start) {
    throw new Error(
      `[file] expected ${what} at bytes ${start} to ${end} of "${source.name}", got a file of ` +
        `${source.byteLength} bytes: it is cut short or damaged, copy it again`,
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One byte per character. */
export function latin1(view: DataView, start: number, length: number): string {
  let text = '';
  for (let i = start; i < start + length; i++) text += String.fromCharCode(view.getUint8(i));
  return text;
}

/** Text up to the first zero byte, without surrounding blanks. */
export function latin1Field(view: DataView, start: number, length: number): string {
  return latin1(view, start, length).split('\0', 1)[0].trim();
}
