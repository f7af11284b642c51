// Axes of the decoder's charts: the moving window of time that all share, and heights that only grow.
import type uPlot from 'uplot';
import { DECODE_WINDOW_S } from '../series';
import type { PlaneRange } from './drawPlane';

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

/** Of the decoded values so much may leave the plane at each end: a wild first frame must not shrink the rest. */
const TAIL_FRACTION = 0.02;
const PLANE_MARGIN = 0.08;

/**
 * The square that holds every true value and the bulk of the decoded ones so far.
 * @returns call it with the columns x and y of either; NaN is passed over
 */
export function growingPlane(): (
  truth: readonly Float64Array[],
  decoded: readonly Float64Array[],
) => PlaneRange {
  const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const most = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return (truth, decoded) => {
    for (const axis of [0, 1]) {
      const all = truth[axis].filter(Number.isFinite);
      const bulk = decoded[axis].filter(Number.isFinite).sort();
      const cut = Math.floor(TAIL_FRACTION * bulk.length);
      for (const values of [all, bulk.subarray(cut, bulk.length - cut)]) {
        for (const value of values) {
          least[axis] = Math.min(least[axis], value);
          most[axis] = Math.max(most[axis], value);
        }
      }
    }
    const widest = Math.max(most[0] - least[0], most[1] - least[1]);
    if (!(widest > 0)) return { centre: [0, 0], reach: 1 };
    return {
      centre: [(least[0] + most[0]) / 2, (least[1] + most[1]) / 2],
      reach: (widest / 2) * (1 + PLANE_MARGIN),
    };
  };
}
