/**
 * The causal front end: samples in, frames out, one code path for live decoding and for training.
 * High-pass 0.05 Hz, mains notches, anti-alias low-pass, decimation, reference; the orders and corners of
 * REALM's preprocessing, run forward in time only. Band powers beside the LFP are no part of REALM.
 */
import { createBandPower, logPower, type PowerBand } from './bandPower';
import { type Biquad, butterworth, filterInPlace, groupDelayS, mainsNotches } from './biquad';
import { createFrameSampler, wholeIfClose } from './frameSampler';
import { createReference, type ReferenceKind } from './reference';

export interface RealtimeFrontEndOptions {
  readonly inputRateHz: number;
  readonly frameRateHz: number;
  readonly channelCount: number;
  /** Mains frequency to notch out with its harmonics; 0 for none. */
  readonly notchHz?: 50 | 60 | 0;
  readonly reference: ReferenceKind;
  /** `[channel]`, 0 keeps a rejected channel out of the reference and zero; absent: all are used. */
  readonly channelMask?: Float32Array;
  /** Logarithms of their powers follow the LFP of each channel; absent: none. */
  readonly powerBandsHz?: readonly PowerBand[];
}

export interface RealtimeFrontEnd {
  /**
   * @param samples `[n, channel]`, any n
   * @returns the frames that became complete, `[m, channel * bandCount + band]`
   */
  push(samples: Float32Array): Float32Array;
  reset(): void;
  /** The LFP and the power bands. */
  readonly bandCount: number;
  /** Group delay of the filters at 10 Hz, plus the interpolator's sample where the ratio is not whole. */
  readonly groupDelayMs: number;
  /** Of each power band's envelope, by the filters before it too. */
  readonly bandDelaysMs: readonly number[];
}

const HIGH_PASS_HZ = 0.05;
const LOW_PASS_HZ = 45;
const DELAY_MEASURED_AT_HZ = 10;

/**
 * Frame m is the filtered signal at time m / frameRateHz after the first sample and depends on no
 * later sample. With a whole ratio of rates it is that sample; otherwise the signal one input sample
 * earlier, interpolated linearly between its two neighbours, both of them past.
 * A non-finite sample repeats the channel's last finite one.
 */
export function createRealtimeFrontEnd(options: RealtimeFrontEndOptions): RealtimeFrontEnd {
  const { inputRateHz, frameRateHz, channelCount, powerBandsHz = [] } = options;
  if (!(inputRateHz >= frameRateHz * (1 - 1e-9)) || !(frameRateHz > 0)) {
    throw new Error(
      `[realtime front end] expected LFP sampled at no less than the frame rate of ${frameRateHz} Hz, ` +
        `got ${inputRateHz} Hz: choose a lower frame rate`,
    );
  }
  const { shared, lowPass } = designSections(options);
  const powers = powerBandsHz.map((band) => createBandPower(band, inputRateHz, channelCount));
  const bandCount = 1 + powers.length;
  const reference = createReference(options.reference, channelCount, options.channelMask);
  const sampler = createFrameSampler(
    wholeIfClose(inputRateHz / frameRateHz),
    channelCount * bandCount,
  );
  const sections = [...shared, ...lowPass];
  const stride = 2 * sections.length;
  const state = new Float64Array(channelCount * stride);
  const held = new Float64Array(channelCount).fill(Number.NaN);
  const origin = new Float64Array(channelCount);
  let rows = new Float64Array(0);
  let signal = new Float64Array(0);
  let power = new Float64Array(0);

  const readRows = (samples: Float32Array) => {
    for (let i = 0, c = 0; i < samples.length; i++, c = c + 1 === channelCount ? 0 : c + 1) {
      const value = samples[i];
      if (Number.isFinite(value)) {
        // Starting from the first value instead of from 0 spares the high-pass its 20 s step response.
        if (Number.isNaN(held[c])) origin[c] = value;
        held[c] = value;
      }
      rows[i] = Number.isNaN(held[c]) ? 0 : held[c] - origin[c];
    }
  };

  const filter = (c: number, from: number, to: number, x: Float64Array, count: number) => {
    for (let s = from; s < to; s++) {
      filterInPlace(sections[s], x, count, state, c * stride + 2 * s);
    }
  };

  const push = (samples: Float32Array): Float32Array => {
    const count = samples.length / channelCount;
    if (!Number.isInteger(count)) {
      throw new Error(
        `[realtime front end] expected whole samples of ${channelCount} channels, got ${samples.length} values`,
      );
    }
    if (signal.length < count) {
      rows = new Float64Array(count * channelCount);
      signal = new Float64Array(count);
      power = new Float64Array(count);
    }
    readRows(samples);
    // A power is no longer linear: its reference comes first. That of the LFP alone is cheaper on frames.
    if (powers.length > 0) reference.apply(rows.subarray(0, samples.length));
    const frames = new Float32Array(sampler.advance(count) * channelCount * bandCount);
    for (let c = 0; c < channelCount; c++) {
      for (let i = 0; i < count; i++) signal[i] = rows[i * channelCount + c];
      filter(c, 0, shared.length, signal, count);
      powers.forEach((band, b) => {
        power.set(signal.subarray(0, count));
        band.run(c, power, count);
        sampler.sample(power, frames, c * bandCount + 1 + b);
      });
      filter(c, shared.length, sections.length, signal, count);
      sampler.sample(signal, frames, c * bandCount);
    }
    if (powers.length === 0) reference.apply(frames);
    else toLogarithms(frames, bandCount, reference.mask);
    return frames;
  };

  const sharedDelayS = (hz: number) =>
    groupDelayS(shared, hz, inputRateHz) + sampler.delayS(inputRateHz);
  return {
    push,
    reset() {
      state.fill(0);
      held.fill(Number.NaN);
      for (const band of powers) band.reset();
      sampler.reset();
    },
    bandCount,
    groupDelayMs:
      1000 *
      (sharedDelayS(DELAY_MEASURED_AT_HZ) +
        groupDelayS(lowPass, DELAY_MEASURED_AT_HZ, inputRateHz)),
    bandDelaysMs: powers.map(
      ({ delayS }, b) =>
        1000 * (sharedDelayS(Math.sqrt(powerBandsHz[b][0] * powerBandsHz[b][1])) + delayS),
    ),
  };
}

/** What LFP and powers share, and what makes the LFP ready for the frame rate. */
function designSections(options: RealtimeFrontEndOptions): { shared: Biquad[]; lowPass: Biquad[] } {
  const { inputRateHz, frameRateHz, notchHz = 0, powerBandsHz = [] } = options;
  const lowPassHz = Math.min(LOW_PASS_HZ, 0.45 * frameRateHz);
  const shared = butterworth('highpass', 2, HIGH_PASS_HZ, inputRateHz);
  // Harmonics beyond four times the corner are already 48 dB down in the LFP.
  const highestHz = Math.max(4 * lowPassHz, ...powerBandsHz.map(([, highHz]) => highHz));
  shared.push(...mainsNotches(notchHz, inputRateHz, highestHz));
  const isNeeded = lowPassHz < 0.45 * inputRateHz;
  return { shared, lowPass: isNeeded ? butterworth('lowpass', 4, lowPassHz, inputRateHz) : [] };
}

function toLogarithms(frames: Float32Array, bandCount: number, mask: Float32Array): void {
  const width = mask.length * bandCount;
  for (let i = 0; i < frames.length; i++) {
    const isPower = i % bandCount !== 0 && mask[Math.floor((i % width) / bandCount)] === 1;
    if (isPower) frames[i] = logPower(frames[i]);
  }
}
