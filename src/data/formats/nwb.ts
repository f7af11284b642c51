/** NWB recordings: lists the series to choose from and reads the chosen ones. */
import type * as H5 from 'h5wasm';
import { type FileSource, type OpenFile, type SeriesInfo, stem } from './fileFormat';
import { explainHdf5, readTexts } from './hdf5';
import { openGrid } from './nwbRead';
import { child, findSeries, isDataset, type NwbSeries } from './nwbSeries';
import { openRecording } from './recording';

/** @throws one sentence when the file has no LFP */
export function describeNwb(source: FileSource, root: H5.File, close: () => void): OpenFile {
  const series = findSeries(root);
  if (!series.some(({ kind }) => kind === 'lfp')) {
    const others = series.map(({ path }) => path).join(', ');
    throw new Error(
      `[nwb] expected an ElectricalSeries with LFP in "${source.name}", got ${others || 'no time series'}: ` +
        'open a file that holds the recorded voltages, not only spikes or behaviour',
    );
  }
  const notes = series.flatMap(({ path, note }) => (note ? [`${path}: ${note}`] : []));
  const hasBehaviour = series.some(({ kind }) => kind !== 'lfp');
  return openRecording({
    format: 'nwb',
    fileName: source.name,
    name: stem(source.name),
    subject: subjectOf(root),
    sources: series.map((one) => ({
      info: infoOf(one),
      open: async (statedRateHz) => openGrid(one, statedRateHz),
      columnMask: one.columnMask,
    })),
    warnings: hasBehaviour
      ? notes
      : [...notes, 'No behaviour series: usable for pretraining only.'],
    sessionWarnings: notes,
    explain: (error) => explainHdf5(error, source.name),
    close,
  });
}

function infoOf(series: NwbSeries): SeriesInfo {
  const { path, name, kind, shape, rateHz, unit, columns, note, startS, chunk, compression } =
    series;
  return { path, name, kind, shape, rateHz, unit, columns, note, startS, chunk, compression };
}

function subjectOf(root: H5.File): string | undefined {
  const id = root.get('general/subject/subject_id');
  return isDataset(id) && child(root, 'general') ? readTexts(id)[0] : undefined;
}
