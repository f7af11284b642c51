/**
 * REALM's published preprocessing: zero-phase filters and Fourier resampling. It uses the future, so a
 * result made with it is model-causal only. Its whole-session z-score is left to `normalise`.
 */
import { butterworth, mainsNotches } from './biquad';
import type { RealtimeFrontEndOptions } from './realtime';
import { createReference } from './reference';
import { createFourierResampler } from './resample';
import { filterZeroPhase } from './zeroPhase';

/**
 * @param data LFP `[sample, channel]`; non-finite samples repeat the last finite one
 * @returns `[frame, channel]`
 */
export function offlinePaper(data: Float32Array, options: RealtimeFrontEndOptions): Float32Array {
  const { inputRateHz, frameRateHz, channelCount, notchHz = 0, powerBandsHz = [] } = options;
  if (powerBandsHz.length > 0) {
    throw new Error(
      '[offline-paper front end] expected no band powers, which the published chain has not, got some: ' +
        'choose the realtime front end for them',
    );
  }
  if (inputRateHz < frameRateHz * (1 - 1e-9)) {
    throw new Error(
      `[offline-paper front end] expected LFP sampled at no less than the frame rate of ${frameRateHz} Hz, ` +
        `got ${inputRateHz} Hz: choose a lower frame rate`,
    );
  }
  const factors = decimationFactors(inputRateHz);
  const rateHz = factors.reduce((rate, factor) => rate / factor, inputRateHz);
  const sections = mainsNotches(notchHz, rateHz);
  sections.push(...butterworth('highpass', 2, 0.05, rateHz));
  const lowPassHz = Math.min(50, frameRateHz / 2);
  if (lowPassHz < 0.49 * rateHz) sections.push(...butterworth('lowpass', 2, lowPassHz, rateHz));

  const inputCount = data.length / channelCount;
  const channels = Array.from({ length: channelCount }, (_, c) => {
    const x = decimate(readChannel(data, channelCount, c), factors);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    for (let i = 0; i < x.length; i++) x[i] -= mean;
    for (const section of sections) filterZeroPhase(section, x);
    return x;
  });
  const frameCount = Math.round((inputCount * frameRateHz) / inputRateHz);
  const frames = resampleAll(channels, frameCount);
  // Linear like the resampling, and cheaper behind it.
  createReference(options.reference, channelCount, options.channelMask).apply(frames);
  return Float32Array.from(frames);
}

/** 4 * 4 * 2 for the 24.4 kHz of the published recordings; nothing below 5 kHz. */
function decimationFactors(inputRateHz: number): number[] {
  const factors: number[] = [];
  if (inputRateHz <= 5000) return factors;
  for (let rate = inputRateHz; rate > 1000; ) {
    const factor = rate > 4000 ? 4 : 2;
    factors.push(factor);
    rate /= factor;
  }
  return factors;
}

function decimate(x: Float64Array, factors: readonly number[]): Float64Array {
  let current = x;
  for (const factor of factors) {
    for (const section of butterworth('lowpass', 8, 0.8, 2 * factor)) {
      filterZeroPhase(section, current);
    }
    const source = current;
    current = Float64Array.from(
      { length: Math.ceil(source.length / factor) },
      (_, i) => source[i * factor],
    );
  }
  return current;
}

function readChannel(data: Float32Array, channelCount: number, c: number): Float64Array {
  const x = new Float64Array(data.length / channelCount);
  let last = 0;
  for (let i = 0; i < x.length; i++) {
    const value = data[i * channelCount + c];
    if (Number.isFinite(value)) last = value;
    x[i] = last;
  }
  return x;
}

function resampleAll(channels: readonly Float64Array[], frameCount: number): Float64Array {
  const width = channels.length;
  const frames = new Float64Array(frameCount * width);
  const inputCount = channels[0].length;
  const resample = createFourierResampler(inputCount, frameCount);
  const pair = new Float64Array(2 * inputCount);
  for (let c = 0; c < width; c += 2) {
    for (let i = 0; i < inputCount; i++) {
      pair[2 * i] = channels[c][i];
      pair[2 * i + 1] = c + 1 < width ? channels[c + 1][i] : 0;
    }
    const resampled = resample(pair);
    for (let m = 0; m < frameCount; m++) {
      frames[m * width + c] = resampled[2 * m];
      if (c + 1 < width) frames[m * width + c + 1] = resampled[2 * m + 1];
    }
  }
  return frames;
}
