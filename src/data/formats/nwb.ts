/** NWB recordings: lists the series to choose from and reads the chosen ones. */
import { type OpenFile, type SeriesInfo, stem } from './fileFormat';
import { openGrid } from './nwbRead';
import { findSeries, type NwbSeries } from './nwbSeries';
import { openRecording, type RecordingParts } from './recording';
import { type RecordingStart, startOfText } from './recordingStart';
import { isArray, type TreeGroup } from './tree';

export function isNwb(root: TreeGroup): boolean {
  return root.attribute('nwb_version') !== undefined || root.keys().includes('nwb_version');
}

/** @throws one sentence when the file has no LFP */
export async function describeNwb(
  fileName: string,
  root: TreeGroup,
  file: Pick<RecordingParts, 'close' | 'explain'> & { readonly name?: string },
): Promise<OpenFile> {
  const series = await findSeries(root);
  if (!series.some(({ kind }) => kind === 'lfp')) {
    const others = series.map(({ path }) => path).join(', ');
    throw new Error(
      `[nwb] expected an ElectricalSeries with LFP in "${fileName}", got ${others || 'no time series'}: ` +
        'open a file that holds the recorded voltages, not only spikes or behaviour',
    );
  }
  const notes = series.flatMap(({ path, note }) => (note ? [`${path}: ${note}`] : []));
  const hasBehaviour = series.some(({ kind }) => kind !== 'lfp');
  return openRecording({
    format: 'nwb',
    fileName,
    name: stem(fileName),
    ...file,
    subject: await subjectOf(root),
    recordedAt: await recordedAtOf(root),
    recordingStart: await recordingStartOf(root),
    sources: series.map((one) => ({
      info: infoOf(one),
      open: (statedRateHz) => openGrid(one, statedRateHz),
      columnMask: one.columnMask,
    })),
    warnings: hasBehaviour
      ? notes
      : [...notes, 'No behaviour series: usable for pretraining only.'],
    sessionWarnings: notes,
  });
}

function infoOf(series: NwbSeries): SeriesInfo {
  const { path, name, kind, shape, rateHz, unit, columns, note, startS, chunk, compression } =
    series;
  return { path, name, kind, shape, rateHz, unit, columns, note, startS, chunk, compression };
}

async function subjectOf(root: TreeGroup): Promise<string | undefined> {
  const id = root.get('general/subject/subject_id');
  return isArray(id) ? (await id.texts())[0] : undefined;
}

/** Version 1 writes free text, of which only this form is sure. */
async function recordedAtOf(root: TreeGroup): Promise<string | undefined> {
  const start = root.get('session_start_time');
  const text = isArray(start) ? (await start.texts())[0] : undefined;
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+)?/.exec(text ?? '')?.[0];
}

/** Times count from the reference time, which is the session's start where it is not stated. */
async function recordingStartOf(root: TreeGroup): Promise<RecordingStart | undefined> {
  const found = root.get('timestamps_reference_time') ?? root.get('session_start_time');
  return isArray(found) ? startOfText((await found.texts())[0] ?? '') : undefined;
}
