/** Finds the time series of an NWB file (1.0 to 2.x) and describes each: kind, orientation, clock, unit. */
import type { SeriesInfo } from './fileFormat';
import { fitClock, type RegularClock } from './timestamps';
import {
  isArray,
  isGroup,
  numberAttribute,
  type TreeArray,
  type TreeGroup,
  textAttribute,
} from './tree';

export interface NwbSeries extends SeriesInfo {
  readonly group: TreeGroup;
  readonly data: TreeArray;
  readonly timeAxis: 0 | 1;
  readonly sampleCount: number;
  readonly columnCount: number;
  /** `[column]`, 0 where the electrode table rejects the electrode. */
  readonly columnMask?: Float32Array;
}

const ROOTS = ['acquisition', 'processing', 'analysis', 'stimulus'];
const BEHAVIOUR_TYPES = new Set(['SpatialSeries', 'TimeSeries']);
const BEHAVIOUR_PLACE =
  /behav|position|eye|force|kinematic|velocity|cursor|hand|finger|motion|emg/i;
const REJECTED_COLUMNS = ['rejected', 'bad', 'is_bad', 'bad_channel'];
const LABEL_COLUMNS = ['label', 'channel_name', 'electrode_name'];
const MAX_TIMESTAMPS = 4e6;
const OLD_ELECTRICAL_HZ = 500;

export async function findSeries(root: TreeGroup): Promise<NwbSeries[]> {
  const found: NwbSeries[] = [];
  const visit = async (group: TreeGroup) => {
    const series = await describeSeries(root, group);
    if (series) {
      found.push(series);
      return;
    }
    for (const key of group.keys()) {
      const child = group.get(key);
      if (isGroup(child)) await visit(child);
    }
  };
  for (const key of ROOTS) {
    const child = root.get(key);
    if (isGroup(child)) await visit(child);
  }
  return found;
}

async function describeSeries(root: TreeGroup, group: TreeGroup): Promise<NwbSeries | undefined> {
  const data = group.get('data');
  const type = seriesType(group) ?? (await oldSeriesType(root, group));
  if (!isArray(data) || !type || data.shape.length < 1 || data.shape.length > 2) return undefined;
  const isLfp = type === 'ElectricalSeries';
  if (!isLfp && !BEHAVIOUR_TYPES.has(type)) return undefined;
  const electrodes = isLfp ? await electrodesOf(root, group) : undefined;
  const { timeAxis, note } = orientation(group, data.shape, electrodes?.rows.length);
  const sampleCount = data.shape[timeAxis];
  const columnCount = data.shape.length === 1 ? 1 : data.shape[1 - timeAxis];
  const matches = electrodes?.rows.length === columnCount;
  const isBehaviour =
    type === 'SpatialSeries' || BEHAVIOUR_PLACE.test(group.path) || group.path.includes('behavior');
  return {
    group,
    data,
    timeAxis,
    sampleCount,
    columnCount,
    path: group.path,
    name: group.path.split('/').pop() ?? group.path,
    kind: isLfp ? 'lfp' : isBehaviour ? 'behaviour' : 'unknown',
    shape: [sampleCount, columnCount],
    rateHz: await statedRateHz(group),
    startS: await statedStartS(group),
    unit: textAttribute(data, 'unit') ?? '',
    columns: columnNames(group, isLfp, columnCount, matches ? electrodes?.labels : undefined),
    columnMask: matches ? electrodes?.mask : undefined,
    note,
    ...storageOf(data, timeAxis),
  };
}

/** Chunk as `[sample, column]` and the names of the filters. */
function storageOf(
  { chunk, filters }: TreeArray,
  timeAxis: 0 | 1,
): Pick<SeriesInfo, 'chunk' | 'compression'> {
  return {
    ...(chunk && { chunk: timeAxis === 0 ? [...chunk] : [...chunk].reverse() }),
    ...(filters.length > 0 && { compression: filters.join(' + ') }),
  };
}

/** NWB 2 names the type; NWB 1 lists its ancestors. */
function seriesType(group: TreeGroup): string | undefined {
  const type = textAttribute(group, 'neurodata_type');
  if (type !== 'TimeSeries' && type !== undefined) return type;
  const ancestry = group.attribute('ancestry');
  if (Array.isArray(ancestry) && ancestry.includes('ElectricalSeries')) return 'ElectricalSeries';
  return type;
}

/** NWB 1 files need not name types: what was acquired at an electrophysiological rate is taken as recorded. */
async function oldSeriesType(root: TreeGroup, group: TreeGroup): Promise<string | undefined> {
  const isAcquired = group.path.startsWith('/acquisition/timeseries/');
  if (!isAcquired || !root.keys().includes('nwb_version')) return undefined;
  return ((await statedRateHz(group)) ?? 0) >= OLD_ELECTRICAL_HZ
    ? 'ElectricalSeries'
    : 'TimeSeries';
}

function orientation(
  group: TreeGroup,
  shape: readonly number[],
  electrodeCount: number | undefined,
): { timeAxis: 0 | 1; note?: string } {
  if (shape.length === 1) return { timeAxis: 0 };
  const timestamps = group.get('timestamps');
  const stampCount = isArray(timestamps) ? timestamps.shape[0] : undefined;
  const isTransposed =
    shape[0] !== stampCount &&
    shape[1] !== electrodeCount &&
    (shape[1] === stampCount || shape[0] === electrodeCount || shape[1] > shape[0]);
  if (!isTransposed) return { timeAxis: 0 };
  return { timeAxis: 1, note: 'Stored channel by time; read the other way round.' };
}

async function statedRateHz(group: TreeGroup): Promise<number | undefined> {
  const start = group.get('starting_time');
  if (isArray(start)) return numberAttribute(start, 'rate');
  const timestamps = group.get('timestamps');
  const count = isArray(timestamps) ? (timestamps.shape[0] ?? 0) : 0;
  if (!isArray(timestamps) || count < 2) return undefined;
  const [first] = await readSlice(timestamps, 0, 1);
  const [last] = await readSlice(timestamps, count - 1, count);
  return (count - 1) / (last - first);
}

async function statedStartS(group: TreeGroup): Promise<number | undefined> {
  const start = group.get('starting_time');
  if (isArray(start)) return (await start.read())[0];
  const timestamps = group.get('timestamps');
  const count = isArray(timestamps) ? (timestamps.shape[0] ?? 0) : 0;
  return isArray(timestamps) && count > 0 ? (await readSlice(timestamps, 0, 1))[0] : undefined;
}

/** The series' clock: its starting time and rate, or one fitted to its time stamps. */
export async function clockOf(series: NwbSeries): Promise<RegularClock> {
  const { group, sampleCount, path } = series;
  const start = group.get('starting_time');
  const rateHz = isArray(start) ? numberAttribute(start, 'rate') : undefined;
  if (isArray(start) && rateHz && rateHz > 0) {
    return { rateHz, startS: (await start.read())[0] ?? 0, sampleCount };
  }
  const timestamps = group.get('timestamps');
  const count = isArray(timestamps) ? (timestamps.shape[0] ?? 0) : 0;
  if (!isArray(timestamps) || count < 2 || count !== sampleCount) {
    throw new Error(
      `[nwb] expected a sampling rate or ${sampleCount} time stamps in ${path}, got ${count} time stamps: ` +
        'repair the file or choose another series',
    );
  }
  const stride = Math.ceil(count / MAX_TIMESTAMPS);
  const clock = fitClock(await readSlice(timestamps, 0, count, stride), path, stride);
  return clock.slots ? clock : { ...clock, sampleCount };
}

async function readSlice(
  array: TreeArray,
  start: number,
  end: number,
  stride = 1,
): Promise<Float64Array> {
  return Float64Array.from(await array.read([[start, end, stride]]));
}

async function electrodesOf(root: TreeGroup, group: TreeGroup) {
  const region = group.get('electrodes');
  const table = root.get('general/extracellular_ephys/electrodes');
  // NWB 2.0 beta points at its table by region references, which name no row numbers.
  if (!isArray(region) || region.shape.length !== 1 || !region.isWhole) return undefined;
  const rows = Array.from(await region.read());
  if (!isGroup(table)) return { rows };
  const labels = await columnOf(table, LABEL_COLUMNS)?.texts();
  const rejected = await columnOf(table, REJECTED_COLUMNS)?.read();
  return {
    rows,
    labels: labels && rows.map((row) => labels[row] ?? `electrode ${row}`),
    mask: rejected && Float32Array.from(rows, (row) => (rejected[row] ? 0 : 1)),
  };
}

function columnOf(table: TreeGroup, names: readonly string[]): TreeArray | undefined {
  const name = names.find((candidate) => table.keys().includes(candidate));
  const column = name ? table.get(name) : undefined;
  return isArray(column) ? column : undefined;
}

function columnNames(
  group: TreeGroup,
  isLfp: boolean,
  count: number,
  labels: readonly string[] | undefined,
): string[] {
  if (labels) return [...labels];
  const name = group.path.split('/').pop() ?? 'value';
  if (isLfp) return Array.from({ length: count }, (_, i) => `ch ${i + 1}`);
  if (count === 1) return [name];
  return Array.from({ length: count }, (_, i) => `${name} ${'xyz'[i] ?? i + 1}`);
}
