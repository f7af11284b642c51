// The mapping of a recording from options, from a saved file, or as proposed.

import { offsetFromEvents, offsetFromStarts, statedOffset } from '../data/clockAlignment';
import type { OpenFile } from '../data/formats/fileFormat';
import { locatedMapping, type Mapping, proposeMapping, type SeriesMapping } from '../data/mapping';
import { forOtherRecordings, unalignedWarnings, withOffset } from '../data/mappingClocks';
import { readBytes } from './nodeFiles';
import { type Options, UsageError } from './options';

/**
 * @returns with one sentence for each choice that nobody stated
 * @throws when a named series is not in the file, or the mapping file is none
 */
export async function mappingFor(
  file: OpenFile,
  options: Options,
): Promise<{ mapping: Mapping; reasons: readonly string[] }> {
  const { mapping, reasons } = await chosenMapping(file, options);
  const located = alignedMapping(file, mapping, options);
  const warnings = unalignedWarnings(file, located);
  const isMeasured = located.behaviour.some(({ alignedBy }) => alignedBy?.by === 'events');
  if (isMeasured && !options.has('align')) {
    warnings.push(
      'Clocks: the mapping holds an offset measured on events of one recording: align any other anew by --align.',
    );
  }
  return { mapping: located, reasons: [...reasons, ...warnings] };
}

async function chosenMapping(
  file: OpenFile,
  options: Options,
): Promise<{ mapping: Mapping; reasons: readonly string[] }> {
  const saved = options.text('mapping');
  if (saved) return { mapping: parseMapping(await readBytes(saved), saved), reasons: [] };
  const lfp = options.text('lfp');
  const behaviour = options.list('behaviour');
  for (const wanted of [...(lfp ? [lfp] : []), ...behaviour]) {
    if (wanted === 'none' || file.series.some((series) => series.path === wanted)) continue;
    const paths = file.series.map((series) => series.path).join(', ');
    throw new Error(
      `[mapping] expected a series of "${file.fileName}" (${paths}), got "${wanted}": choose one of them`,
    );
  }
  const isStated = lfp !== undefined && behaviour.length > 0;
  const proposal = isStated ? undefined : proposeMapping(file);
  const behaviourPaths =
    behaviour.length > 0
      ? behaviour.filter((path) => path !== 'none')
      : (proposal?.mapping.behaviour ?? []).map(({ path }) => path).filter((path) => path !== lfp);
  return {
    mapping: {
      version: 1,
      lfp: lfpMapping(lfp ?? (proposal as { mapping: Mapping }).mapping.lfp.path, options),
      // A proposed alignment waits for --align: here nobody looks at it first.
      behaviour: behaviourPaths.map((path) => ({ path })),
    },
    reasons: (proposal?.reasons ?? []).filter(
      (reason) =>
        !reason.startsWith('Clocks: ') &&
        !(lfp && reason.startsWith('Proposed as LFP')) &&
        !(behaviour.length > 0 && /^(Proposed as behaviour|No series looks)/.test(reason)),
    ),
  };
}

/** As --align says, or --offset alone. */
function alignedMapping(file: OpenFile, mapping: Mapping, options: Options): Mapping {
  const offsetS = options.number('offset');
  const align = options.text('align') ?? (offsetS === undefined ? undefined : 'offset');
  const hasEvents = options.has('event-lfp') || options.has('event-behaviour');
  if (hasEvents && align !== 'events') throw new UsageError('--event-lfp needs --align events');
  if (offsetS !== undefined && align !== 'offset') {
    throw new UsageError(`--offset does not go with --align ${align}`);
  }
  if (align === undefined) return locatedMapping(file, mapping);
  const located = locatedMapping(file, forOtherRecordings(mapping));
  if (align === 'start') return withOffset(file, located, offsetFromStarts);
  if (align === 'events') {
    const events = [timesS(options, 'event-lfp'), timesS(options, 'event-behaviour')] as const;
    const measured = offsetFromEvents(...events);
    return withOffset(file, located, () => measured);
  }
  if (offsetS === undefined) throw new UsageError('--align offset needs --offset S');
  return withOffset(file, located, () => statedOffset(offsetS));
}

function timesS(options: Options, name: string): number[] {
  const times = options.list(name).map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  if (times.every(Number.isFinite)) return times;
  throw new UsageError(`--${name} expected seconds, got "${options.list(name).join(' ')}"`);
}

function lfpMapping(path: string, options: Options): SeriesMapping {
  const columns = options.list('channels');
  const gain = options.number('gain');
  const unit = options.text('unit');
  const rateHz = options.number('rate');
  return {
    path,
    ...(columns.length > 0 && { columns }),
    ...(gain !== undefined && { gain }),
    ...(unit !== undefined && { unit }),
    ...(rateHz !== undefined && { rateHz }),
  };
}

function parseMapping(bytes: Uint8Array, path: string): Mapping {
  const refuse = (got: string): never => {
    throw new Error(
      `[mapping] expected a mapping of version 1 in "${path}", got ${got}: save one with --save-mapping`,
    );
  };
  let mapping: Partial<Mapping> | null;
  try {
    mapping = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return refuse('no JSON');
  }
  const isWhole =
    mapping?.version === 1 &&
    typeof mapping.lfp?.path === 'string' &&
    Array.isArray(mapping.behaviour) &&
    mapping.behaviour.every((one) => typeof one?.path === 'string');
  return isWhole ? (mapping as Mapping) : refuse('other fields');
}
