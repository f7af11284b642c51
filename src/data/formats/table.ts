/** CSV and TSV recordings: one row per sample. */
import { openColumnTable, tableInMemory } from './columnTable';
import { type FileSource, type OpenFile, stem } from './fileFormat';
import { parseTable } from './tableParse';

/** @throws one sentence when there are no rows of numbers */
export async function openTable(source: FileSource): Promise<OpenFile> {
  const name = stem(source.name);
  return openColumnTable(tableInMemory(await parseTable(source)), {
    format: 'table',
    fileName: source.name,
    name,
  });
}
