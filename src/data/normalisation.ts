/** Normalisation: LFP and behaviour in standard deviations, fixed or, for the LFP, following slow drift. */
import { clearRejected } from './clearRejected';
import type { Features } from './features';
import { RunningZScore } from './runningZScore';
import type { FrameRange } from './splits';

export interface Normalisation {
  /** `[channel * bandCount + band]` */
  readonly lfpMean: Float32Array;
  readonly lfpScale: Float32Array;
  /** `[K]` */
  readonly behaviourMean: Float32Array;
  readonly behaviourScale: Float32Array;
  /** Time constant of a running z-score of the LFP, which starts from the statistics above; absent: they stay. */
  readonly runningFrames?: number;
}

/**
 * Mean and standard deviation of every column over the training frames only. Unknown values are
 * skipped; constant and empty columns get scale 1.
 * @throws Error when the features ask for a running z-score whose time constant is not above 0
 */
export function fitNormalisation(features: Features, train: readonly FrameRange[]): Normalisation {
  const { runningZScoreS, frameRateHz } = features;
  if (runningZScoreS !== undefined && !(runningZScoreS > 0)) {
    throw new Error(
      `[normalisation] expected a time constant above 0 s, got ${runningZScoreS}: choose seconds, or the training fold's statistics`,
    );
  }
  const lfp = columnMoments(features.lfp, features.channelCount * features.bandCount, train);
  const behaviour = features.behaviour
    ? columnMoments(features.behaviour, features.behaviourNames.length, train)
    : { mean: new Float32Array(0), scale: new Float32Array(0) };
  return {
    lfpMean: lfp.mean,
    lfpScale: lfp.scale,
    behaviourMean: behaviour.mean,
    behaviourScale: behaviour.scale,
    ...(runningZScoreS !== undefined && { runningFrames: runningZScoreS * frameRateHz }),
  };
}

/**
 * Z-scored copies of a whole session. Nothing is clipped; rejected channels stay 0 and unknown
 * behaviour stays NaN. Behaviour always keeps the training fold's statistics, because a live decoder
 * does not know the behaviour that a running one would follow.
 */
export function normalise(features: Features, norm: Normalisation): Features {
  return {
    ...features,
    lfp: new LfpNormaliser(norm, features.channelMask).push(features.lfp, features.frameValid),
    behaviour:
      features.behaviour && zScore(features.behaviour, norm.behaviourMean, norm.behaviourScale),
  };
}

/** The LFP part of {@link normalise} for a stream of frames; any chunking gives the same bits. */
export class LfpNormaliser {
  readonly #norm: Normalisation;
  readonly #channelMask: Float32Array;
  readonly #running: RunningZScore | undefined;

  /**
   * @param channelMask `[channel]`
   * @param after goes on from the state of this one; absent: the stream begins
   */
  constructor(norm: Normalisation, channelMask: Float32Array, after?: LfpNormaliser) {
    const { lfpMean: mean, lfpScale: scale, runningFrames: timeConstantFrames } = norm;
    this.#norm = norm;
    this.#channelMask = channelMask;
    if (after) this.#running = after.#running?.copy();
    else if (timeConstantFrames !== undefined) {
      this.#running = new RunningZScore({ mean, scale, timeConstantFrames });
    }
  }

  /**
   * The next frames, normalised.
   * @param frames `[m, channel * bandCount + band]`
   * @param frameValid `[m]`, 0 in gaps, which a running z-score does not follow
   */
  push(frames: Float32Array, frameValid?: Uint8Array): Float32Array {
    const { lfpMean, lfpScale } = this.#norm;
    const scored = this.#running?.score(frames, frameValid) ?? zScore(frames, lfpMean, lfpScale);
    clearRejected(scored, this.#channelMask, lfpMean.length / this.#channelMask.length);
    return scored;
  }

  /** Frames that went by before anybody asked for the normalised ones. */
  skip(frames: Float32Array, frameValid?: Uint8Array): void {
    this.#running?.learn(frames, frameValid);
  }

  /** Another that goes on from here by itself. */
  copy(): LfpNormaliser {
    return new LfpNormaliser(this.#norm, this.#channelMask, this);
  }
}

function zScore(data: Float32Array, mean: Float32Array, scale: Float32Array): Float32Array {
  const width = mean.length;
  const scored = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    for (let c = 0; c < width; c++) {
      scored[start + c] = (data[start + c] - mean[c]) / scale[c];
    }
  }
  return scored;
}

function columnMoments(data: Float32Array, width: number, ranges: readonly FrameRange[]) {
  const count = new Float64Array(width);
  const centre = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const { start, end } of ranges) {
    for (let i = start * width; i < end * width; i += width) {
      for (let c = 0; c < width; c++) {
        const value = data[i + c];
        if (!Number.isFinite(value)) continue;
        // Welford's update: raw units can sit far from zero, where sum of squares cancels.
        count[c] += 1;
        const difference = value - centre[c];
        centre[c] += difference / count[c];
        squares[c] += difference * (value - centre[c]);
      }
    }
  }
  const scale = new Float32Array(width);
  for (let c = 0; c < width; c++) {
    const deviation = Math.sqrt(squares[c] / count[c]);
    scale[c] = deviation > 1e-6 * Math.abs(centre[c]) && deviation > 1e-30 ? deviation : 1;
  }
  return { mean: Float32Array.from(centre), scale };
}
