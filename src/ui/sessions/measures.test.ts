// The colours of the quality strips run from none to full over the range that is written beside them.
import { describe, expect, it } from 'vitest';
import type { ChannelQuality } from '../../data/quality';
import { MEASURES, strengthOf } from './measures';

const clean: ChannelQuality = {
  name: 'ch 1',
  lineNoise: { mainsHz: 50, ratio: 1, ratioAfterNotch: 1, ratioAsSet: 1 },
  saturated: 0,
  flatS: 0,
  missing: 0,
  standardDeviation: 1,
  varianceScore: 0,
  neighbourCorrelation: 1,
};
const measureOf = (label: string) => MEASURES.find((measure) => measure.label === label)!;

describe('strengthOf', () => {
  it('is nothing for a clean channel', () => {
    expect(MEASURES.map((measure) => strengthOf(measure, clean))).toEqual(MEASURES.map(() => 0));
  });

  it.each([
    ['Line noise', { lineNoise: { ...clean.lineNoise, ratio: 10 } }, 0.5],
    ['Line noise', { lineNoise: { ...clean.lineNoise, ratio: 1e5 } }, 1],
    ['Saturated', { saturated: 0.05 }, 0.5],
    ['Missing', { missing: 1 }, 1],
    ['Outlier', { varianceScore: -5 }, 0.5],
    ['Neighbours', { neighbourCorrelation: -0.5 }, 1],
  ])('%s of %o', (label, change, expected) => {
    expect(strengthOf(measureOf(label), { ...clean, ...change })).toBeCloseTo(expected, 9);
  });

  it('is not a number where nothing was measured', () => {
    expect(
      strengthOf(measureOf('Neighbours'), { ...clean, neighbourCorrelation: Number.NaN }),
    ).toBeNaN();
  });
});
