/** Brings the behaviour's clock onto that of an LFP from another file: by start time, by shared events, or as stated. */
import type { SeriesInfo } from './formats/fileFormat';
import type { RecordingStart } from './formats/recordingStart';

/** Why an offset is what it is, kept with it. */
export interface ClockAlignment {
  readonly by: 'start' | 'events' | 'offset';
  readonly reason: string;
  /** Of several events: the farthest that one lies beside the median. */
  readonly residualS?: number;
}

/** Part of a series' mapping. */
export interface ClockOffset {
  /** Seconds added to the behaviour's clock. */
  readonly offsetS: number;
  readonly alignedBy: ClockAlignment;
}

/** Two frames of 10 ms: clocks that disagree by more would blur what is decoded. */
export const MOST_RESIDUAL_S = 0.02;

/**
 * @throws when a file does not say when it began, or only one of the two names its time zone
 */
export function offsetFromStarts(lfp: SeriesInfo, behaviour: SeriesInfo): ClockOffset {
  const [a, b] = [startOf(lfp), startOf(behaviour)];
  if (a.isZoneStated !== b.isZoneStated) {
    const local = (a.isZoneStated ? behaviour : lfp).fileName;
    throw new Error(
      `[align] expected start times with their time zone, got a local one from "${local}": ` +
        'align by a shared event or by an offset instead',
    );
  }
  const offsetS = (b.utcMs - a.utcMs) / 1000;
  const isCoarse = Math.max(a.resolutionS, b.resolutionS) > MOST_RESIDUAL_S;
  return {
    offsetS,
    alignedBy: {
      by: 'start',
      reason:
        `"${lfp.fileName}" states that it began at ${textOf(a)} and "${behaviour.fileName}" at ${textOf(b)}` +
        (isCoarse ? '; that is good to a second only, a shared event is better' : ''),
    },
  };
}

/**
 * The median of the differences between the times of the same events on both clocks. The order does not matter.
 * @throws when there are no events, not as many of each, or they differ from the median by more than
 * {@link MOST_RESIDUAL_S}
 */
export function offsetFromEvents(
  lfpEventsS: readonly number[],
  behaviourEventsS: readonly number[],
): ClockOffset {
  const count = lfpEventsS.length;
  const isPaired = count > 0 && count === behaviourEventsS.length;
  if (!isPaired || ![...lfpEventsS, ...behaviourEventsS].every(Number.isFinite)) {
    throw new Error(
      `[align] expected the times of the same events on both clocks, got ${count} of the LFP and ` +
        `${behaviourEventsS.length} of the behaviour: give as many numbers for each, in seconds`,
    );
  }
  const behaviourInOrder = [...behaviourEventsS].sort((a, b) => a - b);
  const differences = [...lfpEventsS]
    .sort((a, b) => a - b)
    .map((timeS, i) => timeS - behaviourInOrder[i]);
  const inOrder = [...differences].sort((a, b) => a - b);
  const offsetS = (inOrder[(count - 1) >> 1] + inOrder[count >> 1]) / 2;
  const residualS = Math.max(...differences.map((difference) => Math.abs(difference - offsetS)));
  const spread = `${(1000 * residualS).toFixed(1)} ms`;
  if (residualS > MOST_RESIDUAL_S) {
    throw new Error(
      `[align] expected events that lie equally far apart on both clocks to ${1000 * MOST_RESIDUAL_S} ms, got ` +
        `${spread} beside their median: these are not the same events, or one clock runs faster`,
    );
  }
  const reason =
    count === 1
      ? 'one event, with no second one to check it against'
      : `the median of ${count} events, of which none lies more than ${spread} beside it`;
  return { offsetS, alignedBy: { by: 'events', reason, ...(count > 1 && { residualS }) } };
}

/** @param offsetS seconds added to the behaviour's clock, as a person stated them */
export function statedOffset(offsetS: number): ClockOffset {
  return { offsetS, alignedBy: { by: 'offset', reason: 'stated by hand' } };
}

/** Whether the two can be on different clocks. */
export function isElsewhere(lfp: SeriesInfo, behaviour: SeriesInfo): boolean {
  return lfp.fileName !== behaviour.fileName;
}

/** What a person is told who stated no alignment. */
export function togetherWarning(lfp: SeriesInfo, behaviour: SeriesInfo): string {
  return (
    `Clocks: "${lfp.fileName}" and "${behaviour.fileName}" are assumed to begin together, which nobody has stated: ` +
    'align them by start time, by a shared event or by an offset.'
  );
}

function startOf({ fileName, recordingStart }: SeriesInfo): RecordingStart {
  if (recordingStart) return recordingStart;
  throw new Error(
    `[align] expected to learn when "${fileName ?? 'each of two files'}" began, got no start time: ` +
      'align by a shared event or by an offset instead',
  );
}

function textOf({ utcMs, isZoneStated }: RecordingStart): string {
  const text = new Date(utcMs).toISOString().replace('T', ' ').replace(/Z$/, '');
  return isZoneStated ? `${text} UTC` : `${text} local time`;
}
