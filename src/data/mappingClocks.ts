/** A mapping's clocks: one offset for all that comes from another file, and what is said where nobody stated any. */
import { type ClockOffset, isElsewhere, togetherWarning } from './clockAlignment';
import type { OpenFile, SeriesInfo } from './formats/fileFormat';
import type { Mapping, SeriesMapping } from './mapping';

/**
 * With an offset on every behaviour that is in another file than the LFP; in one file, on all.
 * @param offsetOf undefined takes an earlier one away
 */
export function withOffset(
  file: Pick<OpenFile, 'series'>,
  mapping: Mapping,
  offsetOf: (lfp: SeriesInfo, behaviour: SeriesInfo) => ClockOffset | undefined,
): Mapping {
  const lfp = infoOf(file, mapping.lfp.path);
  const isApart = ({ path }: SeriesMapping) => isElsewhere(lfp, infoOf(file, path));
  const hasOthers = mapping.behaviour.some(isApart);
  const behaviour = mapping.behaviour.map((series) =>
    hasOthers && !isApart(series)
      ? series
      : { ...withoutOffset(series), ...offsetOf(lfp, infoOf(file, series.path)) },
  );
  return { ...mapping, behaviour };
}

/** One sentence for each pair of files of which nobody said how their clocks lie. */
export function unalignedWarnings(file: Pick<OpenFile, 'series'>, mapping: Mapping): string[] {
  const lfp = infoOf(file, mapping.lfp.path);
  const warnings = mapping.behaviour
    .filter(({ path, offsetS }) => offsetS === undefined && isElsewhere(lfp, infoOf(file, path)))
    .map(({ path }) => togetherWarning(lfp, infoOf(file, path)));
  return [...new Set(warnings)];
}

/** Without what was learnt from the start times or events of this one recording. */
export function forOtherRecordings(mapping: Mapping): Mapping {
  const behaviour = mapping.behaviour.map((series) =>
    series.alignedBy && series.alignedBy.by !== 'offset' ? withoutOffset(series) : series,
  );
  return { ...mapping, behaviour };
}

function withoutOffset({ offsetS: _, alignedBy: __, ...series }: SeriesMapping): SeriesMapping {
  return series;
}

function infoOf(file: Pick<OpenFile, 'series'>, path: string): SeriesInfo {
  return file.series.find((series) => series.path === path) as SeriesInfo;
}
