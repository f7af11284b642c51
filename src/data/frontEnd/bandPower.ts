/** Causal power of a frequency band: band-pass, square, one-pole smoothing; its logarithm is a feature beside the LFP. */
import { bandText } from '../../base/bandText';
import { type Biquad, bandPass, filterInPlace, groupDelayS } from './biquad';

/** In Hz, half power at both edges. */
export type PowerBand = readonly [lowHz: number, highHz: number];

export interface BandPower {
  /** The first `count` values of one channel become their smoothed power; calls continue one another exactly. */
  run(channel: number, x: Float64Array, count: number): void;
  reset(): void;
  /** Of the envelope: the band-pass at the middle of the band, plus the smoothing. */
  readonly delayS: number;
}

/** Time constant of the smoothing: as long as the bins in which Flint et al. (2012) take band powers. */
const SMOOTHING_S = 0.05;
/** Broadband is low-passed here on reading, so that nothing above holds a signal. */
const HIGHEST_SHARE_OF_RATE = 0.4;
/** A silent channel has no logarithm. */
const LEAST_POWER = 1e-30;

/** @throws when the band does not fit below the sampling rate */
export function createBandPower(
  [lowHz, highHz]: PowerBand,
  rateHz: number,
  channelCount: number,
): BandPower {
  const limitHz = HIGHEST_SHARE_OF_RATE * rateHz;
  if (!(lowHz > 0 && highHz > lowHz && highHz <= limitHz)) {
    throw new Error(
      `[band power] expected a band between 0 and ${limitHz.toFixed(0)} Hz (${HIGHEST_SHARE_OF_RATE} of the ` +
        `${rateHz.toFixed(1)} Hz sampled), got ${lowHz}-${highHz} Hz: choose a lower band`,
    );
  }
  const sections = bandPass(lowHz, highHz, rateHz);
  const share = -Math.expm1(-1 / (SMOOTHING_S * rateHz));
  const smoothing: Biquad = { b0: share, b1: 0, b2: 0, a1: share - 1, a2: 0 };
  const stride = 2 * (sections.length + 1);
  const state = new Float64Array(channelCount * stride);
  return {
    run(channel, x, count) {
      const at = channel * stride;
      sections.forEach((section, s) => {
        filterInPlace(section, x, count, state, at + 2 * s);
      });
      for (let i = 0; i < count; i++) x[i] *= x[i];
      filterInPlace(smoothing, x, count, state, at + 2 * sections.length);
    },
    reset: () => void state.fill(0),
    delayS: groupDelayS(sections, Math.sqrt(lowHz * highHz), rateHz) + (1 / share - 1) / rateHz,
  };
}

/** Natural logarithm, so that a doubling counts the same wherever it happens. */
export function logPower(power: number): number {
  return Math.log(Math.max(power, LEAST_POWER));
}

export function bandName(band: PowerBand): string {
  return `${bandText(band)} Hz`;
}
