// Which of the files dropped at once are opened together.
import { stem } from '../data/formats/fileFormat';

const LFP_NAME = /\.(nwb|ns\d|edf|bdf)$/i;
const BEHAVIOUR_NAME = /\.(csv|tsv|txt|mat|npy|npz|parquet)$/i;

/** A recording and a table or array, together for want of others. */
export function isPair(files: readonly File[]): boolean {
  return (
    files.length === 2 &&
    files.some(({ name }) => LFP_NAME.test(name)) &&
    files.some(({ name }) => BEHAVIOUR_NAME.test(name))
  );
}

/**
 * Files of one stem, all Neuralynx channels, a BrainVision header with what may be its data, references with the
 * file that they are named after, and one recording with one table or array, together.
 */
export function groupsOf(files: readonly File[]): File[][] {
  if (isPair(files)) return [[...files]];
  const headers = files.filter(({ name }) => /\.vhdr$/i.test(name));
  const keyOf = ({ name }: File) => {
    if (/\.ncs$/i.test(name)) return '.ncs';
    // A header names its data, which may have been given another name since.
    if (headers.length === 1 && /\.(eeg|vmrk|dat)$/i.test(name)) return stem(headers[0].name);
    return stem(name.replace(/(\.nwb)?\.lindi\.json$/i, '.nwb'));
  };
  const groups = new Map<string, File[]>();
  for (const file of files) groups.set(keyOf(file), [...(groups.get(keyOf(file)) ?? []), file]);
  return [...groups.values()];
}
