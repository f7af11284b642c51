/** A z-score that follows slow drift: each frame is scored by the frames before it alone. */

/** The usual time constant: long against behaviour, short against drift of electrodes and impedance. */
export const RUNNING_Z_SCORE_S = 30;

/** Of the first deviation. Without it a channel that was flat for minutes would come back as hundreds of deviations. */
const LEAST_SCALE = 0.1;

/** Beside the name of a front end; empty without a running z-score. */
export function runningText(timeConstantS: number | undefined): string {
  return timeConstantS === undefined ? '' : `, running z-score of ${timeConstantS} s`;
}

/** What a model file says of it; nothing without one. */
export function runningMetadata(timeConstantS: number | undefined): Record<string, string> {
  return timeConstantS === undefined
    ? {}
    : { normalise: 'running', normalise_s: String(timeConstantS) };
}

export interface RunningStart {
  /** `[column]`, by which the first frame is scored. */
  readonly mean: Float32Array;
  /** `[column]`, a standard deviation above 0. */
  readonly scale: Float32Array;
  /** After which an old frame weighs 1/e; Infinity never moves. */
  readonly timeConstantFrames: number;
}

/**
 * Exponentially weighted mean and variance of each column, by the update of Finch, "Incremental
 * calculation of weighted mean and variance" (2009), section 9. All state is float64 and goes on from
 * frame to frame, so that any chunking gives the same bits.
 */
export class RunningZScore {
  readonly #start: RunningStart;
  readonly #mean: Float64Array;
  readonly #variance: Float64Array;
  readonly #leastVariance: Float64Array;
  readonly #weight: number;

  /** @param past goes on from the state of this one; absent: no frame yet */
  constructor(start: RunningStart, past?: RunningZScore) {
    const first = Float64Array.from(start.scale, (value) => value * value);
    this.#start = start;
    this.#mean = Float64Array.from(past ? past.#mean : start.mean);
    this.#variance = Float64Array.from(past ? past.#variance : first);
    this.#leastVariance = first.map((value) => value * LEAST_SCALE ** 2);
    this.#weight = -Math.expm1(-1 / start.timeConstantFrames);
  }

  /**
   * The next frames, scored; then they are part of the past.
   * @param frames `[m, column]`, finite
   * @param frameValid `[m]`, 0 where nothing is to be learnt; default all valid
   */
  score(frames: Float32Array, frameValid?: Uint8Array): Float32Array {
    const scored = new Float32Array(frames.length);
    this.#advance(frames, frameValid, scored);
    return scored;
  }

  /** As {@link score}, for frames whose scores nobody needs. */
  learn(frames: Float32Array, frameValid?: Uint8Array): void {
    this.#advance(frames, frameValid, undefined);
  }

  /** Another that goes on from here by itself. */
  copy(): RunningZScore {
    return new RunningZScore(this.#start, this);
  }

  #advance(
    frames: Float32Array,
    frameValid: Uint8Array | undefined,
    scored: Float32Array | undefined,
  ): void {
    const mean = this.#mean;
    const variance = this.#variance;
    const weight = this.#weight;
    const width = mean.length;
    for (let start = 0, frame = 0; start < frames.length; start += width, frame++) {
      const isLearnt = frameValid?.[frame] !== 0;
      for (let c = 0; c < width; c++) {
        const difference = frames[start + c] - mean[c];
        if (scored) {
          scored[start + c] = difference / Math.sqrt(Math.max(variance[c], this.#leastVariance[c]));
        }
        if (!isLearnt) continue;
        mean[c] += weight * difference;
        variance[c] = (1 - weight) * (variance[c] + weight * difference * difference);
      }
    }
  }
}
