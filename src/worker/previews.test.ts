// The spectrum of a recording: its hum is there as recorded, and gone behind the notch.
import { expect, test } from 'vitest';
import { gaussian } from '../base/rng';
import type { Session } from '../data/session';
import { spectrumOf } from './previews';

const RATE_HZ = 1000;
const SAMPLES = 20 * RATE_HZ;

const HUMMING: Session = {
  id: 'hum',
  name: 'hum',
  subject: 'made',
  synthetic: true,
  lfp: {
    rateHz: RATE_HZ,
    startS: 0,
    sampleCount: SAMPLES,
    names: ['a', 'b'],
    units: ['uV', 'uV'],
    data: Float32Array.from({ length: 2 * SAMPLES }, (_, i) => {
      const turns = (50 * Math.floor(i / 2)) / RATE_HZ;
      return 10 * Math.sin(2 * Math.PI * turns) + gaussian(1, 1, i % 2, i);
    }),
  },
  bands: ['raw'],
  alreadyFrames: false,
  warnings: [],
};

/** Decibel of the first channel at 50 Hz over the median from 40 to 60 Hz. */
function humDb(notchHz: 0 | 50 | 60): number {
  const { frequenciesHz, powerDb } = spectrumOf(HUMMING, notchHz);
  const around = [...frequenciesHz.keys()].filter((k) => Math.abs(frequenciesHz[k] - 50) < 10);
  const sorted = around.map((k) => powerDb[k]).sort((a, b) => a - b);
  const nearest = around.reduce((a, b) =>
    Math.abs(frequenciesHz[b] - 50) < Math.abs(frequenciesHz[a] - 50) ? b : a,
  );
  return powerDb[nearest] - sorted[sorted.length >> 1];
}

test.each<[0 | 50 | 60, boolean]>([
  [0, true],
  [60, true],
  [50, false],
])('behind a notch at %i Hz', (notchHz, isHumming) => {
  if (isHumming) expect(humDb(notchHz)).toBeGreaterThan(20);
  else expect(humDb(notchHz)).toBeLessThan(3);
});
