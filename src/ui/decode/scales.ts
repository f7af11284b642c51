// Axes of the decoder's charts: the moving window of time that all share, and heights that only grow.
import type uPlot from 'uplot';
import { DECODE_WINDOW_S } from '../series';

/** Ends at the newest frame and is always equally wide. */
export function windowScale(): uPlot.Scale {
  return {
    time: false,
    range: (_, from, to) => {
      if (from === null || to === null) return [0, DECODE_WINDOW_S];
      const end = Math.max(to, from + DECODE_WINDOW_S);
      return [end - DECODE_WINDOW_S, end];
    },
  };
}

/** A scale that breathes with its window hides the size of movements. */
export function growingScale(): uPlot.Scale {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  return {
    range: (_, low, high) => {
      if (low !== null && high !== null) {
        least = Math.min(least, low);
        most = Math.max(most, high);
      }
      if (!(most > least)) return [-1, 1];
      const margin = 0.06 * (most - least);
      return [least - margin, most + margin];
    },
  };
}
