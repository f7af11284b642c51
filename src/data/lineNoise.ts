/** Mains hum of a channel: as recorded, behind its own notch, and behind the notch that is set. */
import { median } from './channelMeasures';
import { filterInPlace, mainsNotches } from './frontEnd/biquad';
import { powerSpectrum } from './powerSpectrum';

export type MainsHz = 50 | 60;

export interface LineNoise {
  readonly mainsHz: MainsHz;
  readonly ratio: number;
  /** The same behind the front ends' notches at `mainsHz` and its harmonics. */
  readonly ratioAfterNotch: number;
  /** The same behind the notches that are set, which may be others or none. */
  readonly ratioAsSet: number;
}

/** Power densities of one channel, summed over its stretches. */
export interface ChannelSpectrum {
  readonly frequenciesHz: Float32Array;
  readonly density: Float64Array;
}

const HARMONICS = 3;

/**
 * @param parts stretches of one channel
 * @param spectrum theirs
 */
export function lineNoiseOf(
  parts: readonly Float64Array[],
  spectrum: ChannelSpectrum | undefined,
  rateHz: number,
  mainsHz: MainsHz,
  notchHz: MainsHz | 0,
): LineNoise {
  const ratio = lineRatio(spectrum, mainsHz);
  const behind = (hz: MainsHz) =>
    lineRatio(channelSpectrum(notched(parts, rateHz, hz), rateHz), mainsHz);
  const ratioAfterNotch = behind(mainsHz);
  const ratioAsSet =
    notchHz === 0 ? ratio : notchHz === mainsHz ? ratioAfterNotch : behind(notchHz);
  return { mainsHz, ratio, ratioAfterNotch, ratioAsSet };
}

/** Without the first second, in which the notch rings in. */
export function notched(
  parts: readonly ArrayLike<number>[],
  rateHz: number,
  notchHz: MainsHz,
): Float64Array[] {
  const notches = mainsNotches(notchHz, rateHz);
  return parts.map((part) => {
    const x = Float64Array.from(part, (value) => (Number.isFinite(value) ? value : 0));
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    for (let i = 0; i < x.length; i++) x[i] -= mean;
    for (const section of notches) filterInPlace(section, x, x.length, new Float64Array(2), 0);
    // The notch rings in for about a second.
    return x.subarray(Math.min(x.length >> 1, Math.round(rateHz)));
  });
}

/**
 * Of the stretches that hold a window of a second or two.
 * @returns undefined where they are too short to tell mains from their neighbourhood
 */
export function channelSpectrum(
  parts: readonly Float64Array[],
  rateHz: number,
): ChannelSpectrum | undefined {
  const longest = Math.max(0, ...parts.map(({ length }) => length));
  const windowSamples = 2 ** Math.floor(Math.log2(Math.min(longest, 2 * rateHz)));
  if (!(windowSamples >= rateHz / 2)) return undefined;
  const spectra = parts
    .filter(({ length }) => length >= windowSamples)
    .map((part) => powerSpectrum(part, rateHz, windowSamples));
  const { frequenciesHz } = spectra[0];
  const density = new Float64Array(frequenciesHz.length);
  for (const one of spectra)
    one.density.forEach((value, k) => {
      density[k] += value;
    });
  return { frequenciesHz, density };
}

/**
 * Peak power density within 1 Hz of the mains frequency and each harmonic, summed, over the summed median
 * density from 2 to 7 Hz beside them. NaN where the rate is too small to tell.
 */
function lineRatio(spectrum: ChannelSpectrum | undefined, mainsHz: number): number {
  if (!spectrum) return Number.NaN;
  const { frequenciesHz, density } = spectrum;
  const nyquistHz = frequenciesHz[frequenciesHz.length - 1];
  let line = 0;
  let beside = 0;
  for (let h = 1; h <= HARMONICS && h * mainsHz + 7 < nyquistHz; h++) {
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

/** @param spectra `[channel]` */
export function strongerMains(spectra: readonly (ChannelSpectrum | undefined)[]): MainsHz {
  const typical = (hz: MainsHz) => median(spectra.map((spectrum) => lineRatio(spectrum, hz)));
  return typical(60) > typical(50) ? 60 : 50;
}

/** Hum is named from here on. */
const AUDIBLE_RATIO = 3;

/** One sentence on the hum of a recording and what the notch that is set makes of it; none where it cannot be told. */
export function humNotes(noises: readonly LineNoise[], notchHz: MainsHz | 0): string[] {
  const known = noises.filter(({ ratio }) => ratio > 0);
  if (known.length === 0) return [];
  const typical = (of: (noise: LineNoise) => number) => median(known.map(of));
  const ratio = typical((noise) => noise.ratio);
  if (!(ratio > AUDIBLE_RATIO)) return ['No mains hum stands out.'];
  const { mainsHz } = known[0];
  const after = typical((noise) => noise.ratioAfterNotch).toFixed(2);
  const asSet = typical((noise) => noise.ratioAsSet);
  const hum = `There is ${mainsHz} Hz hum: in the median channel ${ratio.toFixed(1)} times the power beside it`;
  if (notchHz === mainsHz)
    return [`${hum}, ${after} times behind the ${mainsHz} Hz notch that is set.`];
  const remedy = `a ${mainsHz} Hz notch would leave ${after} times`;
  return notchHz === 0
    ? [`${hum}, and no notch is set; ${remedy}.`]
    : [
        `${hum}, still ${asSet.toFixed(1)} times behind the ${notchHz} Hz notch that is set; ${remedy}.`,
      ];
}
