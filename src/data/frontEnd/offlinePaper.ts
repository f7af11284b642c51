/**
 * REALM's published preprocessing: zero-phase filters and Fourier resampling, in memory for a minute and a half
 * of samples and a little more than the frames. It uses the future, so a result made with it is model-causal
 * only. Its whole-session z-score is left to `normalise`.
 */
import { type Biquad, butterworth, mainsNotches } from './biquad';
import { createPeriodicResampler, type PeriodicResampler, reachSamples } from './periodicResampler';
import type { RealtimeFrontEndOptions } from './realtime';
import { createReference } from './reference';
import { createFourierResampler } from './resample';
import { createZeroPhase, type SampleStream } from './zeroPhase';

export interface OfflinePaper {
  /** @param samples `[n, channel]`, any n; non-finite ones repeat the channel's last finite one */
  push(samples: Float32Array): void;
  /** @returns all frames, `[frame, channel]` */
  finish(): Float32Array;
}

/** What a filter held back comes all at once, and goes on in pieces of so many samples. */
const REST_SAMPLES = 4096;
/** Samples per frame period that the local resampler leaves, over what the frames hold. */
const KEPT_SHARE = 1.25;

/**
 * Any chunking gives the frames of {@link offlinePaper} to 1e-6 of their size.
 * @param sampleCount of the whole recording: Fourier resampling takes it for one period
 */
export function createOfflinePaper(
  options: RealtimeFrontEndOptions,
  sampleCount: number,
): OfflinePaper {
  const { inputRateHz, frameRateHz, channelCount } = options;
  checkOptions(options);
  const factors = decimationFactors(inputRateHz);
  const rateHz = factors.reduce((rate, factor) => rate / factor, inputRateHz);
  const count = factors.reduce((rest, factor) => Math.ceil(rest / factor), sampleCount);
  const frameCount = Math.round((sampleCount * frameRateHz) / inputRateHz);
  const stages = [
    ...factors.map((factor) => ({ sections: butterworth('lowpass', 8, 0.8, 2 * factor), factor })),
    { sections: designSections(options, rateHz), factor: 1 },
  ];
  const chains = Array.from({ length: channelCount }, () => createChain(stages));
  const resampler = createLocalResampler(count, frameCount, channelCount);
  const held = new Float64Array(channelCount).fill(Number.NaN);
  const origin = new Float64Array(channelCount);

  const readChannel = (samples: Float32Array, c: number): Float64Array => {
    const x = new Float64Array(samples.length / channelCount);
    for (let i = 0; i < x.length; i++) {
      const value = samples[i * channelCount + c];
      if (Number.isFinite(value)) {
        // The mean of the published chain: any constant, as the high-pass leaves nothing of it.
        if (Number.isNaN(held[c])) origin[c] = value;
        held[c] = value;
      }
      x[i] = Number.isNaN(held[c]) ? 0 : held[c] - origin[c];
    }
    return x;
  };

  return {
    push: (samples) =>
      resampler.push(chains.map((chain, c) => runFrom(chain, 0, readChannel(samples, c)))),
    finish() {
      for (let step = 0; step < chains[0].length; step++) {
        const rests = chains.map((chain) => chain[step].finish());
        for (let start = 0; start < rests[0].length; start += REST_SAMPLES) {
          const pieces = rests.map((rest) => rest.subarray(start, start + REST_SAMPLES));
          resampler.push(chains.map((chain, c) => runFrom(chain, step + 1, pieces[c])));
        }
      }
      // What the filters held makes room for the frames.
      chains.length = 0;
      const frames = resampleAll(resampler.finish(), frameCount);
      // Linear like the resampling, and cheaper behind it.
      createReference(options.reference, channelCount, options.channelMask).apply(frames);
      return frames;
    },
  };
}

/** All at once, and exact. @param data LFP `[sample, channel]` @returns `[frame, channel]` */
export function offlinePaper(data: Float32Array, options: RealtimeFrontEndOptions): Float32Array {
  const chain = createOfflinePaper(options, data.length / options.channelCount);
  chain.push(data);
  return chain.finish();
}

function checkOptions({ inputRateHz, frameRateHz, powerBandsHz = [] }: RealtimeFrontEndOptions) {
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
}

function designSections(
  { frameRateHz, notchHz = 0 }: RealtimeFrontEndOptions,
  rateHz: number,
): Biquad[] {
  const sections = mainsNotches(notchHz, rateHz);
  sections.push(...butterworth('highpass', 2, 0.05, rateHz));
  const lowPassHz = Math.min(50, frameRateHz / 2);
  if (lowPassHz < 0.49 * rateHz) sections.push(...butterworth('lowpass', 2, lowPassHz, rateHz));
  return sections;
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

/** The steps of one channel: filters, and after those of a stage every factor-th value. */
function createChain(
  stages: readonly { sections: readonly Biquad[]; factor: number }[],
): SampleStream[] {
  return stages.flatMap(({ sections, factor }) => [
    ...sections.map(createZeroPhase),
    ...(factor > 1 ? [createPicker(factor)] : []),
  ]);
}

function runFrom(chain: readonly SampleStream[], first: number, x: Float64Array): Float64Array {
  return chain.slice(first).reduce((values, step) => step.push(values), x);
}

function createPicker(factor: number): SampleStream {
  let skip = 0;
  return {
    push(x) {
      const kept = Math.max(0, Math.ceil((x.length - skip) / factor));
      const picked = Float64Array.from({ length: kept }, (_, i) => x[skip + i * factor]);
      skip += kept * factor - x.length;
      return picked;
    },
    finish: () => new Float64Array(0),
  };
}

/** Down to a little over the frame rate; all samples where there are few more than frames, or few at all. */
function createLocalResampler(
  count: number,
  frameCount: number,
  channelCount: number,
): PeriodicResampler {
  const keptCount = smoothFrom(Math.ceil(KEPT_SHARE * frameCount));
  const isShort = keptCount >= count || 4 * reachSamples(count, keptCount, frameCount) + 8 > count;
  if (!isShort) return createPeriodicResampler(count, keptCount, frameCount, channelCount);
  const all = Array.from({ length: channelCount }, () => new Float32Array(count));
  let filled = 0;
  return {
    push(block) {
      for (const [c, x] of block.entries()) all[c].set(x, filled);
      filled += block[0].length;
    },
    finish: () => all,
  };
}

/** The next number whose prime factors are 2, 3 and 5: quick to transform. */
function smoothFrom(least: number): number {
  for (let count = least; ; count++) {
    let rest = count;
    for (const factor of [2, 3, 5]) while (rest % factor === 0) rest /= factor;
    if (rest === 1) return count;
  }
}

/** Two channels in one complex signal; each is let go once it is done. */
function resampleAll(channels: Float32Array[], frameCount: number): Float32Array {
  const width = channels.length;
  const frames = new Float32Array(frameCount * width);
  const inputCount = channels[0].length;
  const resample = createFourierResampler(inputCount, frameCount);
  const pair = new Float64Array(2 * inputCount);
  for (let c = 0; c < width; c += 2) {
    for (let i = 0; i < inputCount; i++) {
      pair[2 * i] = channels[c][i];
      pair[2 * i + 1] = c + 1 < width ? channels[c + 1][i] : 0;
    }
    channels.fill(new Float32Array(0), c, c + 2);
    const resampled = resample(pair);
    for (let m = 0; m < frameCount; m++) {
      frames[m * width + c] = resampled[2 * m];
      if (c + 1 < width) frames[m * width + c + 1] = resampled[2 * m + 1];
    }
  }
  return frames;
}
