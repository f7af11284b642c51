// The mapping of a recording from options, from a saved file, or as proposed.

import type { OpenFile } from '../data/formats/fileFormat';
import { type Mapping, proposeMapping, type SeriesMapping } from '../data/mapping';
import { unalignedWarnings } from '../data/mappingClocks';
import { alignedMapping } from './alignOptions';
import { readBytes } from './nodeFiles';
import type { Options } from './options';

/**
 * @returns with one sentence for each choice that nobody stated
 * @throws when a named series is not in the file, or the mapping file is none
 */
export async function mappingFor(
  file: OpenFile,
  options: Options,
): Promise<{ mapping: Mapping; reasons: readonly string[] }> {
  const { mapping, reasons } = await chosenMapping(file, options);
  const located = await alignedMapping(file, mapping, options);
  const warnings = unalignedWarnings(file, located);
  const isMeasured = located.behaviour.some(({ alignedBy }) => alignedBy?.by === 'events');
  if (isMeasured && !options.has('align')) {
    warnings.push(
      'Clocks: the mapping holds an offset measured on events of one recording: align any other anew by --align.',
    );
  }
  return { mapping: located, reasons: [...reasons, ...warnings] };
}

/** One sentence for each series whose clock was moved, with the reason. */
export function clockNotes({ behaviour }: Mapping): string[] {
  return behaviour.flatMap(({ path, offsetS, alignedBy }) =>
    alignedBy ? [`Clocks: ${path} is ${offsetS} s later: ${alignedBy.reason}.`] : [],
  );
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
