/** From an open file to a session: short recordings as they are, long ones brought to frame rate in bounded memory. */
import { SOFTWARE_VERSION } from '../base/version';
import { extractSession } from '../data/extractStream';
import type { MakeDecimator } from '../data/formats/decimator';
import type { OpenFile } from '../data/formats/fileFormat';
import { openRecording } from '../data/formats/recording';
import { reducedClock } from '../data/formats/reducedBlocks';
import { applyMapping, locatedMapping, type Mapping } from '../data/mapping';
import type { Session } from '../data/session';
import { frontEndOf } from './preparing';
import type { DataSettings } from './recordingsApi';

/** 128 MiB of float32. Of a larger recording the frames are kept, and not the samples. */
export const MOST_RAW_VALUES = 2 ** 25;

export interface ImportOptions {
  readonly data: DataSettings;
  readonly signal: AbortSignal;
  /** Told after each block with the LFP's fraction read, 0 to 1, and its seconds. */
  readonly onRead: (fraction: number, readS: number) => void;
  /** How broadband is reduced; default on the processor. */
  readonly makeDecimator?: MakeDecimator;
  readonly mostRawValues?: number;
}

/**
 * The session without its provenance's files. A recording of more than `mostRawValues` goes block by block
 * through the settings' front end.
 * @throws one sentence when a series is missing, has no rate or is damaged; the signal's reason
 */
export async function importFile(
  opened: OpenFile,
  asked: Mapping,
  { data, signal, onRead, makeDecimator, mostRawValues = MOST_RAW_VALUES }: ImportOptions,
): Promise<Session> {
  // A saved session comes back as it was saved.
  if (opened.format === 'arrow') return applyMapping(opened, asked);
  const mapping = locatedMapping(opened, asked);
  const file = watched(opened, mapping.lfp.path, signal, onRead, makeDecimator);
  const source = file.sources.find(({ info }) => info.path === mapping.lfp.path)!;
  const grid = await source.open(mapping.lfp.rateHz);
  const isLong = reducedClock(grid).sampleCount * source.info.columns.length > mostRawValues;
  const origin = {
    files: [],
    mapping,
    sourceRateHz: grid.rateHz,
    softwareVersion: SOFTWARE_VERSION,
  };
  const when = opened.recordedAt && { recordedAt: opened.recordedAt };
  if (!isLong || source.bands) {
    const session = await applyMapping(file, mapping);
    return { ...session, ...when, provenance: origin };
  }
  const { session, frontEnd } = await extractSession(file, mapping, {
    frontEnd: frontEndOf(data, data.frontEnd),
    signal,
  });
  const { kind, frameRateHz, notchHz } = frontEnd;
  const notch = notchHz === 0 ? 'without a notch' : `with a ${notchHz} Hz notch`;
  const note = `A long recording: brought to ${frameRateHz} Hz on import by the ${kind} front end ${notch}; its samples were not kept.`;
  return {
    ...session,
    ...when,
    warnings: [...session.warnings, note],
    provenance: { ...origin, frontEnd },
  };
}

/** The same file, whose reads can be stopped and tell how far they are. */
function watched(
  file: OpenFile,
  lfpPath: string,
  signal: AbortSignal,
  onRead: ImportOptions['onRead'],
  makeDecimator: MakeDecimator | undefined,
): OpenFile {
  return openRecording({
    ...file,
    sources: file.sources.map((source) => ({
      ...source,
      async open(statedRateHz) {
        const grid = await source.open(statedRateHz);
        const isLfp = source.info.path === lfpPath;
        return {
          ...grid,
          makeDecimator,
          async read(startSample, endSample) {
            signal.throwIfAborted();
            const values = await grid.read(startSample, endSample);
            if (isLfp) onRead(endSample / grid.sampleCount, endSample / grid.rateHz);
            return values;
          },
        };
      },
    })),
  });
}
