/** Fourier resampling to any length. */
import { type Complex, createTransform } from './fourier';

/**
 * Resamples one period of a complex signal by cutting or padding its spectrum, as SciPy's `resample`.
 * The transform is linear, so two real channels ride in one signal as its two parts.
 */
export function createFourierResampler(
  inputCount: number,
  outputCount: number,
): (signal: Complex) => Complex {
  const forward = createTransform(inputCount);
  const backward = createTransform(outputCount);
  const shared = Math.min(inputCount, outputCount);
  const half = Math.floor((shared - 1) / 2);
  return (signal) => {
    const spectrum = forward(signal);
    const cut: Complex = new Float64Array(2 * outputCount);
    for (let k = 0; k <= half; k++) copyBin(spectrum, k, cut, k);
    for (let k = 1; k <= half; k++) copyBin(spectrum, inputCount - k, cut, outputCount - k);
    if (shared % 2 === 0) copyNyquist(spectrum, inputCount, cut, outputCount, shared / 2);
    // The inverse transform is the forward one of the conjugate, conjugated.
    for (let i = 1; i < cut.length; i += 2) cut[i] = -cut[i];
    const resampled = backward(cut);
    for (let i = 0; i < resampled.length; i += 2) {
      resampled[i] /= inputCount;
      resampled[i + 1] /= -inputCount;
    }
    return resampled;
  };
}

function copyBin(from: Complex, i: number, to: Complex, j: number) {
  to[2 * j] = from[2 * i];
  to[2 * j + 1] = from[2 * i + 1];
}

/** An even length has one bin for both signs of its highest frequency. */
function copyNyquist(
  from: Complex,
  inputCount: number,
  to: Complex,
  outputCount: number,
  k: number,
) {
  for (let part = 0; part < 2; part++) {
    const positive = from[2 * k + part];
    const negative = from[2 * (inputCount - k) + part];
    if (outputCount < inputCount) to[2 * k + part] = positive + negative;
    else if (outputCount === inputCount) to[2 * k + part] = positive;
    else {
      to[2 * k + part] = positive / 2;
      to[2 * (outputCount - k) + part] = positive / 2;
    }
  }
}
