// The moving window of time that all charts of the decoder share.
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
