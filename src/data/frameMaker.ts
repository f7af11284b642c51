/** Either front end as an import runs it: blocks of samples in, all frames at the end. */
import { MAX_VALUES } from './formats/sampleGrid';
import { createOfflinePaper } from './frontEnd/offlinePaper';
import { createRealtimeFrontEnd, type RealtimeFrontEndOptions } from './frontEnd/realtime';

export interface FrameMaker {
  /** @param samples `[n, channel]`, in order */
  push(samples: Float32Array): void;
  /** @returns `[frame, channel * bandCount + band]` */
  finish(): Float32Array;
  readonly bandCount: number;
  readonly groupDelayMs: number;
  readonly bandDelaysMs: readonly number[];
}

/**
 * @param sampleCount of the whole recording
 * @throws when its frames would not fit in memory
 */
export function createFrameMaker(
  kind: 'realtime' | 'offline-paper',
  options: RealtimeFrontEndOptions,
  sampleCount: number,
): FrameMaker {
  const { inputRateHz, frameRateHz, channelCount, powerBandsHz = [] } = options;
  const frameWidth = channelCount * (1 + powerBandsHz.length);
  const maxFrames = Math.ceil((sampleCount * frameRateHz) / inputRateHz) + 1;
  if (maxFrames * frameWidth > MAX_VALUES) {
    throw new Error(
      `[import] expected at most ${MAX_VALUES} values at frame rate, got ${maxFrames} x ${frameWidth}: ` +
        'cut the recording into parts, or copy it again if it is damaged',
    );
  }
  if (kind === 'offline-paper') {
    const chain = createOfflinePaper(options, sampleCount);
    return { ...chain, bandCount: 1, groupDelayMs: 0, bandDelaysMs: [] };
  }
  const frontEnd = createRealtimeFrontEnd(options);
  const frames = new Float32Array(maxFrames * frameWidth);
  let length = 0;
  return {
    push(samples) {
      const made = frontEnd.push(samples);
      frames.set(made, length);
      length += made.length;
    },
    finish: () => frames.subarray(0, length),
    bandCount: frontEnd.bandCount,
    groupDelayMs: frontEnd.groupDelayMs,
    bandDelaysMs: frontEnd.bandDelaysMs,
  };
}
