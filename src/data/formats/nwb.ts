/** NWB recordings: lists the series to choose from and reads the chosen ones. */
import type * as H5 from 'h5wasm';
import { assembleSession } from '../assembleSession';
import type { Session } from '../session';
import { type FileSource, type OpenFile, type SeriesChoice, stem } from './fileFormat';
import { explainHdf5, openHdf5, readTexts } from './hdf5';
import { readSignal } from './nwbRead';
import { child, findSeries, isDataset, type NwbSeries } from './nwbSeries';

/** @throws one sentence when the file is not NWB, is damaged, or has no LFP */
export async function openNwb(source: FileSource): Promise<OpenFile> {
  const file = await openHdf5(source).catch((error: unknown) => {
    throw explainHdf5(error, source.name);
  });
  try {
    return describe(source, file.root, () => file.close());
  } catch (error) {
    file.close();
    throw explainHdf5(error, source.name);
  }
}

function describe(source: FileSource, root: H5.File, close: () => void): OpenFile {
  const isNwb =
    Object.keys(root.attrs).includes('nwb_version') || root.keys().includes('nwb_version');
  if (!isNwb) {
    throw new Error(
      `[nwb] expected an NWB file, got another HDF5 file (${root.keys().slice(0, 5).join(', ')}) in ` +
        `"${source.name}": convert it to NWB, for example with PyNWB or NeuroConv`,
    );
  }
  const series = findSeries(root);
  if (!series.some(({ kind }) => kind === 'lfp')) {
    const others = series.map(({ path }) => path).join(', ');
    throw new Error(
      `[nwb] expected an ElectricalSeries with LFP in "${source.name}", got ${others || 'no time series'}: ` +
        'open a file that holds the recorded voltages, not only spikes or behaviour',
    );
  }
  const warnings = series.flatMap(({ path, note }) => (note ? [`${path}: ${note}`] : []));
  if (!series.some(({ kind }) => kind !== 'lfp')) {
    warnings.push('No behaviour series: usable for pretraining only.');
  }
  return {
    format: 'nwb',
    series: series.map(({ path, name, kind, shape, rateHz, unit, columns, note }) => {
      return { path, name, kind, shape, rateHz, unit, columns, note };
    }),
    warnings,
    async readSession(choice) {
      try {
        return read(source, root, series, choice);
      } catch (error) {
        throw explainHdf5(error, source.name);
      }
    },
    close,
  };
}

function read(
  source: FileSource,
  root: H5.File,
  series: readonly NwbSeries[],
  choice: SeriesChoice,
): Session {
  const lfpSeries = pick(series, choice.lfp, source.name);
  const lfp = readSignal(lfpSeries);
  const behaviour = (choice.behaviour ?? []).map((path) =>
    readSignal(pick(series, path, source.name)),
  );
  return assembleSession({
    name: stem(source.name),
    subject: subjectOf(root) ?? stem(source.name),
    lfp: lfp.signal,
    bands: ['raw'],
    behaviour: behaviour.map(({ signal }) => signal),
    alreadyFrames: false,
    channelMask: lfpSeries.columnMask,
    warnings: [lfp, ...behaviour].flatMap((part) => part.warnings),
  });
}

function pick(series: readonly NwbSeries[], path: string, fileName: string): NwbSeries {
  const found = series.find((candidate) => candidate.path === path);
  if (found) return found;
  throw new Error(
    `[nwb] expected one of ${series.map((s) => s.path).join(', ')}, got "${path}" in "${fileName}": ` +
      'choose one of the listed series',
  );
}

function subjectOf(root: H5.File): string | undefined {
  const id = root.get('general/subject/subject_id');
  return isDataset(id) && child(root, 'general') ? readTexts(id)[0] : undefined;
}
