/** The part of synthetic LFP that says nothing, or little, about movement direction. */
import { PURPOSE, uniform } from '../base/rng';

export interface Electrode {
  /** Place on the array, in electrode spacings. */
  readonly column: number;
  readonly row: number;
  /** uV per cm/s along each axis. */
  readonly tuningX: number;
  readonly tuningY: number;
  readonly leadS: number;
  readonly mainsUv: number;
  readonly gain: number;
}

const SOURCE_COUNT = 6;
/** Corners of the processes whose sum falls as 1 / f^1.5 over the band of interest. */
const CORNERS_HZ = [0.3, 2, 12, 70];
const SLOW_UV = 14;
const BETA_HZ = 20;
const BETA_UV = 5;
const MAINS_HZ = 60;
const WHITE_UV = 4;
/** Each channel's own slow part, the white noise through a first-order low-pass. */
const OWN_SLOW_UV = 5;
const OWN_CORNER_HZ = 3;
/** Speed at which beta is gone. */
const FULL_SPEED_CM_PER_S = 25;

/**
 * Adds shared 1 / f^1.5 background with spatial correlation, beta that fades with speed, mains residue and
 * white noise, all in uV.
 * @param noise `[sample, channel]`
 * @param velocity `[step, 2]` at 100 Hz, cm/s
 */
export function addBackground(
  noise: Float32Array,
  electrodes: readonly Electrode[],
  velocity: Float32Array,
  rateHz: number,
  seed: number,
  stream: number,
): void {
  const channelCount = electrodes.length;
  const sampleCount = noise.length / channelCount;
  const side = 1 + Math.max(...electrodes.map(({ column }) => column));
  const mixed = new Float32Array(sampleCount);
  for (let source = 0; source < SOURCE_COUNT; source++) {
    slowProcess(mixed, rateHz, seed, stream + 10 * source);
    const centre = [0, 1].map(
      (axis) => side * uniform(seed, PURPOSE.synthetic, stream + 10 * source + 9, axis),
    );
    const weights = electrodes.map(({ column, row, gain }) => {
      const distance = Math.hypot(column - centre[0], row - centre[1]) / (0.4 * side);
      return gain * SLOW_UV * Math.exp(-0.5 * distance * distance);
    });
    for (let i = 0; i < sampleCount; i++) {
      for (let c = 0; c < channelCount; c++) noise[i * channelCount + c] += weights[c] * mixed[i];
    }
  }
  betaProcess(mixed, rateHz, seed, stream + 100);
  const perStep = rateHz / 100;
  const decay = Math.exp((-2 * Math.PI * OWN_CORNER_HZ) / rateHz);
  const drive = Math.sqrt(1 - decay * decay);
  const ownSlow = new Float64Array(channelCount);
  for (let i = 0; i < sampleCount; i++) {
    const k = 2 * Math.floor(i / perStep);
    const speed = Math.hypot(velocity[k], velocity[k + 1]);
    const beta = BETA_UV * Math.max(0, 1 - speed / FULL_SPEED_CM_PER_S) * mixed[i];
    const mains = Math.sin((2 * Math.PI * MAINS_HZ * i) / rateHz);
    for (let c = 0; c < channelCount; c++) {
      const j = i * channelCount + c;
      const white = innovation(seed, stream + 101, j);
      ownSlow[c] = decay * ownSlow[c] + drive * white;
      const own = WHITE_UV * white + OWN_SLOW_UV * ownSlow[c];
      const { gain, mainsUv } = electrodes[c];
      noise[j] += gain * (beta + mainsUv * mains + own);
    }
  }
}

/** Unit-variance innovation: a uniform number is enough where many are summed, and a third of the cost. */
function innovation(seed: number, stream: number, index: number): number {
  return 2 * Math.sqrt(3) * (uniform(seed, PURPOSE.synthetic, stream, index) - 0.5);
}

/** A sum of first-order processes, variance falling as the root of their corner, total variance 1. */
function slowProcess(out: Float32Array, rateHz: number, seed: number, stream: number) {
  out.fill(0);
  const total = CORNERS_HZ.reduce((sum, hz) => sum + hz ** -0.5, 0);
  CORNERS_HZ.forEach((cornerHz, k) => {
    const decay = Math.exp((-2 * Math.PI * cornerHz) / rateHz);
    const drive = Math.sqrt(1 - decay * decay);
    const amplitude = Math.sqrt(cornerHz ** -0.5 / total);
    let value = innovation(seed, stream + k, out.length);
    for (let i = 0; i < out.length; i++) {
      value = decay * value + drive * innovation(seed, stream + k, i);
      out[i] += amplitude * value;
    }
  });
}

/** Noise through a resonance at 20 Hz about 6 Hz wide, variance close to 1. */
function betaProcess(out: Float32Array, rateHz: number, seed: number, stream: number) {
  const radius = Math.exp((-Math.PI * 6) / rateHz);
  const a1 = 2 * radius * Math.cos((2 * Math.PI * BETA_HZ) / rateHz);
  const a2 = -radius * radius;
  // Variance of a second-order autoregression with unit drive.
  const variance = (1 - a2) / ((1 + a2) * ((1 - a2) ** 2 - a1 ** 2));
  const drive = 1 / Math.sqrt(variance);
  let previous = 0;
  let beforeThat = 0;
  for (let i = 0; i < out.length; i++) {
    const value = a1 * previous + a2 * beforeThat + drive * innovation(seed, stream, i);
    beforeThat = previous;
    previous = value;
    out[i] = value;
  }
}
