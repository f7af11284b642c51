/** The part of a recording that quality is judged by: stretches spread over it, so that hours take no longer than minutes. */
import type { Session } from './session';

/** In all stretches together. */
const LOOKED_AT_S = 60;
/** Of recordings at frame rate a minute is few values: no fewer than this. */
const LEAST_SAMPLES = 12_000;
const STRETCHES = 12;

export interface LookedAt {
  /** `[sample, column]` of each stretch, without recorded gaps. */
  readonly stretches: readonly Float32Array[];
  readonly lengthS: number;
}

/** @param isWhole everything but the recorded gaps */
export function lookAt({ lfp }: Session, isWhole: boolean): LookedAt {
  const width = lfp.names.length;
  const { gaps = [], sampleCount } = lfp;
  const wanted = isWhole ? sampleCount : Math.max(LOOKED_AT_S * lfp.rateHz, LEAST_SAMPLES);
  const recorded = betweenGaps(gaps, sampleCount);
  const isIn = (range: Range) =>
    recorded.some(({ start, end }) => start <= range.start && range.end <= end);
  const chosen =
    wanted >= sampleCount ? [] : spread(Math.floor(wanted / STRETCHES), sampleCount).filter(isIn);
  const ranges = chosen.length > 0 ? chosen : recorded;
  // Nothing but gaps: their missing values are what there is to say.
  const used = ranges.length > 0 ? ranges : [{ start: 0, end: sampleCount }];
  const samples = used.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    stretches: used.map(({ start, end }) => lfp.data.subarray(start * width, end * width)),
    lengthS: samples / lfp.rateHz,
  };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function spread(length: number, sampleCount: number): Range[] {
  return Array.from({ length: STRETCHES }, (_, i) => {
    const start = Math.floor((i * (sampleCount - length)) / (STRETCHES - 1));
    return { start, end: start + length };
  });
}

function betweenGaps(
  gaps: readonly { startSample: number; endSample: number }[],
  sampleCount: number,
): Range[] {
  const ranges: Range[] = [];
  let start = 0;
  for (const { startSample, endSample } of [
    ...gaps,
    { startSample: sampleCount, endSample: sampleCount },
  ]) {
    if (startSample > start) ranges.push({ start, end: startSample });
    start = Math.max(start, endSample);
  }
  return ranges;
}
