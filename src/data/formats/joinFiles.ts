/** Several files of one recording as one: channels side by side, or LFP and behaviour from different files. */
import type { FileSource, OpenFile, SeriesInfo } from './fileFormat';
import { stem } from './fileFormat';
import { openRecording } from './recording';
import type { SampleGrid, SeriesSource } from './sampleGrid';

export interface NamedFile {
  readonly source: Pick<FileSource, 'name'>;
  readonly file: OpenFile;
}

/**
 * Neuralynx channels become one file; a file with behaviour and without LFP joins the LFP file of the same stem,
 * and the only one joins the only one whatever their names.
 */
export function joinRelated(files: readonly NamedFile[]): OpenFile[] {
  const channels = files.filter(({ file }) => file.format === 'neuralynx');
  const others = files.filter(({ file }) => file.format !== 'neuralynx');
  const joined = channels.length > 1 ? [joinChannels(channels)] : channels.map(({ file }) => file);
  const taken = new Set<NamedFile>();
  const recordings = others.filter(({ file }) => has(file, 'lfp'));
  const kinematics = others.filter(({ file }) => has(file, 'behaviour') && !has(file, 'lfp'));
  const isOnlyPair = recordings.length === 1 && kinematics.length === 1 && channels.length === 0;
  for (const lfp of recordings) {
    const found = others.find((one) => {
      if (taken.has(one) || one === lfp) return false;
      const isAlike = stem(one.source.name) === stem(lfp.source.name);
      if (isAlike && lfp.file.format === 'nwb' && one.file.format === 'mat') return true;
      return kinematics.includes(one) && (isAlike || isOnlyPair);
    });
    if (!found) continue;
    taken.add(lfp).add(found);
    joined.push(joinFiles([lfp, found]));
  }
  return [...joined, ...others.filter((file) => !taken.has(file)).map(({ file }) => file)];
}

function has(file: OpenFile, wanted: SeriesInfo['kind']): boolean {
  return file.series.some(({ kind }) => kind === wanted);
}

/**
 * One file whose series are those of all; paths get the file's name in front where they would be equal.
 * Clocks stay as they are, and each series says which file it is of: align them by `offsetS` of the choice.
 */
export function joinFiles(files: readonly NamedFile[]): OpenFile {
  const paths = files.flatMap(({ file }) => file.series.map(({ path }) => path));
  const isUnique = new Set(paths).size === paths.length;
  const sources = files.flatMap(({ source, file }) =>
    file.sources.map(({ info, ...one }) => ({
      ...one,
      info: {
        recordingStart: file.recordingStart,
        fileName: source.name,
        ...info,
        ...(!isUnique && { path: `${source.name}: ${info.path}` }),
      },
    })),
  );
  return openRecording({
    format: 'several files',
    fileName: files.map(({ source }) => source.name).join(', '),
    name: stem(files[0].source.name),
    sources,
    warnings: files.flatMap(({ source, file }) =>
      file.warnings
        .filter((warning) => !/pretraining only/.test(warning))
        .map((warning) => `${source.name}: ${warning}`),
    ),
    sessionWarnings: [],
    close: () => {
      for (const { file } of files) file.close();
    },
  });
}

/** Single-channel files of one clock, side by side; those on another clock stay series of their own. */
function joinChannels(files: readonly NamedFile[]): OpenFile {
  const groups = new Map<string, SeriesSource[]>();
  const inOrder = [...files].sort((a, b) =>
    a.source.name.localeCompare(b.source.name, 'en', { numeric: true }),
  );
  for (const { file } of inOrder) {
    for (const source of file.sources) {
      const { startS, shape, rateHz = 0, gaps } = source.info;
      const clock = JSON.stringify([startS, shape[0], rateHz.toFixed(3), gaps]);
      groups.set(clock, [...(groups.get(clock) ?? []), source]);
    }
  }
  const sources = [...groups.values()].map(sideBySide);
  return openRecording({
    format: 'neuralynx',
    fileName: files.map(({ source }) => source.name).join(', '),
    name: stem(inOrder[0].source.name),
    sources,
    warnings: [
      ...new Set(inOrder.flatMap(({ file }) => file.warnings)),
      ...(sources.length > 1
        ? [
            `The channels are on ${sources.length} different clocks and stay ${sources.length} series.`,
          ]
        : []),
    ],
    close: () => {
      for (const { file } of files) file.close();
    },
  });
}

function sideBySide(sources: readonly SeriesSource[]): SeriesSource {
  const [first] = sources;
  if (sources.length === 1) return first;
  const columns = sources.flatMap(({ info }) => info.columns);
  const path = `${columns[0]} to ${columns[columns.length - 1]}`;
  return {
    info: {
      ...first.info,
      path,
      name: path,
      columns,
      shape: [first.info.shape[0], columns.length],
    },
    async open(statedRateHz) {
      const grids: SampleGrid[] = [];
      for (const source of sources) grids.push(await source.open(statedRateHz));
      return {
        ...grids[0],
        units: grids.flatMap(({ units }) => units),
        async read(start, end) {
          const out = new Float32Array((end - start) * grids.length);
          for (const [k, grid] of grids.entries()) {
            const column = await grid.read(start, end);
            for (let i = 0; i < column.length; i++) out[i * grids.length + k] = column[i];
          }
          return out;
        },
      };
    },
  };
}
