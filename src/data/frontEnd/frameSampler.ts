/** Takes frames out of a filtered signal that comes in blocks. */

export interface FrameSampler {
  /** Announces a block of `count` samples. @returns the frames that become complete with it */
  advance(count: number): number;
  /** Writes the frames of one column of the announced block, `[frame, width]`. */
  sample(signal: Float64Array, frames: Float32Array, column: number): void;
  reset(): void;
  /** What interpolation adds. */
  delayS(rateHz: number): number;
}

/** @param ratio samples per frame, at least 1 */
export function createFrameSampler(ratio: number, width: number): FrameSampler {
  const isWhole = Number.isInteger(ratio);
  const previous = new Float64Array(width);
  let count = 0;
  let sampleIndex = 0;
  let firstFrame = 0;
  let frameIndex = 0;
  return {
    advance(blockCount) {
      sampleIndex += count;
      count = blockCount;
      firstFrame = frameIndex;
      while (Math.floor(frameIndex * ratio) < sampleIndex + count) frameIndex += 1;
      return frameIndex - firstFrame;
    },
    sample(signal, frames, column) {
      for (let m = firstFrame, at = column; m < frameIndex; m++, at += width) {
        const whole = Math.floor(m * ratio);
        const i = whole - sampleIndex;
        const current = signal[i];
        const past = i > 0 ? signal[i - 1] : previous[column];
        frames[at] = isWhole ? current : past + (m * ratio - whole) * (current - past);
      }
      if (count > 0) previous[column] = signal[count - 1];
    },
    reset() {
      previous.fill(0);
      count = 0;
      sampleIndex = 0;
      firstFrame = 0;
      frameIndex = 0;
    },
    delayS: (rateHz) => (isWhole ? 0 : 1 / rateHz),
  };
}

/** Rates that differ from a whole ratio only by rounding count as whole. */
export function wholeIfClose(ratio: number): number {
  const whole = Math.round(ratio);
  return Math.abs(ratio - whole) < 1e-9 * whole ? whole : ratio;
}
