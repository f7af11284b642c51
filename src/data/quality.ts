/** Which channels look broken, and why: proposed for dropping in plain sentences, never dropped by itself. */
import {
  longestFlatRun,
  median,
  moments,
  neighbourCorrelations,
  saturation,
  varianceScores,
} from './channelMeasures';
import { type LineNoise, lineNoiseOf, strongerMains } from './lineNoise';
import { channelCountOf, type Session } from './session';

export interface ChannelQuality {
  readonly name: string;
  /** Power at the mains frequency and its harmonics over that of their neighbours; NaN where it cannot be told. */
  readonly lineNoise: LineNoise;
  /** Fraction of samples that stand at the channel's own lowest or highest value. */
  readonly saturated: number;
  /** Longest stretch of one unchanging value. */
  readonly flatS: number;
  /** Fraction of samples without a value, recorded gaps left out. */
  readonly missing: number;
  readonly standardDeviation: number;
  /** Distance of the logarithm of the variance from the median channel's, in robust standard deviations. */
  readonly varianceScore: number;
  /** Correlation with the better of the channels on both sides; NaN without any. */
  readonly neighbourCorrelation: number;
}

export interface DropSuggestion {
  readonly channel: number;
  readonly name: string;
  /** One sentence each. */
  readonly reasons: readonly string[];
}

export interface Quality {
  readonly channels: readonly ChannelQuality[];
  readonly suggestions: readonly DropSuggestion[];
  /** `[channel]`, the session's mask without the suggested channels: a proposal, nothing is applied. */
  readonly proposedMask: Float32Array;
  /** About the recording as a whole. */
  readonly notes: readonly string[];
}

/** Above these a channel is proposed for dropping. Line noise alone is no reason: the notch takes it. */
const MAX_SATURATED = 0.01;
const MAX_FLAT_S = 1;
const MAX_MISSING = 0.05;
const MAX_VARIANCE_SCORE = 5;
const MIN_NEIGHBOUR_CORRELATION = 0.1;
/** Neighbours tell only where most channels agree with theirs. */
const MIN_USUAL_CORRELATION = 0.4;
/** Only strong hum that a notch leaves behind is worth a reason. */
const MAX_RATIO_AFTER_NOTCH = 10;
/** Hum is named from here on. */
const AUDIBLE_RATIO = 3;
/** Analysed at most, in stretches spread evenly over the recording. */
const MAX_SAMPLES = 120_000;
const STRETCHES = 12;

/**
 * Looks at the session's LFP as recorded, first band only; gaps are left out.
 * @param mainsHz which of the two to look for; absent: the stronger one
 */
export function assessQuality(session: Session, mainsHz?: 50 | 60): Quality {
  const { lfp, bands } = session;
  const width = lfp.names.length;
  const columns = Array.from({ length: channelCountOf(session) }, (_, c) => c * bands.length);
  const stretches = stretchesOf(session);
  const series = columns.map((column) => stretches.map((rows) => valuesOf(rows, column, width)));
  const mains = mainsHz ?? strongerMains(series, lfp.rateHz);
  const deviations = series.map((parts) => moments(parts).deviation);
  const scores = varianceScores(deviations);
  const correlations = neighbourCorrelations(series);
  const channels = series.map((parts, channel): ChannelQuality => {
    const whole = columnOf(session, columns[channel]);
    return {
      name: lfp.names[columns[channel]],
      lineNoise: lineNoiseOf(parts, lfp.rateHz, mains),
      saturated: saturation(whole),
      flatS: longestFlatRun(whole) / lfp.rateHz,
      missing: whole.filter((value) => !Number.isFinite(value)).length / Math.max(1, whole.length),
      standardDeviation: deviations[channel],
      varianceScore: scores[channel],
      neighbourCorrelation: correlations[channel],
    };
  });
  const given = session.channelMask ?? new Float32Array(channels.length).fill(1);
  const usual = median(correlations.filter(Number.isFinite));
  const suggestions = channels.flatMap((quality, channel): DropSuggestion[] => {
    const reasons = reasonsToDrop(quality, usual, deviations);
    if (given[channel] === 0 || reasons.length === 0) return [];
    return [{ channel, name: quality.name, reasons }];
  });
  const proposedMask = Float32Array.from(given);
  for (const { channel } of suggestions) proposedMask[channel] = 0;
  return { channels, suggestions, proposedMask, notes: notesOn(channels, suggestions.length) };
}

function reasonsToDrop(
  quality: ChannelQuality,
  usualCorrelation: number,
  deviations: readonly number[],
): string[] {
  const { lineNoise, saturated, flatS, missing, varianceScore, neighbourCorrelation } = quality;
  const reasons: string[] = [];
  if (missing > MAX_MISSING) reasons.push(`${percent(missing)} of its samples are missing.`);
  if (flatS > MAX_FLAT_S) reasons.push(`It stands still for ${flatS.toFixed(1)} s on end.`);
  if (saturated > MAX_SATURATED) {
    reasons.push(`${percent(saturated)} of its samples stand at its lowest or highest value.`);
  }
  if (Math.abs(varianceScore) > MAX_VARIANCE_SCORE) {
    const factor = quality.standardDeviation / median(deviations);
    reasons.push(
      factor > 1
        ? `It swings ${factor.toFixed(1)} times as far as the median channel.`
        : `It swings only ${factor.toPrecision(2)} times as far as the median channel.`,
    );
  }
  if (
    usualCorrelation > MIN_USUAL_CORRELATION &&
    neighbourCorrelation < MIN_NEIGHBOUR_CORRELATION
  ) {
    reasons.push(
      `It correlates with its neighbours by ${neighbourCorrelation.toFixed(2)}, others by ${usualCorrelation.toFixed(2)}.`,
    );
  }
  if (lineNoise.ratioAfterNotch > MAX_RATIO_AFTER_NOTCH) {
    reasons.push(
      `Even behind the notch its ${lineNoise.mainsHz} Hz hum is ${lineNoise.ratioAfterNotch.toFixed(0)} times its neighbourhood.`,
    );
  }
  return reasons;
}

function notesOn(channels: readonly ChannelQuality[], suggested: number): string[] {
  const noises = channels.map(({ lineNoise }) => lineNoise).filter(({ ratio }) => ratio > 0);
  const ratio = median(noises.map((noise) => noise.ratio));
  const after = median(noises.map((noise) => noise.ratioAfterNotch));
  const notes: string[] = [];
  if (ratio > AUDIBLE_RATIO) {
    notes.push(
      `There is ${noises[0].mainsHz} Hz hum: in the median channel ${ratio.toFixed(1)} times the power beside it, ` +
        `${after.toFixed(2)} times behind the ${noises[0].mainsHz} Hz notch.`,
    );
  } else if (noises.length > 0) notes.push('No mains hum stands out.');
  notes.push(
    suggested === 0
      ? 'No channel looks broken.'
      : `${suggested} of ${channels.length} channels are proposed for dropping; nothing is dropped until you do.`,
  );
  return notes;
}

/** Rows `[sample, column]` of stretches without recorded gaps, at most {@link MAX_SAMPLES} in all. */
function stretchesOf({ lfp }: Session): Float32Array[] {
  const width = lfp.names.length;
  const length = Math.min(lfp.sampleCount, Math.floor(MAX_SAMPLES / STRETCHES));
  const count = Math.min(STRETCHES, Math.max(1, Math.floor(lfp.sampleCount / length)));
  const step = count > 1 ? (lfp.sampleCount - length) / (count - 1) : 0;
  const all = Array.from({ length: count }, (_, i) => {
    const start = Math.floor(i * step);
    return { start, end: start + length };
  });
  const recorded = all.filter(
    ({ start, end }) =>
      !(lfp.gaps ?? []).some(
        ({ startSample, endSample }) => startSample < end && endSample > start,
      ),
  );
  return (recorded.length > 0 ? recorded : all).map(({ start, end }) =>
    lfp.data.subarray(start * width, end * width),
  );
}

function valuesOf(rows: Float32Array, column: number, width: number): Float64Array {
  return Float64Array.from({ length: rows.length / width }, (_, i) => rows[i * width + column]);
}

/** A whole column without its recorded gaps. */
function columnOf({ lfp }: Session, column: number): Float32Array {
  const width = lfp.names.length;
  const values = new Float32Array(lfp.sampleCount);
  let count = 0;
  let next = 0;
  const copyTo = (end: number) => {
    for (let i = next; i < end; i++) values[count++] = lfp.data[i * width + column];
  };
  for (const { startSample, endSample } of lfp.gaps ?? []) {
    copyTo(startSample);
    next = Math.max(next, endSample);
  }
  copyTo(lfp.sampleCount);
  return values.subarray(0, count);
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
