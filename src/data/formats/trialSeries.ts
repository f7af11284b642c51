/** Trials cut out of one recording, put back where they lay; the time between them is a gap. */

import { gapsBetween } from './fileRuns';
import { numbered } from './frameArrays';
import { countOf, type MatNumeric } from './matValue';
import { placeRuns } from './placeRuns';
import type { SeriesSource } from './sampleGrid';

export interface Trial {
  readonly startS: number;
  readonly rateHz: number;
  /** One matrix with all columns, or one vector per column. */
  readonly columns: readonly MatNumeric[];
  readonly count: number;
}

export function trialSeries(
  path: string,
  kind: 'lfp' | 'behaviour',
  unit: string,
  trials: readonly Trial[],
  labels?: readonly string[],
): SeriesSource {
  const width = Math.max(...trials.map(widthOf));
  const columns = labels?.length === width ? [...labels] : numbered('ch', width);
  const inOrder = [...trials].sort((a, b) => a.startS - b.startS);
  const packets = inOrder.map(({ startS, count }, i) => ({
    timeS: startS,
    sampleCount: count,
    byteOffset: i,
  }));
  const { runs, rateHz, startS } = placeRuns(packets, trials[0].rateHz, path);
  const last = runs[runs.length - 1];
  const sampleCount = last.startSample + last.sampleCount;
  const gaps = gapsBetween(runs);
  const units = new Array<string>(width).fill(unit);
  return {
    info: {
      path,
      name: path,
      kind,
      shape: [sampleCount, width],
      rateHz,
      unit,
      columns,
      startS,
      gaps,
    },
    open: async () => ({
      rateHz,
      startS,
      sampleCount,
      gaps,
      units,
      async read(startSample, endSample) {
        const out = new Float32Array((endSample - startSample) * width).fill(Number.NaN);
        for (const run of runs) {
          const from = Math.max(startSample, run.startSample);
          const to = Math.min(endSample, run.startSample + run.sampleCount);
          if (from >= to) continue;
          const at = (from - startSample) * width;
          await copyTrial(
            inOrder[run.byteOffset],
            from - run.startSample,
            to - run.startSample,
            width,
            out,
            at,
          );
        }
        return out;
      },
    }),
  };
}

function widthOf({ columns, count }: Trial): number {
  return columns.length > 1 ? columns.length : Math.round(countOf(columns[0].dims) / count);
}

async function copyTrial(
  { columns, count }: Trial,
  from: number,
  to: number,
  width: number,
  out: Float32Array,
  at: number,
): Promise<void> {
  let column = 0;
  for (const { array, dims } of columns) {
    if (!array) continue;
    const own = Math.round(countOf(dims) / count);
    const axis = array.dims.length === 1 || array.dims[0] === count ? 0 : 1;
    const values = await array.read(axis, from, Math.min(to, count));
    for (let i = 0; i < to - from; i++) {
      for (let c = 0; c < own; c++) out[at + i * width + column + c] = values[i * own + c];
    }
    column += own;
  }
}
