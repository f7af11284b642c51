/** Fourier resampling to any length, and the discrete Fourier transform of any length it needs. */
import FFT from 'fft.js';

/** Interleaved complex values `re, im, re, im, ...`. */
type Complex = Float64Array;

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

/** Forward transform of `count` complex values by Bluestein's algorithm (powers of two go direct). */
function createTransform(count: number): (signal: Complex) => Complex {
  if (count > 1 && Number.isInteger(Math.log2(count))) {
    const fft = new FFT(count);
    return (signal) => {
      const out = new Float64Array(2 * count);
      fft.transform(out, signal);
      return out;
    };
  }
  const size = 2 ** Math.max(1, Math.ceil(Math.log2(2 * count - 1)));
  const fft = new FFT(size);
  const chirp: Complex = new Float64Array(2 * count);
  const kernel: Complex = new Float64Array(2 * size);
  for (let i = 0; i < count; i++) {
    // i*i modulo 2*count keeps the angle small, so that long signals keep full precision.
    const angle = (Math.PI * ((i * i) % (2 * count))) / count;
    chirp[2 * i] = Math.cos(angle);
    chirp[2 * i + 1] = -Math.sin(angle);
    for (const j of i === 0 ? [0] : [i, size - i]) {
      kernel[2 * j] = Math.cos(angle);
      kernel[2 * j + 1] = Math.sin(angle);
    }
  }
  const kernelSpectrum: Complex = new Float64Array(2 * size);
  fft.transform(kernelSpectrum, kernel);
  const padded: Complex = new Float64Array(2 * size);
  const spectrum: Complex = new Float64Array(2 * size);
  return (signal) => {
    padded.fill(0);
    multiply(signal, chirp, padded, count);
    fft.transform(spectrum, padded);
    multiply(spectrum, kernelSpectrum, spectrum, size);
    fft.inverseTransform(padded, spectrum);
    const out: Complex = new Float64Array(2 * count);
    multiply(padded, chirp, out, count);
    return out;
  };
}

function multiply(a: Complex, b: Complex, out: Complex, count: number) {
  for (let i = 0; i < 2 * count; i += 2) {
    const re = a[i] * b[i] - a[i + 1] * b[i + 1];
    const im = a[i] * b[i + 1] + a[i + 1] * b[i];
    out[i] = re;
    out[i + 1] = im;
  }
}
