// A mapping in words: one line for each series.
import type { Mapping, SeriesMapping } from '../../data/mapping';
import { shownUnit } from '../format';

export function mappingLines({ lfp, behaviour }: Mapping): string[] {
  return [
    lineOf('LFP', lfp),
    ...behaviour.map((series) => lineOf('behaviour', series)),
    ...(behaviour.length === 0 ? ['no behaviour'] : []),
  ];
}

const ALIGNED = { start: 'by start time', events: 'by shared events', offset: 'as stated' };

function lineOf(
  role: string,
  { path, columns, gain, unit, rateHz, offsetS, alignedBy }: SeriesMapping,
) {
  const facts = [
    columns &&
      `${columns.length === 1 ? 'column' : `${columns.length} columns:`} ${listed(columns)}`,
    gain !== undefined && `times ${gain}`,
    unit && `in ${shownUnit(unit)}`,
    rateHz !== undefined && `sampled at ${rateHz} Hz`,
    offsetS !== undefined &&
      offsetS !== 0 &&
      `${offsetS} s later${alignedBy ? ` (${ALIGNED[alignedBy.by]})` : ''}`,
  ].filter(Boolean);
  return `${role} is ${[path, ...facts].join(', ')}`;
}

function listed(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 5).join(', ')} …` : names.join(', ');
}
