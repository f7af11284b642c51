/** The last step of every reader: joins series, checks that they fit each other, and says what is odd. */
import { behaviourOnFrames } from './behaviourClock';
import { contentHash, durationS, type Session, type Signal } from './session';

export interface SessionParts {
  readonly name: string;
  readonly subject: string;
  readonly lfp: Signal;
  readonly bands: readonly string[];
  /** Joined column by column on the first one's clock. */
  readonly behaviour: readonly Signal[];
  readonly alreadyFrames: boolean;
  readonly channelMask?: Float32Array;
  readonly warnings?: readonly string[];
}

/** @throws one sentence when the LFP is too short or the behaviour lies outside it */
export function assembleSession(parts: SessionParts): Session {
  const { name, lfp, bands } = parts;
  if (!(durationS(lfp) >= 1)) {
    throw new Error(
      `[session] expected at least 1 s of LFP, got ${durationS(lfp).toFixed(3)} s ` +
        `(${lfp.sampleCount} samples at ${lfp.rateHz} Hz) in "${name}": choose a longer series`,
    );
  }
  const behaviour = joinBehaviour(parts.behaviour);
  const channels = inspectChannels(lfp, bands.length, parts.channelMask);
  return {
    id: contentHash(behaviour ? [lfp, behaviour] : [lfp]),
    name,
    subject: parts.subject,
    synthetic: false,
    lfp,
    bands,
    behaviour,
    alreadyFrames: parts.alreadyFrames,
    channelMask: channels.mask,
    warnings: [
      ...(parts.warnings ?? []),
      ...channels.warnings,
      ...(behaviour
        ? checkBehaviour(behaviour, lfp, name)
        : ['No behaviour: usable for pretraining only.']),
    ],
  };
}

function joinBehaviour(signals: readonly Signal[]): Signal | undefined {
  if (signals.length < 2) return signals[0];
  const [clock] = signals;
  const columns = signals.map((signal) =>
    signal === clock
      ? signal.data
      : behaviourOnFrames(signal, clock.startS, clock.rateHz, clock.sampleCount),
  );
  const widths = signals.map((signal) => signal.names.length);
  const width = widths.reduce((sum, w) => sum + w, 0);
  const data = new Float32Array(clock.sampleCount * width);
  let offset = 0;
  columns.forEach((column, s) => {
    for (let i = 0; i < clock.sampleCount; i++) {
      for (let k = 0; k < widths[s]; k++) data[i * width + offset + k] = column[i * widths[s] + k];
    }
    offset += widths[s];
  });
  return {
    ...clock,
    data,
    names: signals.flatMap((signal) => signal.names),
    units: signals.flatMap((signal) => signal.units),
  };
}

function checkBehaviour(behaviour: Signal, lfp: Signal, name: string): string[] {
  const overlapS =
    Math.min(behaviour.startS + durationS(behaviour), lfp.startS + durationS(lfp)) -
    Math.max(behaviour.startS, lfp.startS);
  const span = (s: Signal) => `${s.startS.toFixed(2)} to ${(s.startS + durationS(s)).toFixed(2)} s`;
  if (overlapS < 1) {
    throw new Error(
      `[session] expected behaviour on the LFP's clock (${span(lfp)}), got ${span(behaviour)} in "${name}": ` +
        'the clocks do not match, choose another behaviour series or repair its timestamps',
    );
  }
  const warnings: string[] = [];
  if (overlapS < 0.9 * durationS(lfp)) {
    warnings.push(`Behaviour covers ${percent(overlapS / durationS(lfp))} of the LFP.`);
  }
  const unknown = behaviour.data.reduce((sum, x) => sum + (Number.isFinite(x) ? 0 : 1), 0);
  if (unknown === behaviour.data.length) {
    throw new Error(
      `[session] expected known behaviour values, got only NaN in "${name}": choose another behaviour series`,
    );
  }
  if (unknown > 0) {
    warnings.push(
      `Behaviour is unknown (NaN) in ${percent(unknown / behaviour.data.length)} of its values; ` +
        'those frames are left out of training and scoring.',
    );
  }
  return warnings;
}

/** Rejects channels without information and reports gaps. */
function inspectChannels(lfp: Signal, bandCount: number, given: Float32Array | undefined) {
  const width = lfp.names.length;
  const mask = given ? Float32Array.from(given) : new Float32Array(width / bandCount).fill(1);
  const lowest = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
  const highest = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  const run = new Int32Array(width);
  let missing = 0;
  let longestRun = 0;
  for (let i = 0, c = 0; i < lfp.data.length; i++, c = c + 1 === width ? 0 : c + 1) {
    const value = lfp.data[i];
    if (Number.isFinite(value)) {
      run[c] = 0;
      if (value < lowest[c]) lowest[c] = value;
      if (value > highest[c]) highest[c] = value;
    } else {
      missing += 1;
      run[c] += 1;
      if (run[c] > longestRun) longestRun = run[c];
    }
  }
  const warnings: string[] = [];
  const flat: string[] = [];
  for (let channel = 0; channel < mask.length; channel++) {
    const columns = Array.from({ length: bandCount }, (_, b) => channel * bandCount + b);
    if (mask[channel] === 0 || columns.some((c) => highest[c] > lowest[c])) continue;
    mask[channel] = 0;
    flat.push(lfp.names[columns[0]]);
  }
  if (mask.every((valid) => valid === 0)) {
    throw new Error(
      '[session] expected at least one channel whose values change, got none: choose another LFP series',
    );
  }
  if (flat.length > 0) warnings.push(`Left out, because they never change: ${listed(flat)}.`);
  if (missing > 0) {
    warnings.push(
      `LFP has gaps: ${percent(missing / lfp.data.length)} of its values are missing, the longest run ` +
        `${(longestRun / lfp.rateHz).toFixed(3)} s. Frames without any channel are left out; a single missing channel repeats its last value.`,
    );
  }
  return { mask, warnings };
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(fraction < 0.1 ? 2 : 0)} %`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
