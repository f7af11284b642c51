// What is measured of a channel, as the strips show it.
import type { ChannelQuality } from '../../data/quality';

export interface Measure {
  label: string;
  valueOf: (quality: ChannelQuality) => number;
  show: (value: number) => string;
  /** Values of the faintest and of the strongest colour. */
  from: number;
  to: number;
  isLogarithmic?: boolean;
}

const percent = (value: number) => `${Number((100 * value).toPrecision(2))} %`;

export const MEASURES: readonly Measure[] = [
  {
    label: 'Line noise',
    valueOf: ({ lineNoise }) => lineNoise.ratio,
    show: (value) => `${Number(value.toPrecision(2))}×`,
    from: 1,
    to: 100,
    isLogarithmic: true,
  },
  { label: 'Saturated', valueOf: ({ saturated }) => saturated, show: percent, from: 0, to: 0.1 },
  {
    label: 'Still',
    valueOf: ({ flatS }) => flatS,
    show: (value) => `${Number(value.toPrecision(2))} s`,
    from: 0,
    to: 5,
  },
  { label: 'Missing', valueOf: ({ missing }) => missing, show: percent, from: 0, to: 0.2 },
  {
    label: 'Outlier',
    valueOf: ({ varianceScore }) => Math.abs(varianceScore),
    show: (value) => `${value.toFixed(1)} sd`,
    from: 0,
    to: 10,
  },
  {
    label: 'Neighbours',
    valueOf: ({ neighbourCorrelation }) => 1 - Math.max(0, neighbourCorrelation),
    show: (value) => `r ${(1 - value).toFixed(2)}`,
    from: 0,
    to: 1,
  },
];

/** Strength of the colour, 0 to 1; NaN where it was not measured. */
export function strengthOf(measure: Measure, quality: ChannelQuality): number {
  const value = measure.valueOf(quality);
  const { from, to, isLogarithmic } = measure;
  const place = isLogarithmic
    ? Math.log(Math.max(value, from) / from) / Math.log(to / from)
    : (value - from) / (to - from);
  return Math.min(1, Math.max(0, place));
}
