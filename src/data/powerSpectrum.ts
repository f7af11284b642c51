/** Power spectral density by Welch's method, for looking at recordings. */
import FFT from 'fft.js';

export interface PowerSpectrum {
  readonly frequenciesHz: Float32Array;
  /** unit²/Hz per frequency. */
  readonly density: Float64Array;
}

/**
 * Mean periodogram of half-overlapping Hann windows, each with its mean removed (Welch, 1967).
 * A value that is not finite counts as its window's mean.
 * @param windowSamples a power of two, at least 2 and at most `samples.length`
 */
export function powerSpectrum(
  samples: ArrayLike<number>,
  rateHz: number,
  windowSamples: number,
): PowerSpectrum {
  const isPowerOfTwo = Number.isInteger(Math.log2(windowSamples));
  if (!isPowerOfTwo || windowSamples < 2 || windowSamples > samples.length) {
    throw new Error(
      `[powerSpectrum] expected a window of a power of two up to ${samples.length} samples, got ${windowSamples}`,
    );
  }
  const window = Float64Array.from(
    { length: windowSamples },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / windowSamples),
  );
  const windowPower = window.reduce((sum, w) => sum + w * w, 0);
  const fft = new FFT(windowSamples);
  const input = new Array<number>(windowSamples);
  const output = fft.createComplexArray() as number[];
  const binCount = windowSamples / 2 + 1;
  const density = new Float64Array(binCount);
  let windows = 0;
  for (let start = 0; start + windowSamples <= samples.length; start += windowSamples / 2) {
    const mean = finiteMean(samples, start, windowSamples);
    for (let i = 0; i < windowSamples; i++) {
      const value = samples[start + i];
      input[i] = Number.isFinite(value) ? (value - mean) * window[i] : 0;
    }
    fft.realTransform(output, input);
    for (let k = 0; k < binCount; k++) {
      // One-sided: all bins but the first and last stand for two.
      const sides = k === 0 || k === binCount - 1 ? 1 : 2;
      density[k] +=
        (sides * (output[2 * k] ** 2 + output[2 * k + 1] ** 2)) / (windowPower * rateHz);
    }
    windows += 1;
  }
  return {
    frequenciesHz: Float32Array.from(density, (_, k) => (k * rateHz) / windowSamples),
    density: density.map((sum) => sum / windows),
  };
}

function finiteMean(samples: ArrayLike<number>, start: number, count: number): number {
  let sum = 0;
  let known = 0;
  for (let i = start; i < start + count; i++) {
    if (!Number.isFinite(samples[i])) continue;
    sum += samples[i];
    known += 1;
  }
  return known === 0 ? 0 : sum / known;
}
