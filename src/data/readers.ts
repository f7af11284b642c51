/** Opens a recording of any format the studio reads, told apart by content rather than by extension. */
import { openArrow } from './formats/arrow';
import { openBlackrock } from './formats/blackrock';
import { openBrainVision } from './formats/brainVision';
import { openEdf } from './formats/edf';
import { type FileSource, type OpenFile, stem } from './formats/fileFormat';
import { openHdf5File } from './formats/hdf5File';
import { joinRelated } from './formats/joinFiles';
import { openMat5 } from './formats/mat5';
import { openNeuralynx } from './formats/neuralynx';
import { openNpy } from './formats/npyFile';
import { openNpz } from './formats/npz';
import { openTable } from './formats/table';

export type { FileSource, OpenFile };

const HDF5_MAGIC = '\x89HDF\r\n\x1a\n';
/** HDF5 may start after a user block of these sizes (MATLAB v7.3 uses 512). */
const HDF5_OFFSETS = [0, 512, 1024, 2048];

/** Formats that are not read, and what to do with each. */
const KNOWN_OTHERS: readonly (readonly [magic: string, what: string, remedy: string])[] = [
  ['PARE', 'an encrypted Parquet file', 'save it without encryption'],
  ['NEURALEV', 'Blackrock events (.nev)', 'choose the .ns2 or .ns5 file beside it'],
  ['NEUCDFLT', 'a Ripple .nf file', 'export it as .ns2 or NWB'],
  [
    'Brain Vision Data Exchange Marker',
    'BrainVision markers',
    'choose the .vhdr and .eeg files too',
  ],
  ['FC', 'an old Arrow (Feather v1) file', 'save it again as Feather v2'],
];

/**
 * @throws one sentence with what was expected, what was found, and what to do
 */
export function openFile(source: FileSource): Promise<OpenFile> {
  return openWith(source, []);
}

/** @param companions files chosen together with it, for formats of several files */
async function openWith(source: FileSource, companions: readonly FileSource[]): Promise<OpenFile> {
  const head = await source.slice(0, Math.min(source.byteLength, 4096));
  const startsWith = (magic: string, offset = 0) => textAt(head, offset, magic.length) === magic;
  if (startsWith('ARROW1')) return openArrow(source);
  if (startsWith('PAR1')) return (await import('./formats/parquet')).openParquet(source);
  if (startsWith('PK\x03\x04')) return openNpz(source);
  if (HDF5_OFFSETS.some((offset) => startsWith(HDF5_MAGIC, offset))) return openHdf5File(source);
  if (startsWith('MATLAB 5.0')) return openMat5(source);
  if (startsWith('\x93NUMPY')) return openNpy(source);
  if (['NEURALSG', 'NEURALCD', 'BRSMPGRP'].some((magic) => startsWith(magic)))
    return openBlackrock(source);
  if (startsWith('########')) return openNeuralynx(source);
  if (startsWith('\xffBIOSEMI') || /^0 {7}.{160}\d\d\.\d\d\.\d\d/s.test(textAt(head, 0, 256))) {
    return openEdf(source);
  }
  if (isBrainVisionHeader(head)) return openBrainVision(source, companions);
  if (/^\s*\{/.test(textAt(head, 0, 64))) {
    const found = await (await import('./formats/zarrFile')).openZarr(source, companions);
    if (found) return found;
  }
  const other = KNOWN_OTHERS.find(([magic]) => startsWith(magic));
  if (!other && looksLikeTable(head)) return openTable(source);
  if (/\.(eeg|dat)$/i.test(source.name)) {
    throw new Error(
      `[open] expected the header of "${source.name}" with it, got the data alone: choose its .vhdr file too`,
    );
  }
  const what = other?.[1] ?? (source.byteLength === 0 ? 'an empty file' : 'an unknown format');
  throw new Error(
    `[open] expected a recording (NWB, MATLAB, Blackrock, Neuralynx, EDF, BrainVision, NumPy, Arrow, Parquet or CSV), got ${what} in "${source.name}": ` +
      `${other?.[2] ?? 'choose a recording in one of these formats'}`,
  );
}

/**
 * Files chosen together, as recordings: a BrainVision header with its data and markers, all channels of
 * one Neuralynx session, and a kinematics file with the broadband file of the same name are one recording each.
 * @throws one sentence when one of them cannot be opened
 */
export async function openFiles(sources: readonly FileSource[]): Promise<OpenFile[]> {
  const heads = await Promise.all(
    sources.map((source) => source.slice(0, Math.min(source.byteLength, 64))),
  );
  const headers = sources.filter((_, i) => isBrainVisionHeader(heads[i]));
  const isPart = (source: FileSource) =>
    headers.some(
      (header) =>
        header !== source &&
        (stem(header.name) === stem(source.name) || headers.length === 1) &&
        /\.(eeg|vmrk|dat)$/i.test(source.name),
    );
  const opened: { source: FileSource; file: OpenFile }[] = [];
  try {
    for (const source of sources) {
      if (!isPart(source)) opened.push({ source, file: await openWith(source, sources) });
    }
    return joinRelated(opened);
  } catch (error) {
    for (const { file } of opened) file.close();
    throw error;
  }
}

function isBrainVisionHeader(head: Uint8Array): boolean {
  return /^(\xef\xbb\xbf)?Brain ?Vision (Data Exchange )?Header/i.test(textAt(head, 0, 64));
}

/** Text without control characters in which a line begins with a number or has one between delimiters. */
function looksLikeTable(head: Uint8Array): boolean {
  if (head.length === 0 || head.some((byte) => byte < 32 && ![9, 10, 13].includes(byte)))
    return false;
  const text = new TextDecoder().decode(head);
  return /(^|[\n\r,;\t ])[+-]?\d[^,;\t\n\r ]*([,;\t\n\r ]|$)/.test(text) && !/^\s*[{[<]/.test(text);
}

function textAt(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}

/** Slices of a file that the person picked or dropped. */
export function fileSourceFromBlob(file: File): FileSource {
  return {
    name: file.name,
    byteLength: file.size,
    blob: file,
    slice: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
  };
}
