/** When a channel is proposed for dropping, in plain sentences. */
import { median } from './channelMeasures';
import type { ChannelQuality } from './quality';

/** Above these a channel is proposed for dropping. Line noise alone is no reason: the notch takes it. */
const MAX_SATURATED = 0.01;
const MAX_FLAT_S = 1;
const MAX_MISSING = 0.05;
const MAX_VARIANCE_SCORE = 5;
const MIN_NEIGHBOUR_CORRELATION = 0.1;
/** Neighbours tell only where most channels agree with theirs. */
const MIN_USUAL_CORRELATION = 0.4;
/** Only strong hum that a notch leaves behind is worth a reason. */
const MAX_RATIO_AFTER_NOTCH = 10;

/** What was not measured is NaN, and no reason. */
export function reasonsToDrop(quality: ChannelQuality, all: readonly ChannelQuality[]): string[] {
  const { lineNoise, saturated, flatS, missing, varianceScore, neighbourCorrelation } = quality;
  const reasons: string[] = [];
  if (missing > MAX_MISSING) reasons.push(`${percent(missing)} of its samples are missing.`);
  if (flatS > MAX_FLAT_S) reasons.push(`It stands still for ${flatS.toFixed(1)} s on end.`);
  if (saturated > MAX_SATURATED) {
    reasons.push(`${percent(saturated)} of its samples stand at its lowest or highest value.`);
  }
  if (Math.abs(varianceScore) > MAX_VARIANCE_SCORE) {
    const factor =
      quality.standardDeviation / median(all.map(({ standardDeviation }) => standardDeviation));
    reasons.push(
      factor > 1
        ? `It swings ${factor.toFixed(1)} times as far as the median channel.`
        : `It swings only ${factor.toPrecision(2)} times as far as the median channel.`,
    );
  }
  const usual = median(all.map((one) => one.neighbourCorrelation));
  if (usual > MIN_USUAL_CORRELATION && neighbourCorrelation < MIN_NEIGHBOUR_CORRELATION) {
    reasons.push(
      `It correlates with its neighbours by ${neighbourCorrelation.toFixed(2)}, others by ${usual.toFixed(2)}.`,
    );
  }
  if (lineNoise.ratioAfterNotch > MAX_RATIO_AFTER_NOTCH) {
    reasons.push(
      `Even behind the notch its ${lineNoise.mainsHz} Hz hum is ${lineNoise.ratioAfterNotch.toFixed(0)} times its neighbourhood.`,
    );
  }
  return reasons;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
