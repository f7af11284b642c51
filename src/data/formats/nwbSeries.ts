/** Finds the time series of an NWB file (1.0 to 2.x) and describes each: kind, orientation, clock, unit. */
import type * as H5 from 'h5wasm';
import type { SeriesInfo } from './fileFormat';
import { numberAttribute, readNumbers, readTexts, textAttribute } from './hdf5';
import { fitClock, type RegularClock } from './timestamps';

export interface NwbSeries extends SeriesInfo {
  readonly group: H5.Group;
  readonly data: H5.Dataset;
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

export function findSeries(root: H5.Group): NwbSeries[] {
  const found: NwbSeries[] = [];
  const visit = (group: H5.Group) => {
    const series = describeSeries(root, group);
    if (series) {
      found.push(series);
      return;
    }
    for (const key of group.keys()) {
      const child = group.get(key);
      if (isGroup(child)) visit(child);
    }
  };
  for (const key of ROOTS) {
    const child = root.keys().includes(key) ? root.get(key) : null;
    if (isGroup(child)) visit(child);
  }
  return found;
}

function describeSeries(root: H5.Group, group: H5.Group): NwbSeries | undefined {
  const data = child(group, 'data');
  const type = seriesType(group) ?? oldSeriesType(root, group);
  if (!isDataset(data) || !type || !data.shape || data.shape.length < 1 || data.shape.length > 2) {
    return undefined;
  }
  const isLfp = type === 'ElectricalSeries';
  if (!isLfp && !BEHAVIOUR_TYPES.has(type)) return undefined;
  const electrodes = isLfp ? electrodesOf(root, group) : undefined;
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
    rateHz: statedRateHz(group),
    startS: statedStartS(group),
    unit: textAttribute(data, 'unit') ?? '',
    columns: columnNames(group, isLfp, columnCount, matches ? electrodes?.labels : undefined),
    columnMask: matches ? electrodes?.mask : undefined,
    note,
    ...storageOf(data, timeAxis),
  };
}

/** Chunk as `[sample, column]` and the names of the filters. */
function storageOf(data: H5.Dataset, timeAxis: 0 | 1): Pick<SeriesInfo, 'chunk' | 'compression'> {
  const { chunks } = data.metadata;
  const names = chunks ? data.filters.map(({ name, id }) => name || `filter ${id}`) : [];
  return {
    ...(chunks && { chunk: timeAxis === 0 ? [...chunks] : [...chunks].reverse() }),
    ...(names.length > 0 && { compression: names.join(' + ') }),
  };
}

/** NWB 2 names the type; NWB 1 lists its ancestors. */
function seriesType(group: H5.Group): string | undefined {
  const type = textAttribute(group, 'neurodata_type');
  if (type !== 'TimeSeries' && type !== undefined) return type;
  if (Object.keys(group.attrs).includes('ancestry')) {
    const ancestry = group.get_attribute('ancestry', false);
    if (Array.isArray(ancestry) && ancestry.includes('ElectricalSeries')) return 'ElectricalSeries';
  }
  return type;
}

/** NWB 1 files need not name types: what was acquired at an electrophysiological rate is taken as recorded. */
function oldSeriesType(root: H5.Group, group: H5.Group): string | undefined {
  const isAcquired = group.path.startsWith('/acquisition/timeseries/');
  if (!isAcquired || !root.keys().includes('nwb_version')) return undefined;
  return (statedRateHz(group) ?? 0) >= OLD_ELECTRICAL_HZ ? 'ElectricalSeries' : 'TimeSeries';
}

function orientation(
  group: H5.Group,
  shape: number[],
  electrodeCount: number | undefined,
): { timeAxis: 0 | 1; note?: string } {
  if (shape.length === 1) return { timeAxis: 0 };
  const timestamps = child(group, 'timestamps');
  const stampCount = isDataset(timestamps) ? timestamps.shape?.[0] : undefined;
  const isTransposed =
    shape[0] !== stampCount &&
    shape[1] !== electrodeCount &&
    (shape[1] === stampCount || shape[0] === electrodeCount || shape[1] > shape[0]);
  if (!isTransposed) return { timeAxis: 0 };
  return { timeAxis: 1, note: 'Stored channel by time; read the other way round.' };
}

function statedRateHz(group: H5.Group): number | undefined {
  const start = child(group, 'starting_time');
  if (isDataset(start)) return numberAttribute(start, 'rate');
  const timestamps = child(group, 'timestamps');
  const count = isDataset(timestamps) ? (timestamps.shape?.[0] ?? 0) : 0;
  if (!isDataset(timestamps) || count < 2) return undefined;
  const [first] = readSlice(timestamps, 0, 1);
  const [last] = readSlice(timestamps, count - 1, count);
  return (count - 1) / (last - first);
}

function statedStartS(group: H5.Group): number | undefined {
  const start = child(group, 'starting_time');
  if (isDataset(start)) return readNumbers(start)[0];
  const timestamps = child(group, 'timestamps');
  const count = isDataset(timestamps) ? (timestamps.shape?.[0] ?? 0) : 0;
  return isDataset(timestamps) && count > 0 ? readSlice(timestamps, 0, 1)[0] : undefined;
}

/** The series' clock: its starting time and rate, or one fitted to its time stamps. */
export function clockOf(series: NwbSeries): RegularClock {
  const { group, sampleCount, path } = series;
  const start = child(group, 'starting_time');
  const rateHz = isDataset(start) ? numberAttribute(start, 'rate') : undefined;
  if (isDataset(start) && rateHz && rateHz > 0) {
    return { rateHz, startS: readNumbers(start)[0] ?? 0, sampleCount };
  }
  const timestamps = child(group, 'timestamps');
  const count = isDataset(timestamps) ? (timestamps.shape?.[0] ?? 0) : 0;
  if (!isDataset(timestamps) || count < 2 || count !== sampleCount) {
    throw new Error(
      `[nwb] expected a sampling rate or ${sampleCount} time stamps in ${path}, got ${count} time stamps: ` +
        'repair the file or choose another series',
    );
  }
  const stride = Math.ceil(count / MAX_TIMESTAMPS);
  const clock = fitClock(readSlice(timestamps, 0, count, stride), path, stride);
  return clock.slots ? clock : { ...clock, sampleCount };
}

function readSlice(dataset: H5.Dataset, start: number, end: number, stride = 1): Float64Array {
  const values = dataset.slice([[start, end, stride]]);
  return Float64Array.from(values as ArrayLike<number>, Number);
}

function electrodesOf(root: H5.Group, group: H5.Group) {
  const region = child(group, 'electrodes');
  const table = root.get('general/extracellular_ephys/electrodes');
  // NWB 2.0 beta points at its table by region references, which name no row numbers.
  const isRows =
    isDataset(region) &&
    region.shape?.length === 1 &&
    /^[<>]?[bBhHiIqQ]$/.test(String(region.dtype));
  if (!isRows) return undefined;
  const rows = [...readNumbers(region)];
  if (!isGroup(table)) return { rows };
  const labels = columnOf(table, LABEL_COLUMNS, readTexts);
  const rejected = columnOf(table, REJECTED_COLUMNS, readNumbers);
  return {
    rows,
    labels: labels && rows.map((row) => labels[row] ?? `electrode ${row}`),
    mask: rejected && Float32Array.from(rows, (row) => (rejected[row] ? 0 : 1)),
  };
}

function columnOf<T>(
  table: H5.Group,
  names: readonly string[],
  read: (column: H5.Dataset) => T,
): T | undefined {
  const name = names.find((candidate) => table.keys().includes(candidate));
  const column = name ? table.get(name) : null;
  return isDataset(column) ? read(column) : undefined;
}

function columnNames(
  group: H5.Group,
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

export function child(group: H5.Group, name: string): H5.Entity | null {
  return group.keys().includes(name) ? group.get(name) : null;
}

export function isGroup(entity: H5.Entity | null): entity is H5.Group {
  return entity !== null && 'type' in entity && entity.type === 'Group';
}

export function isDataset(entity: H5.Entity | null): entity is H5.Dataset {
  return entity !== null && 'type' in entity && entity.type === 'Dataset';
}
