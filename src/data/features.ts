/** Features: LFP and behaviour on one frame clock, ready for normalisation and segments. */
import { behaviourOnFrames, differentiate } from './behaviourClock';
import { clearRejected } from './clearRejected';
import type { PowerBand } from './frontEnd/bandPower';
import { offlinePaper } from './frontEnd/offlinePaper';
import { createRealtimeFrontEnd, type RealtimeFrontEndOptions } from './frontEnd/realtime';
import { createReference, type ReferenceKind } from './frontEnd/reference';
import { frameValidity, gapsOf, mergedGaps, powerOnset, SETTLE_S } from './gaps';
import type { AppliedFrontEnd } from './provenance';
import { channelCountOf, type Session } from './session';

export type FrontEndKind = 'realtime' | 'offline-paper' | 'none';

export interface FrontEndOptions {
  /** `realtime` is causal to the sample; `offline-paper` is model-causal only. Ignored for frames. */
  readonly kind: FrontEndKind;
  /** Default 100 Hz, one frame per 10 ms. */
  readonly frameRateHz?: number;
  /** Mains frequency to notch out with its harmonics; default 60, 0 for none. */
  readonly notchHz?: 50 | 60 | 0;
  /** Default `average`: subtract the mean over used channels. */
  readonly reference?: ReferenceKind;
  /** Bands whose log powers follow the LFP of each channel; `realtime` only, default none. */
  readonly powerBandsHz?: readonly PowerBand[];
  /** Turn a position into a velocity by causal difference; default false. */
  readonly behaviourAsVelocity?: boolean;
  /** Time constant of a causal running z-score of the LFP; absent: the training fold's statistics throughout. */
  readonly runningZScoreS?: number;
}

export interface Features {
  readonly sessionId: string;
  readonly sessionName: string;
  readonly synthetic: boolean;
  readonly frameRateHz: number;
  readonly frameCount: number;
  readonly channelCount: number;
  readonly bandCount: number;
  /** `[frame, channel * bandCount + band]` */
  readonly lfp: Float32Array;
  /** `[channel]`, 1 valid, 0 padded or rejected. Rejected channels hold zeros. */
  readonly channelMask: Float32Array;
  /** `[frame, K]`, NaN where unknown. */
  readonly behaviour?: Float32Array;
  /**
   * `[frame]`, 0 where the recording has a gap or the filters still settle after one; absent: no gaps.
   * Behaviour is unknown there, and no segment or fold spans it.
   */
  readonly frameValid?: Uint8Array;
  readonly behaviourNames: readonly string[];
  readonly behaviourUnits: readonly string[];
  readonly frontEnd: FrontEndKind;
  /** The front end that an imported session had been through before. */
  readonly importedThrough?: AppliedFrontEnd;
  /** Delay that the front end itself adds, see `RealtimeFrontEnd`; of an imported session, that of its import. */
  readonly groupDelayMs: number;
  /** The same of each power band's envelope; absent: no power bands. */
  readonly bandDelaysMs?: readonly number[];
  /** How the LFP is to be normalised, see {@link FrontEndOptions}. */
  readonly runningZScoreS?: number;
}

const DEFAULT_FRAME_RATE_HZ = 100;
/** Samples pushed at once; any other number gives the same bits. */
const CHUNK_SAMPLES = 4096;

/**
 * Runs the chosen front end over a whole session and puts behaviour on the frame clock.
 * `realtime` runs the very code that live decoding runs, so offline and live frames are bit-identical.
 * @throws when the recording is too slow for the frame rate or the bands or shorter than one second
 */
export function extractFeatures(session: Session, options: FrontEndOptions): Features {
  const { lfp } = session;
  const channelCount = channelCountOf(session);
  const frontEnd = session.alreadyFrames ? 'none' : options.kind;
  const frameRateHz =
    frontEnd === 'none' ? lfp.rateHz : (options.frameRateHz ?? DEFAULT_FRAME_RATE_HZ);
  const result = runFrontEnd(session, frontEnd, options);
  const { bandCount, channelMask } = result;
  const frameCount = result.lfp.length / (channelCount * bandCount);
  if (frameCount < frameRateHz) {
    throw new Error(
      `[extractFeatures] expected at least 1 s of LFP, got ${(frameCount / frameRateHz).toFixed(2)} s in ` +
        `"${session.name}": use a longer recording`,
    );
  }
  clearRejected(result.lfp, channelMask, bandCount);
  const frameValid = validityOf(session, frontEnd, frameRateHz, frameCount, bandCount);
  const behaviour = options.behaviourAsVelocity
    ? session.behaviour && differentiate(session.behaviour)
    : session.behaviour;
  return {
    sessionId: session.id,
    sessionName: session.name,
    synthetic: session.synthetic,
    frameRateHz,
    frameCount,
    channelCount,
    bandCount,
    lfp: result.lfp,
    channelMask,
    behaviour:
      behaviour &&
      withoutInvalid(
        behaviourOnFrames(behaviour, lfp.startS, frameRateHz, frameCount),
        behaviour.names.length,
        frameValid,
      ),
    ...(frameValid && { frameValid }),
    behaviourNames: behaviour?.names ?? [],
    behaviourUnits: behaviour?.units ?? [],
    frontEnd,
    ...(session.provenance?.frontEnd && { importedThrough: session.provenance.frontEnd }),
    groupDelayMs:
      session.provenance?.frontEnd?.groupDelayMs ?? result.groupDelayMs + (lfp.delayMs ?? 0),
    bandDelaysMs:
      session.provenance?.frontEnd?.bandDelaysMs ??
      result.bandDelaysMs?.map((delay) => delay + (lfp.delayMs ?? 0)),
    ...(options.runningZScoreS !== undefined && { runningZScoreS: options.runningZScoreS }),
  };
}

/** What a front end needs to know of this session; live decoding builds its own from the same. */
export function filterOptions(session: Session, options: FrontEndOptions): RealtimeFrontEndOptions {
  const { frameRateHz = DEFAULT_FRAME_RATE_HZ, notchHz = 60, reference = 'average' } = options;
  const { powerBandsHz } = options;
  return {
    inputRateHz: session.lfp.rateHz,
    frameRateHz,
    channelCount: session.lfp.names.length,
    notchHz,
    reference,
    channelMask: session.channelMask,
    ...(powerBandsHz && { powerBandsHz }),
  };
}

function validityOf(
  { lfp, bands, channelMask }: Session,
  frontEnd: FrontEndKind,
  frameRateHz: number,
  frameCount: number,
  bandCount: number,
): Uint8Array | undefined {
  const isUsed = (column: number) => channelMask?.[Math.floor(column / bands.length)] !== 0;
  const hasPowers = frontEnd === 'realtime' && bandCount > 1;
  const onset = hasPowers ? [powerOnset(lfp.rateHz, frameRateHz)] : [];
  const gaps = mergedGaps([...gapsOf(lfp, isUsed), ...onset]);
  return frameValidity(gaps, lfp.rateHz, frameRateHz, frameCount, {
    settleS: frontEnd === 'none' ? 0 : SETTLE_S,
    looksAhead: frontEnd === 'offline-paper',
  });
}

function withoutInvalid(
  behaviour: Float32Array,
  width: number,
  frameValid: Uint8Array | undefined,
): Float32Array {
  frameValid?.forEach((valid, frame) => {
    if (valid === 0) behaviour.fill(Number.NaN, frame * width, (frame + 1) * width);
  });
  return behaviour;
}

type FrontEndResult = Pick<
  Features,
  'lfp' | 'bandCount' | 'channelMask' | 'groupDelayMs' | 'bandDelaysMs'
>;

function runFrontEnd(
  session: Session,
  kind: FrontEndKind,
  options: FrontEndOptions,
): FrontEndResult {
  const { lfp, bands } = session;
  const width = lfp.names.length;
  const undelayed = { groupDelayMs: 0, bandDelaysMs: [] };
  if (kind === 'none') {
    const channelMask = session.channelMask ?? new Float32Array(width / bands.length).fill(1);
    return { lfp: holdLast(lfp.data, width), bandCount: bands.length, channelMask, ...undelayed };
  }
  const filters = filterOptions(session, options);
  const channelMask = createReference(filters.reference, width, filters.channelMask).mask;
  if (kind === 'offline-paper') {
    return { lfp: offlinePaper(lfp.data, filters), bandCount: 1, channelMask, ...undelayed };
  }
  const frontEnd = createRealtimeFrontEnd(filters);
  const parts: Float32Array[] = [];
  for (let start = 0; start < lfp.sampleCount; start += CHUNK_SAMPLES) {
    const end = Math.min(lfp.sampleCount, start + CHUNK_SAMPLES);
    parts.push(frontEnd.push(lfp.data.subarray(start * width, end * width)));
  }
  const { bandCount, groupDelayMs, bandDelaysMs } = frontEnd;
  return { lfp: concatenate(parts), bandCount, channelMask, groupDelayMs, bandDelaysMs };
}

/** A copy in which a non-finite value repeats the column's last finite one (0 before the first). */
function holdLast(data: Float32Array, width: number): Float32Array {
  const held = Float32Array.from(data);
  for (let i = 0; i < held.length; i++) {
    if (!Number.isFinite(held[i])) held[i] = i < width ? 0 : held[i - width];
  }
  return held;
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
