/** Behaviour on the frame clock: interpolation across short gaps, and velocity from position. */
import type { Signal } from './session';

/** Longest distance between two known samples that is still interpolated across. */
export const MAX_BEHAVIOUR_GAP_S = 0.05;

/**
 * Linear interpolation of each column at the frame times `startS + m / frameRateHz`.
 * Unknown (NaN) outside the recording and where the known samples on both sides are further apart than
 * {@link MAX_BEHAVIOUR_GAP_S} and than one period of the behaviour's own clock.
 * @returns `[frame, K]`
 */
export function behaviourOnFrames(
  behaviour: Signal,
  startS: number,
  frameRateHz: number,
  frameCount: number,
): Float32Array {
  const width = behaviour.names.length;
  const frames = new Float32Array(frameCount * width).fill(Number.NaN);
  const maxGapSamples = Math.max(1, Math.round(MAX_BEHAVIOUR_GAP_S * behaviour.rateHz));
  const offset = (startS - behaviour.startS) * behaviour.rateHz;
  const samplesPerFrame = behaviour.rateHz / frameRateHz;
  for (let column = 0; column < width; column++) {
    const { before, after } = knownNeighbours(behaviour, column);
    for (let m = 0; m < frameCount; m++) {
      // Clocks agree to a microsecond at best: treat a near-integer position as exact.
      const exact = offset + m * samplesPerFrame;
      const nearest = Math.round(exact);
      const position = Math.abs(exact - nearest) < 1e-6 ? nearest : exact;
      if (position < 0 || position > behaviour.sampleCount - 1) continue;
      const left = before[Math.floor(position)];
      const right = after[Math.ceil(position)];
      if (left < 0 || right < 0 || right - left > maxGapSamples) continue;
      const from = behaviour.data[left * width + column];
      const to = behaviour.data[right * width + column];
      const isKnown = right === left;
      frames[m * width + column] = isKnown
        ? from
        : from + ((position - left) / (right - left)) * (to - from);
    }
  }
  return frames;
}

/** For each sample the last known one at or before it and the first at or after it; -1 for none. */
function knownNeighbours(signal: Signal, column: number) {
  const { sampleCount, data } = signal;
  const width = signal.names.length;
  const before = new Int32Array(sampleCount);
  const after = new Int32Array(sampleCount);
  let last = -1;
  for (let i = 0; i < sampleCount; i++) {
    if (Number.isFinite(data[i * width + column])) last = i;
    before[i] = last;
  }
  let next = -1;
  for (let i = sampleCount - 1; i >= 0; i--) {
    if (Number.isFinite(data[i * width + column])) next = i;
    after[i] = next;
  }
  return { before, after };
}

/** Causal difference `(x[i] - x[i-1]) * rateHz`; the first sample, having no past, is unknown. */
export function differentiate(position: Signal): Signal {
  const width = position.names.length;
  const data = new Float32Array(position.data.length).fill(Number.NaN);
  for (let i = width; i < data.length; i++) {
    data[i] = (position.data[i] - position.data[i - width]) * position.rateHz;
  }
  return {
    ...position,
    data,
    names: position.names.map((name) => `${name} velocity`),
    units: position.units.map((unit) => `${unit}/s`),
  };
}
