/** Trials cut out of one recording, put back where they lay; the time between them is a gap. */
import { gapsBetween } from './fileRuns';
import { numbered } from './frameArrays';
import { countOf, type MatNumeric } from './matValue';
import { placeRuns } from './placeRuns';
import type { SeriesSource } from './sampleGrid';

export interface Trial {
  readonly startS: number;
  readonly rateHz: number;
  readonly count: number;
  /** One matrix with all columns, or one vector per column; undefined where this trial lacks the column. */
  readonly columns: readonly (MatNumeric | undefined)[];
}

/** Left open between trials whose times start afresh each, so that nobody knows how far apart they were. */
const UNKNOWN_PAUSE_S = 1;

/**
 * Start times of trials: their own, or one after the other where most would overlap, because then each
 * counts from its own beginning.
 */
export function trialStarts(
  trials: readonly { readonly startS: number; readonly durationS: number }[],
): { startsS: number[]; isSequential: boolean } {
  let overlaps = 0;
  for (let i = 1; i < trials.length; i++) {
    const previous = trials[i - 1];
    if (trials[i].startS < previous.startS + previous.durationS / 2) overlaps += 1;
  }
  const isSequential = overlaps > trials.length / 2;
  if (!isSequential) return { startsS: trials.map(({ startS }) => startS), isSequential };
  let next = 0;
  const startsS = trials.map(({ durationS }) => {
    const startS = next;
    next += durationS + UNKNOWN_PAUSE_S;
    return startS;
  });
  return { startsS, isSequential };
}

/** Where trials overlap, the later one begins when the earlier one has ended. */
export function trialSeries(
  path: string,
  kind: 'lfp' | 'behaviour',
  unit: string,
  trials: readonly Trial[],
  labels?: readonly string[],
): SeriesSource {
  const width = Math.max(...trials.map(widthOf));
  const columns = labels?.length === width ? [...labels] : numbered('ch', width);
  const placed = withoutOverlap(trials);
  const packets = placed.map(({ trial, skip }, i) => ({
    timeS: trial.startS + skip / trial.rateHz,
    sampleCount: trial.count - skip,
    byteOffset: i,
  }));
  const { runs, rateHz, startS } = placeRuns(packets, trials[0].rateHz, path);
  const last = runs[runs.length - 1];
  const sampleCount = last.startSample + last.sampleCount;
  const gaps = gapsBetween(runs);
  const shape = [sampleCount, width];
  return {
    info: { path, name: path, kind, shape, rateHz, unit, columns, startS, gaps },
    open: async () => ({
      rateHz,
      startS,
      sampleCount,
      gaps,
      units: new Array<string>(width).fill(unit),
      async read(startSample, endSample) {
        const out = new Float32Array((endSample - startSample) * width).fill(Number.NaN);
        for (const run of runs) {
          const from = Math.max(startSample, run.startSample);
          const to = Math.min(endSample, run.startSample + run.sampleCount);
          if (from >= to) continue;
          const { trial, skip } = placed[run.byteOffset];
          const first = from - run.startSample + skip;
          await copyTrial(
            trial,
            first,
            first + to - from,
            width,
            out,
            (from - startSample) * width,
          );
        }
        return out;
      },
    }),
  };
}

function withoutOverlap(trials: readonly Trial[]): { trial: Trial; skip: number }[] {
  const placed: { trial: Trial; skip: number }[] = [];
  let endS = Number.NEGATIVE_INFINITY;
  for (const trial of [...trials].sort((a, b) => a.startS - b.startS)) {
    const skip = Math.max(0, Math.round((endS - trial.startS) * trial.rateHz));
    if (skip >= trial.count) continue;
    placed.push({ trial, skip });
    endS = trial.startS + trial.count / trial.rateHz;
  }
  return placed;
}

function widthOf({ columns, count }: Trial): number {
  const [first] = columns;
  return columns.length === 1 && first ? Math.round(countOf(first.dims) / count) : columns.length;
}

async function copyTrial(
  { columns, count }: Trial,
  from: number,
  to: number,
  width: number,
  out: Float32Array,
  at: number,
): Promise<void> {
  for (const [c, column] of columns.entries()) {
    const array = column?.array;
    if (!array) continue;
    const isVector = array.dims.length === 1;
    const axis = isVector || array.dims[0] === count ? 0 : 1;
    const own = isVector ? 1 : array.dims[1 - axis];
    const end = Math.min(to, array.dims[axis]);
    if (from >= end) continue;
    const values = await array.read(axis, from, end);
    for (let i = 0; i < end - from; i++) {
      for (let k = 0; k < own; k++) out[at + i * width + c + k] = values[i * own + k];
    }
  }
}
