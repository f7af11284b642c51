/** Mains hum of a channel, before and behind the notches of the front ends. */
import { median } from './channelMeasures';
import { filterInPlace, mainsNotches } from './frontEnd/biquad';
import { powerSpectrum } from './powerSpectrum';

export interface LineNoise {
  readonly mainsHz: 50 | 60;
  readonly ratio: number;
  /** The same behind the notches of the front ends. */
  readonly ratioAfterNotch: number;
}

const HARMONICS = 3;

/** @param parts stretches of one channel */
export function lineNoiseOf(
  parts: readonly Float64Array[],
  rateHz: number,
  mainsHz: 50 | 60,
): LineNoise {
  const notches = mainsNotches(mainsHz, rateHz);
  const notched = parts.map((part) => {
    const x = part.map((value) => (Number.isFinite(value) ? value : 0));
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    for (let i = 0; i < x.length; i++) x[i] -= mean;
    for (const section of notches) filterInPlace(section, x, x.length, new Float64Array(2), 0);
    // The notch rings in for about a second.
    return x.subarray(Math.min(x.length >> 1, Math.round(rateHz)));
  });
  return {
    mainsHz,
    ratio: lineRatio(parts, rateHz, mainsHz),
    ratioAfterNotch: lineRatio(notched, rateHz, mainsHz),
  };
}

/**
 * Peak power density within 1 Hz of the mains frequency and each harmonic, summed, over the summed median
 * density from 2 to 7 Hz beside them. NaN where the rate or the length is too small to tell.
 */
function lineRatio(parts: readonly Float64Array[], rateHz: number, mainsHz: number): number {
  const shortest = Math.min(...parts.map(({ length }) => length));
  const windowSamples = 2 ** Math.floor(Math.log2(Math.min(shortest, 2 * rateHz)));
  if (!(windowSamples >= rateHz / 2)) return Number.NaN;
  const spectra = parts.map((part) => powerSpectrum(part, rateHz, windowSamples));
  const { frequenciesHz } = spectra[0];
  const density = frequenciesHz.map((_, k) =>
    spectra.reduce((sum, one) => sum + one.density[k], 0),
  );
  let line = 0;
  let beside = 0;
  for (let h = 1; h <= HARMONICS && h * mainsHz + 7 < rateHz / 2; h++) {
    const near: number[] = [];
    const around: number[] = [];
    frequenciesHz.forEach((hz, k) => {
      const distance = Math.abs(hz - h * mainsHz);
      if (distance <= 1) near.push(density[k]);
      else if (distance >= 2 && distance <= 7) around.push(density[k]);
    });
    line += Math.max(...near);
    beside += median(around);
  }
  return line / beside;
}

/** @param series `[channel][stretch]` */
export function strongerMains(
  series: readonly (readonly Float64Array[])[],
  rateHz: number,
): 50 | 60 {
  const typical = (hz: number) => median(series.map((parts) => lineRatio(parts, rateHz, hz)));
  return typical(60) > typical(50) ? 60 : 50;
}
