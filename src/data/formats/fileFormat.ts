/** What every recording format offers once its file is open, and where its bytes come from. */
import type { Session } from '../session';

/** Bytes of a file, read in slices so that its size does not matter. */
export interface FileSource {
  readonly name: string;
  readonly byteLength: number;
  slice(start: number, end: number): Promise<Uint8Array>;
  /** The browser's file, which HDF5 mounts instead of reading it. */
  readonly blob?: File;
  /** Path on disk, in Node. */
  readonly path?: string;
}

/** One series that can be chosen as LFP or as behaviour. */
export interface SeriesInfo {
  readonly path: string;
  readonly name: string;
  readonly kind: 'lfp' | 'behaviour' | 'unknown';
  readonly shape: number[];
  readonly rateHz: number | undefined;
  readonly unit: string;
  readonly columns: string[];
  readonly note?: string;
}

/** Which series to read; more than one behaviour series are joined on the first one's clock. */
export interface SeriesChoice {
  readonly lfp: string;
  readonly behaviour?: string[];
}

export interface OpenFile {
  readonly format: 'nwb' | 'npz' | 'arrow';
  readonly series: SeriesInfo[];
  readonly warnings: string[];
  readSession(choice: SeriesChoice): Promise<Session>;
  close(): void;
}

/** File name without folder and extension. */
export function stem(fileName: string): string {
  return fileName.replace(/^.*[\\/]/, '').replace(/\.[^.]+$/, '');
}
