/** The common part of all readers: an open file made of series that are read in slices. */
import { assembleSession } from '../assembleSession';
import { isElsewhere, togetherWarning } from '../clockAlignment';
import type { FileFormat, OpenFile, SeriesChoice } from './fileFormat';
import type { RecordingStart } from './recordingStart';
import { MAX_VALUES, readWhole, type SampleGrid, type SeriesSource } from './sampleGrid';

/** Slower LFP has nothing left to filter: its samples are the frames. */
export const MIN_FRONT_END_HZ = 100;
const FRAMES_NOTE = `Below ${MIN_FRONT_END_HZ} Hz samples are taken as frames, without a front end.`;

export interface RecordingParts {
  readonly format: FileFormat;
  /** Shown in messages. */
  readonly fileName: string;
  /** Name of the sessions read from it. */
  readonly name: string;
  readonly subject?: string;
  readonly recordedAt?: string;
  readonly recordingStart?: RecordingStart;
  readonly sources: readonly SeriesSource[];
  readonly warnings: readonly string[];
  /** Those that also hold for every session read; absent: all. */
  readonly sessionWarnings?: readonly string[];
  close?(): void;
  /** Turns a library's error into one sentence. */
  explain?(error: unknown): Error;
}

/** @throws one sentence when there is no series at all */
export function openRecording(parts: RecordingParts): OpenFile {
  const { format, fileName, sources, explain } = parts;
  if (sources.length === 0) {
    throw new Error(
      `[${format}] expected at least one series of numbers in "${fileName}", got none: ` +
        'choose the file that holds the recorded signals',
    );
  }
  const grids = new Map<string, Promise<SampleGrid>>();
  const gridOf = (path: string, choice?: SeriesChoice): Promise<SampleGrid> => {
    const rateHz = choice?.rateHz?.[path];
    const key = `${rateHz ?? ''} ${path}`;
    const known = grids.get(key) ?? pick(sources, path, parts).open(rateHz);
    grids.set(key, known);
    return known;
  };
  const inOneSentence = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw explain ? explain(error) : error;
    }
  };
  const readSignal = async (path: string, choice: SeriesChoice) => {
    const grid = await gridOf(path, choice);
    if (!(grid.rateHz > 0) || !Number.isFinite(grid.rateHz)) {
      throw new Error(
        `[${format}] expected a sampling rate for ${path} in "${fileName}", got none: ` +
          'state the rate of this series, or choose one that has time stamps',
      );
    }
    const { signal, warnings } = await readWhole(pick(sources, path, parts).info, grid);
    const offsetS = choice.offsetS?.[path] ?? 0;
    return { signal: { ...signal, startS: signal.startS + offsetS }, warnings };
  };
  return {
    format,
    fileName: parts.fileName,
    name: parts.name,
    subject: parts.subject ?? parts.name,
    recordedAt: parts.recordedAt,
    recordingStart: parts.recordingStart,
    sources,
    series: sources.map(({ info }) => info),
    warnings: [...parts.warnings],
    sessionWarnings: parts.sessionWarnings ?? parts.warnings,
    readSession: (choice) =>
      inOneSentence(async () => {
        const { bands, columnMask } = pick(sources, choice.lfp, parts);
        const lfp = await readSignal(choice.lfp, choice);
        const isSlow = lfp.signal.rateHz < MIN_FRONT_END_HZ;
        if (isSlow && bands === undefined) lfp.warnings.push(FRAMES_NOTE);
        const behaviour = [];
        for (const path of choice.behaviour ?? []) behaviour.push(await readSignal(path, choice));
        const infoOf = (path: string) => pick(sources, path, parts).info;
        const unaligned = (choice.behaviour ?? []).filter(
          (path) =>
            choice.offsetS?.[path] === undefined && isElsewhere(infoOf(choice.lfp), infoOf(path)),
        );
        return assembleSession({
          name: parts.name,
          subject: parts.subject ?? parts.name,
          lfp: lfp.signal,
          bands: bands ?? ['raw'],
          behaviour: behaviour.map(({ signal }) => signal),
          alreadyFrames: bands !== undefined || isSlow,
          channelMask: columnMask,
          warnings: [
            ...(parts.sessionWarnings ?? parts.warnings),
            ...unaligned.map((path) => togetherWarning(infoOf(choice.lfp), infoOf(path))),
            ...[lfp, ...behaviour].flatMap((part) => part.warnings),
          ],
        });
      }),
    readSlice: (path, startSample, endSample) =>
      inOneSentence(async () => {
        const grid = await gridOf(path);
        const width = pick(sources, path, parts).info.columns.length;
        const isInside =
          startSample >= 0 && startSample <= endSample && endSample <= grid.sampleCount;
        if (!isInside || (endSample - startSample) * width > MAX_VALUES) {
          throw new Error(
            `[series] expected a range within the ${grid.sampleCount} samples of ${path} and of at most ` +
              `${MAX_VALUES} values, got ${startSample} to ${endSample}: ask for less`,
          );
        }
        return grid.read(startSample, endSample);
      }),
    readClock: (path) =>
      inOneSentence(async () => {
        const { rateHz, startS, sampleCount, gaps } = await gridOf(path);
        return { rateHz, startS, sampleCount, gaps };
      }),
    close: () => parts.close?.(),
  };
}

function pick(
  sources: readonly SeriesSource[],
  path: string,
  { format, fileName }: RecordingParts,
): SeriesSource {
  const found = sources.find(({ info }) => info.path === path);
  if (found) return found;
  const names = sources.slice(0, 20).map(({ info }) => info.path);
  throw new Error(
    `[${format}] expected one of ${names.join(', ')}, got "${path}" in "${fileName}": ` +
      'choose one of the listed series',
  );
}
