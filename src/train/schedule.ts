// The learning rate of each optimiser step.

import type { OptimiserSettings } from './settings';

/**
 * Warm-up is linear in steps from startFactor x peak, then the rate falls by a factor per epoch; or a cosine from
 * the peak to endFactor x peak over the whole stage (REALM, sections 1.4 and 1.5).
 * @param step optimiser step from 0
 */
export function learningRateAt(
  settings: OptimiserSettings,
  step: number,
  stepsPerEpoch: number,
): number {
  const { learningRate: peak, schedule, epochs } = settings;
  if (schedule.kind === 'cosine') {
    const progress = Math.min(1, step / Math.max(1, epochs * stepsPerEpoch));
    const wave = (1 + Math.cos(Math.PI * progress)) / 2;
    return peak * (schedule.endFactor + (1 - schedule.endFactor) * wave);
  }
  const warmUp = schedule.warmUpEpochs * stepsPerEpoch;
  if (step < warmUp) {
    return peak * (schedule.startFactor + (1 - schedule.startFactor) * (step / warmUp));
  }
  return peak * schedule.decayPerEpoch ** Math.floor((step - warmUp) / stepsPerEpoch);
}
