// Recordings named on the command line, read and put through the chosen front end.

import { bandText, parseBand } from '../base/bandText';
import { counted } from '../base/counted';
import { extractFeatures, type Features, type FrontEndOptions } from '../data/features';
import type { PowerBand } from '../data/frontEnd/bandPower';
import { choiceOf } from '../data/mapping';
import { openFiles } from '../data/readers';
import { RUNNING_Z_SCORE_S, runningMetadata } from '../data/runningZScore';
import type { Session } from '../data/session';
import { contiguousSplit, type Split } from '../data/splits';
import { ALIGN_OPTIONS, refuseEventsOfMany } from './alignOptions';
import { clockNotes, mappingFor } from './mappingOptions';
import { fileSource } from './nodeFiles';
import { type Options, type OptionTable, UsageError } from './options';
import type { Terminal } from './progress';

export const RECORDING_OPTIONS: OptionTable = {
  data: {
    kind: 'list',
    value: 'FILE',
    help: 'recordings, of any format that the studio reads',
    required: true,
  },
  lfp: { kind: 'text', value: 'PATH', help: 'LFP series of each file; default the likeliest' },
  behaviour: {
    kind: 'list',
    value: 'PATH',
    help: 'behaviour series of each file, or none; default the likeliest',
  },
  ...ALIGN_OPTIONS,
  'front-end': {
    kind: 'text',
    choices: ['realtime', 'offline-paper'],
    help: 'default realtime; frames in a file need none',
  },
  notch: { kind: 'text', choices: ['50', '60', '0'], help: 'mains hum in Hz; default 60' },
  reference: {
    kind: 'text',
    choices: ['average', 'bipolar', 'none'],
    help: 'default average; bipolar takes neighbours in electrode order',
  },
  bands: {
    kind: 'list',
    value: 'LOW-HIGH',
    help: 'bands in Hz, such as 13-30 70-150, whose log powers follow the LFP; no part of REALM',
  },
  normalise: {
    kind: 'text',
    choices: ['training', 'running'],
    help: "z-score by the training fold's statistics (default), or by a running mean and deviation that start from these",
  },
  'normalise-s': {
    kind: 'number',
    value: 'S',
    help: `time constant of running; default ${RUNNING_Z_SCORE_S} s`,
    least: 1,
  },
  'frame-rate': { kind: 'number', value: 'HZ', help: 'of raw LFP; default 100', least: 1 },
  guard: { kind: 'number', value: 'S', help: 'left unused between the folds; default 5 s' },
  velocity: { kind: 'flag', help: 'turn a position into a velocity' },
};

/**
 * @param defaults for options that are not given, by metadata key of a model file
 * @throws Error when a file cannot be used, or the files' frame rates or bands differ
 */
export async function readRecordings(
  options: Options,
  terminal: Terminal,
  defaults: Readonly<Record<string, string>> = {},
): Promise<Features[]> {
  const frontEnd = frontEndOptions(options, defaults);
  const recordings: Features[] = [];
  for (const session of await readSessions(options, terminal)) {
    const features = extractFeatures(session, frontEnd);
    terminal.note(describe(features));
    for (const warning of session.warnings) terminal.note(`  ${warning}`);
    const [first] = recordings;
    if (first && first.frameRateHz !== features.frameRateHz) {
      throw new Error(
        `[data] expected one frame rate, got ${first.frameRateHz} Hz and ${features.frameRateHz} Hz in "${features.sessionName}": use recordings of one kind together`,
      );
    }
    recordings.push(features);
  }
  return recordings;
}

/** The last 20 % to test, 10 % before it to choose by, the rest to train. */
export function splitOf(options: Options, features: Features): Split {
  return contiguousSplit(features, { guardS: options.number('guard') });
}

/** @param defaults for options that are not given, by metadata key of a model file */
export function frontEndOptions(
  options: Options,
  defaults: Readonly<Record<string, string>>,
): FrontEndOptions {
  const given = (name: string, key: string): string | undefined =>
    options.text(name) ?? defaults[key];
  const kind = given('front-end', 'front_end');
  const notch = given('notch', 'notch_hz');
  const reference = given('reference', 'reference');
  const bands = options.list('bands');
  const powerBandsHz = (bands.length > 0 ? bands : (defaults.bands_hz?.split(' ') ?? [])).map(
    powerBandOf,
  );
  return {
    kind: kind === 'offline-paper' ? 'offline-paper' : 'realtime',
    frameRateHz: Number(given('frame-rate', 'frame_rate_hz') ?? 100),
    notchHz: notch === '50' ? 50 : notch === '0' ? 0 : 60,
    reference: reference === 'none' || reference === 'bipolar' ? reference : 'average',
    ...(powerBandsHz.length > 0 && { powerBandsHz }),
    behaviourAsVelocity: options.flag('velocity') || defaults.velocity === 'True',
    ...runningOption(options, defaults),
  };
}

function runningOption(
  options: Options,
  defaults: Readonly<Record<string, string>>,
): Pick<FrontEndOptions, 'runningZScoreS'> {
  const normalise = options.text('normalise') ?? defaults.normalise;
  const givenS = options.number('normalise-s');
  if (normalise === 'running') {
    return { runningZScoreS: givenS ?? Number(defaults.normalise_s ?? RUNNING_Z_SCORE_S) };
  }
  if (givenS === undefined) return {};
  throw new UsageError('--normalise-s expected --normalise running beside it');
}

function powerBandOf(text: string): PowerBand {
  const band = parseBand(text);
  if (band) return band;
  throw new UsageError(`--bands expects LOW-HIGH in Hz, such as 70-150, got ${text}`);
}

/** What a model file says about its front end, so that `evaluate` repeats it. */
export function frontEndMetadata(options: Options, features: Features): Record<string, string> {
  const { behaviourAsVelocity, ...chosen } = frontEndOptions(options, {});
  const { kind, notchHz, reference, powerBandsHz } = features.importedThrough ?? chosen;
  const hasFrontEnd = features.importedThrough || features.frontEnd !== 'none';
  return {
    front_end: hasFrontEnd ? kind : 'none',
    notch_hz: String(notchHz),
    reference: reference ?? 'average',
    ...(powerBandsHz?.length && {
      bands_hz: powerBandsHz.map(bandText).join(' '),
    }),
    velocity: behaviourAsVelocity ? 'True' : 'False',
    frame_rate_hz: String(features.frameRateHz),
    ...runningMetadata(features.runningZScoreS),
  };
}

/** Files that belong to one recording are opened as one. What nobody stated is said, as `import` says it. */
async function readSessions(options: Options, terminal: Terminal): Promise<Session[]> {
  const sources = [];
  for (const path of options.list('data')) sources.push(await fileSource(path));
  const files = await openFiles(sources);
  try {
    refuseEventsOfMany(options, files.length);
    const sessions: Session[] = [];
    for (const file of files) {
      const { mapping, reasons } = await mappingFor(file, options);
      for (const line of [...reasons, ...clockNotes(mapping)]) terminal.note(line);
      const session = await file.readSession(choiceOf(mapping));
      const warnings = session.warnings.filter((warning) => !reasons.includes(warning));
      sessions.push({ ...session, warnings });
    }
    return sessions;
  } finally {
    for (const file of files) file.close();
  }
}

function describe(features: Features): string {
  const { sessionName, synthetic, channelCount, bandCount, frameRateHz, frameCount } = features;
  const seconds = frameCount / frameRateHz;
  const columns =
    bandCount === 1 ? counted(channelCount, 'channel') : `${channelCount} x ${bandCount} bands`;
  const behaviour = features.behaviourNames.join(', ') || 'no behaviour';
  const frontEnd = features.importedThrough
    ? `imported through ${features.importedThrough.kind}`
    : features.frontEnd === 'none'
      ? 'as in the file'
      : features.frontEnd;
  return `${sessionName}${synthetic ? ' (synthetic)' : ''}: ${columns}, ${seconds.toFixed(0)} s at ${frameRateHz} Hz (${frontEnd}), ${behaviour}`;
}
