/** Whether what was chosen for one file can be chosen for another. */
import type { SeriesInfo } from './formats/fileFormat';
import type { Mapping } from './mapping';

/** The part of an open file that tells its shape. */
export interface FileShape {
  readonly format: string;
  readonly series: readonly Pick<SeriesInfo, 'path' | 'name' | 'columns'>[];
}

/** Every chosen series is in the other file too, at its path or under its name, with as many columns and the chosen ones. */
export function isSameShape(file: FileShape, other: FileShape, mapping: Mapping): boolean {
  return (
    file.format === other.format &&
    [mapping.lfp, ...mapping.behaviour].every(({ path, columns = [] }) => {
      const here = file.series.find((series) => series.path === path);
      const there = here && counterpart(here, other.series);
      return (
        there !== undefined &&
        there.columns.length === here?.columns.length &&
        columns.every((column) => there.columns.includes(column))
      );
    })
  );
}

function counterpart(
  { path, name }: FileShape['series'][number],
  series: FileShape['series'],
): FileShape['series'][number] | undefined {
  const named = series.filter((one) => one.name === name);
  return series.find((one) => one.path === path) ?? (named.length === 1 ? named[0] : undefined);
}
