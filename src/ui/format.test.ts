// Numbers as the page shows them.
import { expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatMs,
  formatRate,
  formatScore,
  shownUnit,
  withUnit,
} from './format';

it.each([
  [formatDuration(9.94), '9.9 s'],
  [formatDuration(89), '89 s'],
  [formatDuration(600), '10 min'],
  [formatDuration(9000), '2.5 h'],
  [formatDuration(undefined), '–'],
  [formatDuration(Number.POSITIVE_INFINITY), '–'],
  [formatRate(100), '100 Hz'],
  [formatRate(24414.0625), '24.41 kHz'],
  [formatCount(999), '999'],
  [formatCount(1234567), '1\u202f234\u202f567'],
  [formatScore(0.98765), '0.988'],
  [formatScore(undefined), '–'],
  [formatLoss(0.12345), '0.123'],
  [formatLoss(1e-7), '1.0e-7'],
  [formatLoss(Number.NaN), '–'],
  [formatBytes(999), '999 B'],
  [formatBytes(999_600), '1 MB'],
  [formatBytes(12_345_678), '12.3 MB'],
  [formatMs(2.345), '2.35 ms'],
  [formatMs(23.45), '23.4 ms'],
  [shownUnit('uV'), 'µV'],
  [shownUnit('ln uV²'), 'ln µV²'],
  [shownUnit('um/s'), 'µm/s'],
  [shownUnit('lux'), 'lux'],
  [withUnit('force', 'uN'), 'force (µN)'],
  [withUnit('force', ''), 'force'],
])('%s', (shown, expected) => {
  expect(shown).toBe(expected);
});
