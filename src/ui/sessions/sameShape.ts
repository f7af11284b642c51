// Whether what was chosen for one file can be chosen for another.
import type { SeriesInfo } from '../../data/formats/fileFormat';
import type { Mapping } from '../../data/mapping';
import type { OpenedFile } from '../../worker/api';

/** Every chosen series is in the other file too, at its path or under its name, with as many columns. */
export function isSameShape(file: OpenedFile, other: OpenedFile, mapping: Mapping): boolean {
  return (
    file.format === other.format &&
    [mapping.lfp, ...mapping.behaviour].every(({ path }) => {
      const here = file.series.find((series) => series.path === path);
      const there = here && counterpart(here, other.series);
      return there !== undefined && there.columns.length === here?.columns.length;
    })
  );
}

function counterpart(
  { path, name }: SeriesInfo,
  series: readonly SeriesInfo[],
): SeriesInfo | undefined {
  const named = series.filter((one) => one.name === name);
  return series.find((one) => one.path === path) ?? (named.length === 1 ? named[0] : undefined);
}
