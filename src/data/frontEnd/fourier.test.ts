// The transform of every length against the defining sum.
import { expect, test } from 'vitest';
import { createTransform } from './fourier';

const TOLERANCE = 1e-9;

test.each([1, 2, 3, 4, 8, 12, 17, 30, 64, 97, 169, 1000, 1501])('%i values', (count) => {
  const signal = Float64Array.from({ length: 2 * count }, (_, i) => Math.sin(1 + i * i));
  const spectrum = createTransform(count)(signal);
  for (let k = 0; k < count; k += Math.ceil(count / 40)) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < count; i++) {
      const angle = (-2 * Math.PI * ((i * k) % count)) / count;
      re += signal[2 * i] * Math.cos(angle) - signal[2 * i + 1] * Math.sin(angle);
      im += signal[2 * i] * Math.sin(angle) + signal[2 * i + 1] * Math.cos(angle);
    }
    expect(Math.abs(spectrum[2 * k] - re)).toBeLessThan(TOLERANCE);
    expect(Math.abs(spectrum[2 * k + 1] - im)).toBeLessThan(TOLERANCE);
  }
});
