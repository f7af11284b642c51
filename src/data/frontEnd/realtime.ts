/**
 * The causal front end: samples in, frames out, one code path for live decoding and for training.
 * High-pass 0.05 Hz, mains notches, anti-alias low-pass, decimation, common average reference; the
 * orders and corners of REALM's preprocessing, run forward in time only.
 */
import { type Biquad, butterworth, filterInPlace, groupDelayS, mainsNotches } from './biquad';

export interface RealtimeFrontEndOptions {
  readonly inputRateHz: number;
  readonly frameRateHz: number;
  readonly channelCount: number;
  /** Mains frequency to notch out with its harmonics; 0 for none. */
  readonly notchHz?: 50 | 60 | 0;
  readonly reference: 'average' | 'none';
  /** `[channel]`, 0 keeps a rejected channel out of the average and zero; absent: all are used. */
  readonly channelMask?: Float32Array;
}

export interface RealtimeFrontEnd {
  /**
   * @param samples `[n, channel]`, any n
   * @returns the frames that became complete, `[m, channel]`
   */
  push(samples: Float32Array): Float32Array;
  reset(): void;
  /** Group delay of the filters at 10 Hz, plus the interpolator's sample where the ratio is not whole. */
  readonly groupDelayMs: number;
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
  const { inputRateHz, frameRateHz, channelCount } = options;
  if (!(inputRateHz >= frameRateHz * (1 - 1e-9)) || !(frameRateHz > 0)) {
    throw new Error(
      `[realtime front end] expected LFP sampled at no less than the frame rate of ${frameRateHz} Hz, ` +
        `got ${inputRateHz} Hz: choose a lower frame rate`,
    );
  }
  const sections = designSections(options);
  const used = Array.from({ length: channelCount }, (_, c) => c).filter(
    (c) => options.channelMask?.[c] !== 0,
  );
  const ratio = wholeIfClose(inputRateHz / frameRateHz);
  const isWholeRatio = Number.isInteger(ratio);
  const state = new Float64Array(channelCount * sections.length * 2);
  const held = new Float64Array(channelCount).fill(Number.NaN);
  const origin = new Float64Array(channelCount);
  const previous = new Float64Array(channelCount);
  let sampleIndex = 0;
  let frameIndex = 0;
  let scratch = new Float64Array(0);

  const push = (samples: Float32Array): Float32Array => {
    const count = samples.length / channelCount;
    if (!Number.isInteger(count)) {
      throw new Error(
        `[realtime front end] expected whole samples of ${channelCount} channels, got ${samples.length} values`,
      );
    }
    if (scratch.length < count) scratch = new Float64Array(count);
    const firstFrame = frameIndex;
    while (Math.floor(frameIndex * ratio) < sampleIndex + count) frameIndex += 1;
    const frames = new Float32Array((frameIndex - firstFrame) * channelCount);
    for (let c = 0; c < channelCount; c++) {
      readChannel(samples, c, count);
      sections.forEach((section, s) => {
        filterInPlace(section, scratch, count, state, (c * sections.length + s) * 2);
      });
      for (let m = firstFrame; m < frameIndex; m++) {
        const whole = Math.floor(m * ratio);
        const i = whole - sampleIndex;
        const current = scratch[i];
        const past = i > 0 ? scratch[i - 1] : previous[c];
        frames[(m - firstFrame) * channelCount + c] = isWholeRatio
          ? current
          : past + (m * ratio - whole) * (current - past);
      }
      if (count > 0) previous[c] = scratch[count - 1];
    }
    sampleIndex += count;
    if (options.reference === 'average') subtractAverage(frames, channelCount, used);
    for (let i = 0; used.length < channelCount && i < frames.length; i++) {
      if (options.channelMask?.[i % channelCount] === 0) frames[i] = 0;
    }
    return frames;
  };

  const readChannel = (samples: Float32Array, c: number, count: number) => {
    let last = held[c];
    for (let i = 0; i < count; i++) {
      const value = samples[i * channelCount + c];
      if (Number.isFinite(value)) {
        // Starting from the first value instead of from 0 spares the high-pass its 20 s step response.
        if (Number.isNaN(last)) origin[c] = value;
        last = value;
      }
      scratch[i] = Number.isNaN(last) ? 0 : last - origin[c];
    }
    held[c] = last;
  };

  const interpolatorDelayS = isWholeRatio ? 0 : 1 / inputRateHz;
  return {
    push,
    reset() {
      state.fill(0);
      held.fill(Number.NaN);
      previous.fill(0);
      sampleIndex = 0;
      frameIndex = 0;
    },
    groupDelayMs:
      1000 * (groupDelayS(sections, DELAY_MEASURED_AT_HZ, inputRateHz) + interpolatorDelayS),
  };
}

function designSections(options: RealtimeFrontEndOptions): Biquad[] {
  const { inputRateHz, frameRateHz, notchHz = 0 } = options;
  const lowPassHz = Math.min(LOW_PASS_HZ, 0.45 * frameRateHz);
  const sections = butterworth('highpass', 2, HIGH_PASS_HZ, inputRateHz);
  // Harmonics beyond four times the corner are already 48 dB down.
  sections.push(...mainsNotches(notchHz, inputRateHz, 4 * lowPassHz));
  if (lowPassHz < 0.45 * inputRateHz) {
    sections.push(...butterworth('lowpass', 4, lowPassHz, inputRateHz));
  }
  return sections;
}

/** Common average reference over the used channels, in place; needs two of them. */
export function subtractAverage(
  frames: Float32Array,
  channelCount: number,
  used: readonly number[],
) {
  if (used.length < 2) return;
  for (let start = 0; start < frames.length; start += channelCount) {
    let sum = 0;
    for (const c of used) sum += frames[start + c];
    const mean = sum / used.length;
    for (let c = 0; c < channelCount; c++) frames[start + c] -= mean;
  }
}

/** Rates that differ from a whole ratio only by rounding count as whole. */
function wholeIfClose(ratio: number): number {
  const whole = Math.round(ratio);
  return Math.abs(ratio - whole) < 1e-9 * whole ? whole : ratio;
}
