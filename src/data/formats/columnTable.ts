/** Tables of numbers whatever their format: one row per sample, columns sorted into LFP and behaviour by their names. */
import { MIN_SERIES_SAMPLES, type NumericArray, seriesOfArray } from './arraySeries';
import { columnGroups } from './columnGroups';
import type { OpenFile } from './fileFormat';
import { openRecording, type RecordingParts } from './recording';
import { isTimeName } from './seriesKinds';
import type { NumberTable } from './tableParse';

export interface ColumnTable {
  readonly names: readonly string[];
  readonly rowCount: number;
  /** Columns without any number. */
  readonly textColumns: readonly string[];
  /** Values of these columns in rows `[start, end)`, `[row, column]`, NaN where empty. */
  read(columns: readonly number[], start: number, end: number): Promise<Float64Array>;
  /** Rows of a column that are stored as one block. */
  readonly blockRows?: number;
  readonly compression?: string;
}

/** A clock slower than this is taken to count milliseconds. */
const SLOWEST_HZ = 0.5;
/** Rows that tell what a column is; of a longer one the last row counts too. */
const SAMPLE_ROWS = 65536;

export function tableInMemory({ columns, names, rowCount, textColumns }: NumberTable): ColumnTable {
  return {
    names,
    rowCount,
    textColumns,
    async read(which, start, end) {
      const out = new Float64Array((end - start) * which.length);
      which.forEach((c, k) => {
        for (let i = start; i < end; i++) out[(i - start) * which.length + k] = columns[c][i];
      });
      return out;
    },
  };
}

/** @throws one sentence when there are too few rows or no numbers */
export async function openColumnTable(
  table: ColumnTable,
  file: Pick<RecordingParts, 'format' | 'fileName' | 'name' | 'explain'>,
): Promise<OpenFile> {
  const clock = await clockColumn(table);
  const used: number[] = [];
  for (let c = 0; c < table.names.length; c++) {
    if (c !== clock?.column && !(await isRowNumber(table, c))) used.push(c);
  }
  if (table.rowCount < MIN_SERIES_SAMPLES || used.length === 0) {
    throw new Error(
      `[${file.format}] expected at least ${MIN_SERIES_SAMPLES} rows of numbers in "${file.fileName}", got ${table.rowCount} rows ` +
        `and ${used.length} columns of numbers: choose the table that holds the samples`,
    );
  }
  const channels = used.map((c) => ({ name: table.names[c], unit: unitInName(table.names[c]) }));
  const sources = await Promise.all(
    columnGroups(channels).map(async ({ path, kind, unit, columns, gainOf }) => {
      const source = await seriesOfArray({
        path,
        kind,
        unit,
        time: clock && columnsOf(table, [{ column: clock.column, gain: clock.secondsPer }]),
        timeAxis: 0,
        array: columnsOf(
          table,
          columns.map((c) => ({ column: used[c], gain: gainOf(c) })),
        ),
        columns: columns.map((c) => channels[c].name),
        note: clock?.note,
      });
      const chunk = table.blockRows === undefined ? {} : { chunk: [table.blockRows, 1] };
      return { ...source, info: { ...source.info, ...chunk } };
    }),
  );
  const warnings: string[] = [];
  if (table.textColumns.length > 0) {
    warnings.push(
      `Columns without numbers are left out: ${table.textColumns.slice(0, 5).join(', ')}.`,
    );
  }
  const rateNotes = clock ? [] : ['No time column: give the rate when choosing the series.'];
  return openRecording({
    ...file,
    sources,
    warnings: [...warnings, ...rateNotes],
    // Without a rate there is no session.
    sessionWarnings: warnings,
  });
}

/** The column named like a time whose values increase. */
async function clockColumn(table: ColumnTable) {
  const { rowCount } = table;
  for (const [column, name] of table.names.entries()) {
    if (!isTimeName(name.replace(/[([].*$/, '').replace(/_?ms$/i, ''))) continue;
    const stamps = await table.read([column], 0, Math.min(rowCount, SAMPLE_ROWS));
    const [last] = rowCount > 0 ? await table.read([column], rowCount - 1, rowCount) : [];
    const isIncreasing = stamps.every((t, i, all) => i === 0 || t > all[i - 1]);
    if (!isIncreasing || (rowCount > 1 && !(last > stamps[0]))) continue;
    const rateHz = (rowCount - 1) / (last - stamps[0]);
    const isMs = /(^|[^a-z])ms([^a-z]|$)/i.test(name.replace(/_/g, ' '));
    if (!isMs && rateHz >= SLOWEST_HZ) return { column, secondsPer: 1 };
    const note = isMs
      ? undefined
      : `Column "${name}" is read as milliseconds: as seconds it would be ${rateHz.toFixed(3)} Hz.`;
    return { column, secondsPer: 1 / 1000, note };
  }
  return undefined;
}

/** An unnamed column that counts its rows, as data frames write it. */
async function isRowNumber(table: ColumnTable, c: number): Promise<boolean> {
  const isUnnamed =
    table.names[c] === `column ${c + 1}` ||
    /^(index|unnamed.*|__index_level_0__)$/i.test(table.names[c]);
  if (!isUnnamed || table.names.length === 1) return false;
  if (c !== 0 && table.names[c] !== '__index_level_0__') return false;
  const counts = await table.read([c], 0, Math.min(table.rowCount, SAMPLE_ROWS));
  return counts.every((x, i) => x === counts[0] + i);
}

function unitInName(name: string): string {
  return /[([]([^)\]]+)[)\]]\s*$/.exec(name)?.[1] ?? '';
}

function columnsOf(
  table: ColumnTable,
  columns: readonly { column: number; gain: number }[],
): NumericArray {
  const which = columns.map(({ column }) => column);
  return {
    dims: columns.length === 1 ? [table.rowCount] : [table.rowCount, columns.length],
    ...(table.compression && { compression: table.compression }),
    async read(_, start, end) {
      const values = await table.read(which, start, end);
      for (let i = 0; i < values.length; i++) values[i] *= columns[i % columns.length].gain;
      return values;
    },
  };
}
