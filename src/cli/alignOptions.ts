// How the clocks of LFP and behaviour lie, from options.

import { offsetFromEvents, offsetFromStarts, statedOffset } from '../data/clockAlignment';
import type { OpenFile } from '../data/formats/fileFormat';
import { locatedMapping, type Mapping } from '../data/mapping';
import { forOtherRecordings, withOffset } from '../data/mappingClocks';
import { risingEdgesS } from '../data/syncPulses';
import { type Options, type OptionTable, UsageError } from './options';

export const ALIGN_OPTIONS: OptionTable = {
  offset: {
    kind: 'number',
    value: 'S',
    help: "added to the behaviour's clock",
    least: Number.NEGATIVE_INFINITY,
  },
  align: {
    kind: 'text',
    choices: ['start', 'offset', 'events'],
    help: 'how the clocks of LFP and behaviour from two files lie; default: they begin together',
  },
  'event-lfp': { kind: 'list', value: 'S', help: 'times of events on the clock of the LFP' },
  'event-behaviour': {
    kind: 'list',
    value: 'S',
    help: 'of the same events on that of the behaviour',
  },
  'sync-lfp': {
    kind: 'text',
    value: 'NAME',
    help: 'column, or "series: column", whose rising edges are those events',
  },
  'sync-behaviour': { kind: 'text', value: 'NAME', help: 'the same of the behaviour' },
};

const EVENT_OPTIONS = ['event-lfp', 'event-behaviour', 'sync-lfp', 'sync-behaviour'] as const;

/**
 * As --align says, or --offset alone; without either the mapping with the paths of this file.
 * @throws UsageError where the options contradict each other; when the clocks cannot be aligned so
 */
export async function alignedMapping(
  file: OpenFile,
  mapping: Mapping,
  options: Options,
): Promise<Mapping> {
  const offsetS = options.number('offset');
  const align = options.text('align') ?? (offsetS === undefined ? undefined : 'offset');
  const stray = EVENT_OPTIONS.find((name) => options.has(name));
  if (stray && align !== 'events') throw new UsageError(`--${stray} needs --align events`);
  if (offsetS !== undefined && align !== 'offset') {
    throw new UsageError(`--offset does not go with --align ${align}`);
  }
  if (align === undefined) return locatedMapping(file, mapping);
  const located = locatedMapping(file, forOtherRecordings(mapping));
  if (align === 'start') return withOffset(file, located, offsetFromStarts);
  if (align === 'events') {
    const events = [
      await eventsS(file, options, 'lfp'),
      await eventsS(file, options, 'behaviour'),
    ] as const;
    const measured = offsetFromEvents(...events);
    return withOffset(file, located, () => measured);
  }
  if (offsetS === undefined) throw new UsageError('--align offset needs --offset S');
  return withOffset(file, located, () => statedOffset(offsetS));
}

/** @throws UsageError for typed times, which are those of one recording, beside several */
export function refuseEventsOfMany(options: Options, recordingCount: number): void {
  const typed = ['event-lfp', 'event-behaviour'].find((name) => options.has(name));
  if (!typed || recordingCount === 1) return;
  throw new UsageError(`--${typed} expected one recording, got ${recordingCount}`);
}

/** As typed, or those of a recorded pulse. */
async function eventsS(
  file: OpenFile,
  options: Options,
  of: 'lfp' | 'behaviour',
): Promise<number[]> {
  const sync = options.text(`sync-${of}`);
  if (sync === undefined) return timesS(options, `event-${of}`);
  if (options.has(`event-${of}`)) {
    throw new UsageError(`--sync-${of} does not go with --event-${of}`);
  }
  return risingEdgesS(file, sync);
}

function timesS(options: Options, name: string): number[] {
  const times = options.list(name).map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  if (times.every(Number.isFinite)) return times;
  throw new UsageError(`--${name} expected seconds, got "${options.list(name).join(' ')}"`);
}
