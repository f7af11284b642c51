// Bands as text: what is understood, and what is not.
import { expect, test } from 'vitest';
import { bandText, parseBand } from './bandText';

test.each<[string, [number, number] | undefined]>([
  ['8-13', [8, 13]],
  ['0.5–4', [0.5, 4]],
  ['70-150', [70, 150]],
  ['13-8', undefined],
  ['8-8', undefined],
  ['0-4', undefined],
  ['8', undefined],
  ['1.2.3-9', undefined],
  ['8-13 Hz', undefined],
  ['', undefined],
])('"%s"', (text, band) => {
  expect(parseBand(text)).toEqual(band);
  if (band) expect(parseBand(bandText(band))).toEqual(band);
});
