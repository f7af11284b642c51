/** CSV and TSV recordings: one row per sample, columns sorted into LFP and behaviour by their names. */
import { arrayInMemory, MIN_SERIES_SAMPLES, type NumericArray, seriesOfArray } from './arraySeries';
import { columnGroups } from './columnGroups';
import { type FileSource, type OpenFile, stem } from './fileFormat';
import { openRecording } from './recording';
import { isTimeName } from './seriesKinds';
import { type NumberTable, parseTable } from './tableParse';

/** A clock slower than this is taken to count milliseconds. */
const SLOWEST_HZ = 0.5;

/** @throws one sentence when there are no rows of numbers */
export async function openTable(source: FileSource): Promise<OpenFile> {
  const name = stem(source.name);
  return openNumberTable(await parseTable(source), {
    format: 'table',
    fileName: source.name,
    name,
  });
}

/** The same for columns that another format holds. */
export async function openNumberTable(
  table: NumberTable,
  file: { readonly format: 'table' | 'arrow'; readonly fileName: string; readonly name: string },
): Promise<OpenFile> {
  const clock = clockColumn(table);
  const used = table.names
    .map((_, c) => c)
    .filter((c) => c !== clock?.column && !isRowNumber(table, c));
  if (table.rowCount < MIN_SERIES_SAMPLES || used.length === 0) {
    throw new Error(
      `[${file.format}] expected at least ${MIN_SERIES_SAMPLES} rows of numbers in "${file.fileName}", got ${table.rowCount} rows ` +
        `and ${used.length} columns of numbers: choose the table that holds the samples`,
    );
  }
  const channels = used.map((c) => ({ name: table.names[c], unit: unitInName(table.names[c]) }));
  const time = clock && arrayInMemory([table.rowCount], clock.stamps, false);
  const sources = await Promise.all(
    columnGroups(channels).map(({ path, kind, unit, columns, gainOf }) =>
      seriesOfArray({
        path,
        kind,
        unit,
        time,
        timeAxis: 0,
        array: columnsOf(
          table,
          columns.map((c) => ({ column: used[c], gain: gainOf(c) })),
        ),
        columns: columns.map((c) => channels[c].name),
        note: clock?.note,
      }),
    ),
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

/** The column named like a time whose values increase; in seconds. */
function clockColumn(table: NumberTable) {
  const column = table.names.findIndex((name, c) => {
    const isIncreasing = table.columns[c].every((t, i, all) => i === 0 || t > all[i - 1]);
    return isTimeName(name.replace(/[([].*$/, '').replace(/_?ms$/i, '')) && isIncreasing;
  });
  if (column < 0) return undefined;
  const stamps = table.columns[column];
  const rateHz = (stamps.length - 1) / (stamps[stamps.length - 1] - stamps[0]);
  const isMs = /(^|[^a-z])ms([^a-z]|$)/i.test(table.names[column].replace(/_/g, ' '));
  if (!isMs && rateHz >= SLOWEST_HZ) return { column, stamps };
  const note = isMs
    ? undefined
    : `Column "${table.names[column]}" is read as milliseconds: as seconds it would be ${rateHz.toFixed(3)} Hz.`;
  return { column, stamps: stamps.map((t) => t / 1000), note };
}

/** An unnamed column that counts its rows, as data frames write it. */
function isRowNumber(table: NumberTable, c: number): boolean {
  const isUnnamed =
    table.names[c] === `column ${c + 1}` || /^(index|unnamed.*)$/i.test(table.names[c]);
  const [first] = table.columns[c];
  return (
    isUnnamed &&
    c === 0 &&
    table.names.length > 1 &&
    table.columns[c].every((x, i) => x === first + i)
  );
}

function unitInName(name: string): string {
  return /[([]([^)\]]+)[)\]]\s*$/.exec(name)?.[1] ?? '';
}

function columnsOf(
  table: NumberTable,
  columns: readonly { column: number; gain: number }[],
): NumericArray {
  return {
    dims: columns.length === 1 ? [table.rowCount] : [table.rowCount, columns.length],
    async read(_, start, end) {
      const out = new Float64Array((end - start) * columns.length);
      columns.forEach(({ column, gain }, k) => {
        for (let i = start; i < end; i++) {
          out[(i - start) * columns.length + k] = table.columns[column][i] * gain;
        }
      });
      return out;
    },
  };
}
