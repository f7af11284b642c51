// Welch's spectrum: a sine's power, white noise's level, gaps, and what it refuses.
import { describe, expect, it } from 'vitest';
import { gaussian, PURPOSE } from '../base/rng';
import { powerSpectrum } from './powerSpectrum';

const RATE_HZ = 500;
/** Of the integral of a sine's peak; the Hann window leaks less than this outside three bins. */
const SINE_TOLERANCE = 0.01;
/** Of white noise averaged over all bins of some 150 windows. */
const NOISE_TOLERANCE = 0.05;

describe('powerSpectrum', () => {
  it.each([
    { toneHz: 20, amplitude: 3 },
    { toneHz: 60.3, amplitude: 0.2 },
    { toneHz: 200, amplitude: 1 },
  ])('gives a sine of $toneHz Hz half its squared amplitude, at its place', (tone) => {
    const { toneHz, amplitude } = tone;
    const samples = Float32Array.from(
      { length: 8192 },
      (_, i) => 5 + amplitude * Math.sin((2 * Math.PI * toneHz * i) / RATE_HZ),
    );
    const { frequenciesHz, density } = powerSpectrum(samples, RATE_HZ, 1024);
    const binHz = RATE_HZ / 1024;
    let power = 0;
    density.forEach((value, k) => {
      if (Math.abs(frequenciesHz[k] - toneHz) < 3 * binHz) power += value * binHz;
    });
    expect(Math.abs(power / (amplitude ** 2 / 2) - 1)).toBeLessThan(SINE_TOLERANCE);
    const peak = density.indexOf(Math.max(...density));
    expect(Math.abs(frequenciesHz[peak] - toneHz)).toBeLessThan(binHz);
  });

  it('integrates to the variance of white noise, with gaps held at the mean', () => {
    const noise = Float32Array.from({ length: 40_000 }, (_, i) =>
      gaussian(7, PURPOSE.synthetic, 0, i),
    );
    const mean = (spectrum: Float64Array) =>
      spectrum.reduce((sum, value) => sum + value, 0) * (RATE_HZ / 512);
    const whole = mean(powerSpectrum(noise, RATE_HZ, 512).density);
    expect(Math.abs(whole - 1)).toBeLessThan(NOISE_TOLERANCE);
    const half = noise.map((value, i) => (i % 2 === 0 ? value : Number.NaN));
    const gapped = mean(powerSpectrum(half, RATE_HZ, 512).density);
    expect(Math.abs(gapped - 0.5)).toBeLessThan(NOISE_TOLERANCE);
  });

  it.each([3, 1, 2048])('refuses a window of %d for 1000 samples', (windowSamples) => {
    expect(() => powerSpectrum(new Float32Array(1000), RATE_HZ, windowSamples)).toThrow(
      'a window of a power of two up to 1000',
    );
  });
});
