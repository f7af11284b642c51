/** Which channels look broken, and why: proposed for dropping in plain sentences, never dropped by itself. */
import {
  areCounts,
  correlation,
  longestFlatRun,
  missingShare,
  moments,
  neighbourCorrelations,
  saturation,
  varianceScores,
} from './channelMeasures';
import {
  type ChannelSpectrum,
  channelSpectrum,
  humNotes,
  type LineNoise,
  lineNoiseOf,
  type MainsHz,
  strongerMains,
} from './lineNoise';
import { lookAt } from './lookedAt';
import { reasonsToDrop } from './qualityReasons';
import { channelCountOf, durationS, type Session } from './session';

export interface ChannelQuality {
  readonly name: string;
  /** Power at the mains frequency and its harmonics over that of their neighbours; NaN where it cannot be told. */
  readonly lineNoise: LineNoise;
  /** Fraction of samples that stand at the channel's own lowest or highest value; NaN of counts. */
  readonly saturated: number;
  /** Longest stretch of one unchanging value; NaN of counts. */
  readonly flatS: number;
  /** Fraction of samples without a value, recorded gaps left out. */
  readonly missing: number;
  readonly standardDeviation: number;
  /** Distance of the logarithm of the variance from the median channel's, in robust standard deviations. */
  readonly varianceScore: number;
  /** Correlation with the better of the channels on both sides; NaN without any, and of frames. */
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

export interface QualityOptions {
  /** Which of the two to look for; absent: the stronger one. */
  readonly mainsHz?: MainsHz;
  /** The notch that is set, for what it leaves of the hum; default none. */
  readonly notchHz?: MainsHz | 0;
  /** Look at every sample, however long it takes, instead of a minute spread over the recording. */
  readonly isWhole?: boolean;
}

/** Looks at the session's LFP as recorded, first band only; gaps are left out. */
export function assessQuality(session: Session, options: QualityOptions = {}): Quality {
  const { lfp, bands, alreadyFrames } = session;
  const { notchHz = 0, isWhole = false } = options;
  const width = lfp.names.length;
  const channelCount = channelCountOf(session);
  const { stretches, lengthS } = lookAt(session, isWhole);
  const partsOf = (channel: number) =>
    stretches.map((rows) => valuesOf(rows, channel * bands.length, width));
  const spectra: (ChannelSpectrum | undefined)[] = [];
  const deviations: number[] = [];
  const beside: number[] = [];
  const held: Pick<ChannelQuality, 'saturated' | 'flatS' | 'missing'>[] = [];
  let isCounted = alreadyFrames;
  let previous: Float64Array[] | undefined;
  for (let channel = 0; channel < channelCount; channel++) {
    const parts = partsOf(channel);
    spectra.push(alreadyFrames ? undefined : channelSpectrum(parts, lfp.rateHz));
    deviations.push(moments(parts).deviation);
    if (previous) beside.push(correlation(previous, parts));
    held.push({
      saturated: saturation(parts),
      flatS: longestFlatRun(parts) / lfp.rateHz,
      missing: missingShare(parts),
    });
    isCounted &&= areCounts(parts);
    previous = parts;
  }
  const mains = options.mainsHz ?? strongerMains(spectra);
  const scores = varianceScores(deviations);
  const correlations = neighbourCorrelations(beside);
  const channels = spectra.map((spectrum, channel): ChannelQuality => {
    const { saturated, flatS, missing } = held[channel];
    return {
      name: lfp.names[channel * bands.length],
      lineNoise: lineNoiseOf(
        spectrum ? partsOf(channel) : [],
        spectrum,
        lfp.rateHz,
        mains,
        notchHz,
      ),
      saturated: isCounted ? Number.NaN : saturated,
      flatS: isCounted ? Number.NaN : flatS,
      missing,
      standardDeviation: deviations[channel],
      varianceScore: scores[channel],
      neighbourCorrelation: alreadyFrames ? Number.NaN : correlations[channel],
    };
  });
  const given = session.channelMask ?? new Float32Array(channelCount).fill(1);
  const suggestions = channels.flatMap((quality, channel): DropSuggestion[] => {
    const reasons = reasonsToDrop(quality, channels);
    if (given[channel] === 0 || reasons.length === 0) return [];
    return [{ channel, name: quality.name, reasons }];
  });
  const proposedMask = Float32Array.from(given);
  for (const { channel } of suggestions) proposedMask[channel] = 0;
  const noises = channels.map(({ lineNoise }) => lineNoise);
  const notes = [
    ...(alreadyFrames ? [framesNote(session, isCounted)] : humNotes(noises, notchHz)),
    suggestions.length === 0
      ? 'No channel looks broken.'
      : `${suggestions.length} of ${channelCount} channels ${suggestions.length === 1 ? 'is' : 'are'} proposed for dropping; nothing is dropped until you do.`,
  ];
  // A gap or two is no news.
  if (lengthS < 0.5 * durationS(lfp)) {
    notes.push(`Judged by ${lengthS.toFixed(0)} s spread over ${durationS(lfp).toFixed(0)} s.`);
  }
  return { channels, suggestions, proposedMask, notes };
}

/** Why rules for samples are not applied. */
function framesNote({ lfp }: Session, isCounted: boolean): string {
  const rate = `${Number(lfp.rateHz.toPrecision(4))} Hz`;
  return isCounted
    ? `These are counts at ${rate}, not samples: they hold no mains hum, a unit that rests stands at zero, and it ` +
        'need not agree with its neighbours; none of these is judged.'
    : `These are frames at ${rate}, not samples: mains hum is taken before them, and features of neighbours need ` +
        'not agree; neither is judged.';
}

function valuesOf(rows: Float32Array, column: number, width: number): Float64Array {
  return Float64Array.from({ length: rows.length / width }, (_, i) => rows[i * width + column]);
}
