/** What of a file is LFP and what is behaviour: proposed with reasons, kept as data, applied to files of the same shape. */
import { assembleSession } from './assembleSession';
import {
  type ClockAlignment,
  type ClockOffset,
  isElsewhere,
  offsetFromStarts,
  togetherWarning,
} from './clockAlignment';
import type { OpenFile, SeriesChoice, SeriesInfo } from './formats/fileFormat';
import type { Session, Signal } from './session';

export interface SeriesMapping {
  readonly path: string;
  /** Columns by name; absent: all. */
  readonly columns?: readonly string[];
  /** Factor on every value, negative to turn the sign; absent: 1. */
  readonly gain?: number;
  /** Unit after the gain; absent: the file's. */
  readonly unit?: string;
  /** For files that state no rate. */
  readonly rateHz?: number;
  /** Seconds added to the series' clock. */
  readonly offsetS?: number;
  /** Where `offsetS` comes from; by `start` it is taken anew from every file. */
  readonly alignedBy?: ClockAlignment;
}

/** Plain data: goes through JSON unchanged. */
export interface Mapping {
  readonly version: 1;
  readonly lfp: SeriesMapping;
  readonly behaviour: readonly SeriesMapping[];
}

export interface MappingProposal {
  readonly mapping: Mapping;
  /** One sentence each, for the person who confirms it. */
  readonly reasons: string[];
}

/**
 * The likeliest LFP and behaviour.
 * @throws when nothing in the file can be LFP
 */
export function proposeMapping(file: OpenFile): MappingProposal {
  const lfp = best(file.series, lfpClues);
  if (!lfp) {
    const found = file.series.map(({ path, kind }) => `${path} (${kind})`).slice(0, 10);
    throw new Error(
      `[open] expected a series that can be LFP, got none of ${found.join(', ')}: ` +
        'choose the recording that holds the voltages, together with this file if it holds the behaviour',
    );
  }
  const behaviour = best(
    file.series.filter(({ path }) => path !== lfp.series.path),
    behaviourClues,
  );
  const clocks = behaviour && proposedClocks(lfp.series, behaviour.series);
  return {
    mapping: {
      version: 1,
      lfp: { path: lfp.series.path },
      behaviour: behaviour ? [{ path: behaviour.series.path, ...clocks?.offset }] : [],
    },
    reasons: [
      `Proposed as LFP: ${lfp.series.path}, because ${listed(lfp.because)}.`,
      ...(lfp.series.rateHz === undefined ? ['It states no rate: give it before adding.'] : []),
      behaviour
        ? `Proposed as behaviour: ${behaviour.series.path}, because ${listed(behaviour.because)}.`
        : 'No series looks like behaviour: usable for pretraining only.',
      ...(clocks ? [clocks.reason] : []),
    ],
  };
}

/** @returns undefined for series of one file, which are on one clock */
function proposedClocks(
  lfp: SeriesInfo,
  behaviour: SeriesInfo,
): { offset?: ClockOffset; reason: string } | undefined {
  if (!isElsewhere(lfp, behaviour)) return undefined;
  const [a, b] = [lfp.recordingStart, behaviour.recordingStart];
  if (!a || a.isZoneStated !== b?.isZoneStated) return { reason: togetherWarning(lfp, behaviour) };
  const offset = offsetFromStarts(lfp, behaviour);
  const { offsetS, alignedBy } = offset;
  return {
    offset,
    reason: `Clocks: behaviour proposed ${offsetS} s later, because ${alignedBy.reason}; confirm it, or align in another way.`,
  };
}

interface Clue {
  points: number;
  because: string;
}

/** Marks and bookkeeping that lie beside signals. */
const NO_SIGNAL = /sync|trig|pulse|event|stim|ttl|status|words|table|ids?$|frame$|timestamps?$/i;

/** @returns undefined when the series cannot be it at all */
type Clues = (series: SeriesInfo) => Clue[] | undefined;

const lfpClues: Clues = ({ kind, path, shape, rateHz = 0 }) => {
  if (kind === 'behaviour' || (kind === 'unknown' && NO_SIGNAL.test(path))) return undefined;
  const clues: Clue[] =
    kind === 'lfp'
      ? [{ points: 100, because: 'the file marks it as recorded potentials' }]
      : [{ points: 0, because: 'nothing else in the file could be, which is a guess' }];
  if (rateHz > 0 && shape[0] / rateHz >= 1) {
    clues.push({ points: 4, because: `it lasts ${(shape[0] / rateHz).toFixed(0)} s` });
  }
  if (/lfp/i.test(path)) clues.push({ points: 2, because: 'its place is named LFP' });
  if (rateHz >= 100 && rateHz <= 5000) {
    clues.push({ points: 1, because: `${rateHz.toFixed(0)} Hz is a usual rate for LFP` });
  }
  if (kind !== 'lfp' && shape[1] > 1) {
    clues.push({ points: Math.min(2, shape[1] / 16), because: `it has ${shape[1]} columns` });
  }
  return clues;
};

const behaviourClues: Clues = ({ kind, path, unit, rateHz }) => {
  if (kind !== 'behaviour') return undefined;
  const clues: Clue[] = [{ points: 1, because: 'its name or place is one of behaviour' }];
  if (/veloc|(^|[^a-z])vel|[a-z]Vel/i.test(path) || /\/s(ec(ond)?)?$/.test(unit)) {
    clues.push({ points: 1, because: 'it is a velocity' });
  } else if (/cursor/i.test(path)) {
    clues.push({ points: 0.5, because: 'it is the cursor that the task shows' });
  }
  if (rateHz === undefined) clues.push({ points: -1, because: 'it has no clock' });
  if (/emg/i.test(path)) clues.push({ points: -0.5, because: 'muscles are not movement itself' });
  if (/target/i.test(path)) clues.push({ points: -0.5, because: 'targets are no movement' });
  return clues;
};

function best(candidates: readonly SeriesInfo[], cluesOf: Clues) {
  let winner: { series: SeriesInfo; points: number; because: string[] } | undefined;
  for (const series of candidates) {
    const clues = cluesOf(series);
    if (!clues) continue;
    const points = clues.reduce((sum, clue) => sum + clue.points, 0);
    if (winner && points <= winner.points) continue;
    winner = {
      series,
      points,
      because: clues.filter((clue) => clue.points >= 0).map((clue) => clue.because),
    };
  }
  return winner;
}

function listed(reasons: readonly string[]): string {
  return reasons.length < 2
    ? (reasons[0] ?? 'nothing speaks against it')
    : `${reasons.slice(0, -1).join(', ')} and ${reasons[reasons.length - 1]}`;
}

/** The part of a mapping that readers know. */
export function choiceOf({ lfp, behaviour }: Mapping): SeriesChoice {
  const all = [lfp, ...behaviour];
  const stated = (value: (series: SeriesMapping) => number | undefined) => {
    const byPath: Record<string, number> = {};
    for (const one of all) {
      const given = value(one);
      if (given !== undefined) byPath[one.path] = given;
    }
    return byPath;
  };
  const rateHz = stated((series) => series.rateHz);
  const offsetS = stated((series) => series.offsetS);
  return {
    lfp: lfp.path,
    ...(behaviour.length > 0 && { behaviour: behaviour.map(({ path }) => path) }),
    ...(Object.keys(rateHz).length > 0 && { rateHz }),
    ...(Object.keys(offsetS).length > 0 && { offsetS }),
  };
}

/**
 * Reads a file as this mapping says. A series that is not at its path is looked for by its name and columns.
 * @throws when a series or column of the mapping is not in the file
 */
export async function applyMapping(file: OpenFile, mapping: Mapping): Promise<Session> {
  const { lfp, behaviour } = locatedMapping(file, mapping);
  const session = await file.readSession(choiceOf({ version: 1, lfp, behaviour }));
  const all = [lfp, ...behaviour];
  if (all.every(({ columns, gain, unit }) => !columns && gain === undefined && !unit))
    return session;
  const bandCount = session.bands.length;
  const width = (series: SeriesMapping) => infoOf(file, series.path).columns.length;
  let first = 0;
  const parts = behaviour.map((series) => {
    const part = transformed(session.behaviour as Signal, first, width(series), 1, series);
    first += width(series);
    return part;
  });
  const changed = transformed(session.lfp, 0, session.lfp.names.length, bandCount, lfp);
  const channelMask = session.channelMask?.filter((_, channel) =>
    changed.kept.includes(channel * bandCount),
  );
  return assembleSession({
    ...session,
    lfp: changed.signal,
    channelMask,
    behaviour: parts.map(({ signal }) => signal),
    warnings: session.warnings.filter(
      (warning) => !/^(LFP has gaps|Behaviour |No behaviour|Left out)/.test(warning),
    ),
  });
}

/**
 * The mapping with the paths of this file: a series that is not at its path is looked for by its name.
 * @throws when one is not in the file
 */
export function locatedMapping(file: OpenFile, mapping: Mapping): Mapping {
  const lfp = located(file, mapping.lfp);
  const behaviour = mapping.behaviour.map((series) => {
    const found = located(file, series);
    if (found.alignedBy?.by !== 'start') return found;
    return { ...found, ...offsetFromStarts(infoOf(file, lfp.path), infoOf(file, found.path)) };
  });
  return { ...mapping, lfp, behaviour };
}

/**
 * Columns `[first, first + count)` of a signal, reduced to the mapping's, scaled.
 * @returns with the columns that are kept
 * @throws when the mapping names a column that is not there
 */
export function transformed(
  signal: Signal,
  first: number,
  count: number,
  bandCount: number,
  { path, columns, gain = 1, unit }: SeriesMapping,
): { signal: Signal; kept: number[] } {
  const width = signal.names.length;
  const all = Array.from({ length: count }, (_, c) => first + c);
  const kept = all.filter((c) => !columns || columns.includes(signal.names[c]));
  const lost = columns?.find((name) => !kept.some((c) => signal.names[c] === name));
  if (lost !== undefined || kept.length === 0 || kept.length % bandCount !== 0) {
    throw new Error(
      `[mapping] expected the columns ${columns?.join(', ')} in ${path}, got ` +
        `${all.map((c) => signal.names[c]).join(', ')}: choose the columns again for this file`,
    );
  }
  const data = new Float32Array(signal.sampleCount * kept.length);
  for (let i = 0; i < signal.sampleCount; i++) {
    for (let k = 0; k < kept.length; k++) {
      data[i * kept.length + k] = signal.data[i * width + kept[k]] * gain;
    }
  }
  const names = kept.map((c) => signal.names[c]);
  const units = kept.map((c) => unit ?? signal.units[c]);
  return { signal: { ...signal, names, units, data }, kept };
}

function located(file: OpenFile, mapping: SeriesMapping): SeriesMapping {
  if (file.series.some(({ path }) => path === mapping.path)) return mapping;
  const name = mapping.path.split(/[/.:]\s*/).pop();
  const similar = file.series.filter((series) => series.name === name);
  if (similar.length === 1) return { ...mapping, path: similar[0].path };
  throw new Error(
    `[mapping] expected the series ${mapping.path} in a file of the same shape, got ${listedPaths(file)}: ` +
      'choose the series of this file yourself',
  );
}

function listedPaths(file: OpenFile): string {
  const paths = file.series.slice(0, 20).map(({ path }) => path);
  return paths.join(', ');
}

function infoOf(file: OpenFile, path: string): SeriesInfo {
  return file.series.find((series) => series.path === path) as SeriesInfo;
}
