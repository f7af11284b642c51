/** The discrete Fourier transform of any length. */
import FFT from 'fft.js';

/** Interleaved complex values `re, im, re, im, ...`. */
export type Complex = Float64Array;

type Transform = (signal: Complex) => Complex;

/** Beyond this a direct sum over a prime factor costs more than Bluestein's detour. */
const LARGEST_DIRECT_FACTOR = 13;

/** Forward transform of `count` complex values; the returned array is the caller's. */
export function createTransform(count: number): Transform {
  const factors = primeFactors(count);
  return Math.max(1, ...factors) <= LARGEST_DIRECT_FACTOR
    ? createMixedRadix(count, factors)
    : createBluestein(count);
}

function primeFactors(count: number): number[] {
  const factors: number[] = [];
  let rest = count;
  for (let p = 2; p * p <= rest; p++) {
    for (; rest % p === 0; rest /= p) factors.push(p);
  }
  if (rest > 1) factors.push(rest);
  return factors;
}

/** Stockham's self-sorting passes, one per prime factor. */
function createMixedRadix(count: number, factors: readonly number[]): Transform {
  const roots: Complex = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    roots[2 * k] = Math.cos((2 * Math.PI * k) / count);
    roots[2 * k + 1] = -Math.sin((2 * Math.PI * k) / count);
  }
  return (signal) => {
    let from: Complex = signal.slice();
    let to: Complex = new Float64Array(2 * count);
    let stride = 1;
    for (const factor of factors) {
      radixPass(from, to, roots, count, stride, factor);
      [from, to] = [to, from];
      stride *= factor;
    }
    return from;
  };
}

function radixPass(
  from: Complex,
  to: Complex,
  roots: Complex,
  count: number,
  stride: number,
  factor: number,
) {
  const groups = count / stride / factor;
  for (let group = 0; group < groups; group++) {
    for (let r = 0; r < factor; r++) {
      const out = 2 * stride * (factor * group + r);
      for (let q = 0; q < 2 * stride; q++) to[out + q] = 0;
      for (let t = 0; t < factor; t++) {
        const root = (t * r * groups * stride + group * r * stride) % count;
        const re = roots[2 * root];
        const im = roots[2 * root + 1];
        const input = 2 * stride * (group + groups * t);
        for (let q = 0; q < 2 * stride; q += 2) {
          to[out + q] += re * from[input + q] - im * from[input + q + 1];
          to[out + q + 1] += re * from[input + q + 1] + im * from[input + q];
        }
      }
    }
  }
}

/** Bluestein's algorithm: a convolution with a chirp, by transforms of a power of two. */
function createBluestein(count: number): Transform {
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
