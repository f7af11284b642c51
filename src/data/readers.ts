/** Opens a recording of any format the studio reads, told apart by content rather than by extension. */
import { openArrow } from './formats/arrow';
import type { FileSource, OpenFile, SeriesChoice, SeriesInfo } from './formats/fileFormat';
import { openNpz } from './formats/npz';
import { openNwb } from './formats/nwb';

export type { FileSource, OpenFile, SeriesChoice, SeriesInfo };

const HDF5_MAGIC = '\x89HDF\r\n\x1a\n';
/** HDF5 may start after a user block of these sizes (MATLAB v7.3 uses 512). */
const HDF5_OFFSETS = [0, 512, 1024, 2048];

/** Other formats people drop, and what to do with each. */
const KNOWN_OTHERS: readonly (readonly [magic: string, what: string, remedy: string])[] = [
  ['MATLAB 5.0', 'a MATLAB v5 file', 'save it as NWB'],
  ['\x93NUMPY', 'a single NumPy array', 'save lfp_data and targets together with numpy.savez'],
  ['NEURALSG', 'a Blackrock file', 'convert it to NWB'],
  ['NEURALCD', 'a Blackrock file', 'convert it to NWB'],
  ['BRSMPGRP', 'a Blackrock file', 'convert it to NWB'],
  ['########', 'a Neuralynx file', 'convert it to NWB'],
  ['Brain Vision', 'a BrainVision header', 'convert it to NWB'],
  ['PAR1', 'a Parquet file', 'convert it to NWB or .npz'],
];

/**
 * @throws one sentence with what was expected, what was found, and what to do
 */
export async function openFile(source: FileSource): Promise<OpenFile> {
  const head = await source.slice(0, Math.min(source.byteLength, 4096));
  const startsWith = (magic: string, offset = 0) => textAt(head, offset, magic.length) === magic;
  if (startsWith('ARROW1')) return openArrow(source);
  if (startsWith('PK\x03\x04')) return openNpz(source);
  if (HDF5_OFFSETS.some((offset) => startsWith(HDF5_MAGIC, offset))) return openNwb(source);
  const other = KNOWN_OTHERS.find(([magic]) => startsWith(magic));
  const what = other?.[1] ?? (source.byteLength === 0 ? 'an empty file' : 'an unknown format');
  throw new Error(
    `[open] expected an NWB, .npz or studio Arrow recording, got ${what} in "${source.name}": ` +
      `${other?.[2] ?? 'choose a recording in one of these formats'}`,
  );
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

/**
 * The likeliest LFP (an LFP container before raw acquisition, then the longer one) and the likeliest
 * behaviour (velocity first, then other named behaviour), or no behaviour.
 */
export function proposeChoice(file: OpenFile): SeriesChoice {
  const lfp = best(file.series, ({ kind, path, shape, rateHz = 0 }) => {
    if (kind !== 'lfp') return Number.NEGATIVE_INFINITY;
    const isLong = rateHz > 0 && shape[0] / rateHz >= 1;
    return (
      (isLong ? 4 : 0) + (/lfp/i.test(path) ? 2 : 0) + (rateHz >= 100 && rateHz <= 5000 ? 1 : 0)
    );
  });
  const behaviour = best(file.series, ({ kind, path, unit }) => {
    if (kind !== 'behaviour') return Number.NEGATIVE_INFINITY;
    const isVelocity = /veloc/i.test(path) || /\/s(ec(ond)?)?$/.test(unit);
    return isVelocity ? 2 : 1;
  });
  if (!lfp) {
    throw new Error('[open] expected a series that can be LFP, got none: choose another recording');
  }
  return behaviour ? { lfp: lfp.path, behaviour: [behaviour.path] } : { lfp: lfp.path };
}

function best(
  series: readonly SeriesInfo[],
  score: (candidate: SeriesInfo) => number,
): SeriesInfo | undefined {
  let winner: SeriesInfo | undefined;
  for (const candidate of series) {
    if (score(candidate) > (winner ? score(winner) : Number.NEGATIVE_INFINITY)) winner = candidate;
  }
  return winner;
}
