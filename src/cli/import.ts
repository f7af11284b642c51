// `import`: recordings through mapping and front end to compact sessions that say where they came from.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../base/counted';
import { writeArrow } from '../data/formats/arrow';
import { cpuDecimator } from '../data/formats/decimator';
import type { FileSource, OpenFile } from '../data/formats/fileFormat';
import { joinFiles } from '../data/formats/joinFiles';
import { reducedBy } from '../data/formats/sampleGrid';
import { bandName } from '../data/frontEnd/bandPower';
import { importSession } from '../data/importSession';
import type { Mapping } from '../data/mapping';
import type { AppliedFrontEnd } from '../data/provenance';
import { openFiles } from '../data/readers';
import { channelCountOf, durationS } from '../data/session';
import {
  choiceText,
  chooseDecimator,
  FRONT_END_DEVICES,
  type FrontEndDevice,
} from '../decode/chooseDecimator';
import { createGpuDecimator } from '../decode/gpuDecimator';
import type { GpuDevice } from '../gpu/device';
import { ALIGN_OPTIONS, refuseEventsOfMany } from './alignOptions';
import type { Command } from './command';
import { catchInterrupts } from './interruption';
import { clockNotes, mappingFor } from './mappingOptions';
import { type OpenedDevice, openDevice } from './nodeDevice';
import { fileNameOf, fileSource, replaceFile } from './nodeFiles';
import { type Options, type OptionTable, parseOptions } from './options';
import { formatTime, type Terminal } from './progress';
import { frontEndOptions, RECORDING_OPTIONS } from './recordings';

const { lfp, behaviour, notch, reference, bands } = RECORDING_OPTIONS;

const OPTIONS: OptionTable = {
  file: {
    kind: 'list',
    value: 'FILE',
    help: 'recordings; files of one recording are opened together',
    required: true,
    isPositional: true,
  },
  out: {
    kind: 'text',
    value: 'SESSION.arrow',
    help: 'the session; for several recordings a folder',
    required: true,
  },
  lfp,
  behaviour,
  channels: { kind: 'list', value: 'NAME', help: 'channels of the LFP to keep; default all' },
  gain: { kind: 'number', value: 'X', help: 'factor on the LFP', least: Number.NEGATIVE_INFINITY },
  unit: { kind: 'text', value: 'UNIT', help: 'of the LFP after the gain' },
  rate: { kind: 'number', value: 'HZ', help: 'of an LFP whose file states none' },
  ...ALIGN_OPTIONS,
  together: { kind: 'flag', help: 'the files are one recording, the LFP first' },
  mapping: { kind: 'text', value: 'FILE', help: 'mapping as JSON instead of --lfp to --rate' },
  'save-mapping': { kind: 'text', value: 'FILE', help: 'keep the mapping for other recordings' },
  'front-end': { ...RECORDING_OPTIONS['front-end'] },
  notch,
  reference,
  bands,
  'frame-rate': RECORDING_OPTIONS['frame-rate'],
  'front-end-device': {
    kind: 'text',
    choices: ['auto', ...FRONT_END_DEVICES],
    help: 'reduces broadband; default auto, the faster one when measured',
  },
};

export const importRecordings: Command = {
  name: 'import',
  summary: 'Bring recordings to frame rate, block by block, and write them as sessions.',
  options: OPTIONS,
  notes: [
    'A session is one Arrow file that the studio, train, evaluate and pyarrow open. It holds the frames, the',
    'behaviour, and its provenance: file hashes, mapping, front end, software version. Ctrl-C leaves nothing behind.',
  ].join('\n'),
  async run(args, terminal) {
    const options = parseOptions(OPTIONS, args);
    const sources: FileSource[] = [];
    for (const path of options.list('file')) sources.push(await fileSource(path));
    const controller = new AbortController();
    const interruption = catchInterrupts(() =>
      controller.abort(new Error('[import] stopped; nothing was written')),
    );
    const parts = await openFiles(sources);
    const isOne = options.flag('together') && parts.length > 1;
    const files = isOne
      ? [joinFiles(parts.map((file) => ({ source: { name: file.fileName }, file })))]
      : parts;
    const opened: OpenedDevice[] = [];
    const device = options.text('front-end-device') as FrontEndDevice | undefined;
    const makeDecimator = chooseDecimator({
      preference: device ?? 'auto',
      create: {
        cpu: cpuDecimator,
        async gpu(design) {
          if (opened.length === 0) opened.push(await openDevice('gpu'));
          return createGpuDecimator(opened[0].device as GpuDevice, design);
        },
      },
      onChoice: (choice) => terminal.note(choiceText(choice)),
    });
    try {
      refuseEventsOfMany(options, files.length);
      const outputs = outputsOf(files, options.required('out'));
      for (const [i, file] of files.entries()) {
        const ownSources = partsOf(file, files, sources);
        const reducing = file.sources.map((source) => reducedBy(source, makeDecimator));
        const asked = { ...file, sources: reducing };
        await importOne(asked, ownSources, outputs[i], options, controller.signal, terminal);
      }
    } catch (error) {
      if (interruption.exitCode === undefined) throw error;
      terminal.note((error as Error).message);
      return interruption.exitCode;
    } finally {
      interruption.release();
      for (const file of files) file.close();
      for (const one of opened) one.close();
    }
    return 0;
  },
};

async function importOne(
  file: OpenFile,
  sources: readonly FileSource[],
  out: string,
  options: Options,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const { mapping, reasons } = await mappingFor(file, options);
  for (const line of [...reasons, ...clockNotes(mapping)]) terminal.note(line);
  const startedMs = performance.now();
  const session = await importSession(file, sources, mapping, {
    frontEnd: frontEndOptions(options, {}),
    signal,
    onProgress: ({ fraction, timesRealTime, remainingS }) =>
      terminal.status(
        `${file.name}  ${(100 * fraction).toFixed(0)} %  ${timesRealTime.toFixed(1)} times real time  ${formatTime(remainingS)} left`,
      ),
  });
  await replaceFile(out, writeArrow(session));
  await saveMapping(options, mapping);
  const lengthS = durationS(session.lfp);
  const pace = lengthS / ((performance.now() - startedMs) / 1000);
  const { frontEnd, sourceRateHz } = session.provenance ?? {};
  terminal.print(
    `${out}: ${counted(channelCountOf(session), 'channel')}, ${lengthS.toFixed(0)} s from ${sourceRateHz?.toFixed(1)} to ` +
      `${session.lfp.rateHz} Hz (${frontEnd?.kind}), ${pace.toFixed(1)} times real time, ` +
      `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB at most`,
  );
  if (frontEnd) terminal.note(`  ${delayText(frontEnd)}`);
  const news = session.warnings.filter((warning) => !reasons.includes(warning));
  for (const warning of news) terminal.note(`  ${warning}`);
}

function delayText({ kind, groupDelayMs, powerBandsHz = [], bandDelaysMs = [] }: AppliedFrontEnd) {
  if (kind === 'none') return 'The file holds frames already: no front end.';
  if (kind === 'offline-paper') return 'Zero-phase filters look ahead: not for live use.';
  const powers = powerBandsHz.map(
    (band, b) => `, ${bandName(band)} power ${bandDelaysMs[b].toFixed(1)} ms`,
  );
  return `Group delay: LFP ${groupDelayMs.toFixed(1)} ms at 10 Hz${powers.join('')}.`;
}

async function saveMapping(options: Options, mapping: Mapping): Promise<void> {
  const path = options.text('save-mapping');
  if (path) await replaceFile(path, `${JSON.stringify(mapping, null, 2)}\n`);
}

function outputsOf(files: readonly OpenFile[], out: string): string[] {
  const isFolder = out.endsWith('/') || (existsSync(out) && statSync(out).isDirectory());
  if (isFolder) return files.map(({ name }) => join(out, `${fileNameOf(name)}.arrow`));
  if (files.length === 1) return [out];
  throw new Error(
    `[import] expected a folder for ${files.length} recordings, got --out ${out}: end it with /, import one at a time, or as one by --together`,
  );
}

/** The files of one recording; of the only one, all. */
function partsOf(
  file: OpenFile,
  files: readonly OpenFile[],
  sources: readonly FileSource[],
): readonly FileSource[] {
  if (files.length === 1) return sources;
  const names = file.fileName.split(', ');
  return sources.filter(({ name }) => names.includes(name));
}
