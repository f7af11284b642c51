/** Stretches of equal missingness, gathered block by block, from which gaps follow once the used channels are known. */
import type { SampleRange } from './session';

export interface MissingRuns {
  /** @param block `[sample, column]`, in order */
  add(block: Float32Array): void;
  /** Stretches in which no used column has a finite value. */
  gaps(isUsed: (column: number) => boolean): SampleRange[];
}

interface Run {
  readonly startSample: number;
  endSample: number;
  /** `[column]`, 1 where the value is finite. */
  readonly finite: Uint8Array;
}

/** Memory grows with the number of changes, not with that of samples. */
export function createMissingRuns(width: number): MissingRuns {
  const runs: Run[] = [];
  let sample = 0;
  const finite = new Uint8Array(width);
  return {
    add(block) {
      for (let start = 0; start < block.length; start += width, sample++) {
        let finiteCount = 0;
        for (let c = 0; c < width; c++) {
          finite[c] = Number.isFinite(block[start + c]) ? 1 : 0;
          finiteCount += finite[c];
        }
        if (finiteCount === width) continue;
        const last = runs[runs.length - 1];
        if (last?.endSample === sample && last.finite.every((value, c) => value === finite[c])) {
          last.endSample += 1;
        } else {
          runs.push({ startSample: sample, endSample: sample + 1, finite: finite.slice() });
        }
      }
    },
    gaps: (isUsed) =>
      runs.filter(({ finite: known }) => !known.some((value, c) => value === 1 && isUsed(c))),
  };
}
