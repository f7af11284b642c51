/** The last step of every reader: joins series, checks that they fit each other, and says what is odd. */
import { behaviourOnFrames } from './behaviourClock';
import { createChannelInspection, percent } from './channelInspection';
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
  const inspection = createChannelInspection(lfp.names, bands.length);
  inspection.add(lfp.data);
  const channels = inspection.finish(parts.channelMask, lfp.rateHz);
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
