/** What a linear decoder scores that knows how the synthetic LFP was made. */
import type { Signal } from './session';
import type { Electrode } from './syntheticBackground';

/**
 * R2 per axis of the best linear estimate of velocity from one 10 ms mean per channel, each channel read
 * at its own lead, given the true tuning and the covariance of noise and velocity.
 * @param noise `[sample, channel]`, LFP without its tuned part
 */
export function oracleR2(
  noise: Float32Array,
  electrodes: readonly Electrode[],
  velocity: Signal,
  lfpRateHz: number,
): number[] {
  const tuning = electrodes.flatMap(({ tuningX, tuningY, gain }) => [
    gain * tuningX,
    gain * tuningY,
  ]);
  const first = Math.ceil(Math.max(...electrodes.map(({ leadS }) => leadS)) * velocity.rateHz) + 1;
  const frameCount = velocity.sampleCount - first;
  const v = centred(velocity.data.subarray(2 * first), 2);
  const n = centred(
    noiseFrames(noise, electrodes, velocity.rateHz, lfpRateHz, first, frameCount),
    electrodes.length,
  );
  const weights = estimator(covariance(n, electrodes.length), tuning, covariance(v, 2));
  return [0, 1].map((axis) => score(n, v, tuning, weights[axis], axis));
}

/** Mean over the 10 ms that end at each frame, `lead` earlier: there the tuned part is the velocity now. */
function noiseFrames(
  noise: Float32Array,
  electrodes: readonly Electrode[],
  frameRateHz: number,
  lfpRateHz: number,
  first: number,
  frameCount: number,
): Float32Array {
  const width = electrodes.length;
  const perFrame = lfpRateHz / frameRateHz;
  const frames = new Float32Array(frameCount * width);
  electrodes.forEach(({ leadS }, c) => {
    const shift = Math.round(leadS * lfpRateHz);
    for (let m = 0; m < frameCount; m++) {
      const end = (first + m) * perFrame - shift;
      let sum = 0;
      for (let i = end - perFrame + 1; i <= end; i++) sum += noise[Math.max(0, i) * width + c];
      frames[m * width + c] = sum / perFrame;
    }
  });
  return frames;
}

function centred(data: Float32Array, width: number): Float32Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i] * (width / data.length);
  return data.map((value, i) => value - mean[i % width]);
}

function covariance(data: Float32Array, width: number): Float64Array {
  const sum = new Float64Array(width * width);
  for (let start = 0; start < data.length; start += width) {
    for (let a = 0; a < width; a++) {
      for (let b = 0; b <= a; b++) sum[a * width + b] += data[start + a] * data[start + b];
    }
  }
  return sum.map((_, i) => {
    const a = Math.max(Math.floor(i / width), i % width);
    const b = Math.min(Math.floor(i / width), i % width);
    return (sum[a * width + b] * width) / data.length;
  });
}

/** Rows of `V D' (D V D' + N)^-1`, one per axis. */
function estimator(
  noiseCovariance: Float64Array,
  tuning: readonly number[],
  velocityCovariance: Float64Array,
): Float64Array[] {
  const width = tuning.length / 2;
  const project = (c: number, axis: number) =>
    tuning[2 * c] * velocityCovariance[axis] + tuning[2 * c + 1] * velocityCovariance[2 + axis];
  const total = noiseCovariance.map((value, i) => {
    const a = Math.floor(i / width);
    const b = i % width;
    return value + tuning[2 * b] * project(a, 0) + tuning[2 * b + 1] * project(a, 1);
  });
  return [0, 1].map((axis) =>
    conjugateGradient(
      total,
      Float64Array.from({ length: width }, (_, c) => project(c, axis)),
    ),
  );
}

function score(
  noise: Float32Array,
  velocity: Float32Array,
  tuning: readonly number[],
  weights: Float64Array,
  axis: number,
): number {
  const width = weights.length;
  let residual = 0;
  let total = 0;
  for (let m = 0; m < velocity.length / 2; m++) {
    let estimate = 0;
    for (let c = 0; c < width; c++) {
      const tuned = tuning[2 * c] * velocity[2 * m] + tuning[2 * c + 1] * velocity[2 * m + 1];
      estimate += weights[c] * (tuned + noise[m * width + c]);
    }
    const truth = velocity[2 * m + axis];
    residual += (truth - estimate) ** 2;
    total += truth ** 2;
  }
  return 1 - residual / total;
}

/** Solves `a x = b` for a symmetric positive definite matrix. */
function conjugateGradient(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const x = new Float64Array(n);
  const residual = b.slice();
  const direction = b.slice();
  const dot = (p: Float64Array, q: Float64Array) =>
    p.reduce((sum, value, i) => sum + value * q[i], 0);
  let energy = dot(residual, residual);
  const target = 1e-20 * energy;
  for (let step = 0; step < 20 * n && energy > target; step++) {
    const image = direction.map((_, i) => dot(a.subarray(i * n, (i + 1) * n), direction));
    const length = energy / dot(direction, image);
    for (let i = 0; i < n; i++) {
      x[i] += length * direction[i];
      residual[i] -= length * image[i];
    }
    const next = dot(residual, residual);
    for (let i = 0; i < n; i++) direction[i] = residual[i] + (next / energy) * direction[i];
    energy = next;
  }
  return x;
}
