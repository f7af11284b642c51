/** A stretch of a session as if it were live: samples go through the front end frame by frame. */
import { filterOptions } from '../data/features';
import { createRealtimeFrontEnd, type RealtimeFrontEnd } from '../data/frontEnd/realtime';
import { fitNormalisation, LfpNormaliser, type Normalisation } from '../data/normalisation';
import type { Session } from '../data/session';
import type { FrameRange } from '../data/splits';
import type { Prepared } from './preparing';
import type { DataSettings } from './recordingsApi';

/** Before the stretch, for the filters to settle: after this the slowest has forgotten all but 1e-5. */
export const SETTLE_S = 60;

export interface ReplayedFrame {
  /** Its number in the session. */
  readonly frame: number;
  /** Normalised [channel * bandCount + band]. */
  readonly lfp: Float32Array;
}

export class ReplaySource {
  readonly range: FrameRange;
  readonly normalisation: Normalisation;
  readonly #session: Session;
  readonly #prepared: Prepared;
  readonly #frontEnd: RealtimeFrontEnd | undefined;
  /** As it is where the stretch starts: it has seen everything before. */
  readonly #normaliserAtStart: LfpNormaliser;
  #normaliser: LfpNormaliser;
  #frame: number;
  /** Samples given to the front end so far, and the frame it counts from. */
  #sample = 0;
  #firstFrame = 0;

  /** Replays the longest stretch of the test fold. */
  constructor(session: Session, prepared: Prepared, data: DataSettings) {
    const { features, split } = prepared;
    this.#session = session;
    this.#prepared = prepared;
    this.normalisation = fitNormalisation(features, split.train);
    this.range = split.test.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
    this.#frame = this.range.start;
    const width = features.channelCount * features.bandCount;
    this.#normaliserAtStart = new LfpNormaliser(this.normalisation, features.channelMask);
    this.#normaliserAtStart.skip(
      features.lfp.subarray(0, this.range.start * width),
      features.frameValid,
    );
    this.#normaliser = this.#normaliserAtStart.copy();
    if (features.frontEnd === 'realtime') {
      this.#frontEnd = createRealtimeFrontEnd(
        filterOptions(session, { kind: 'realtime', ...data }),
      );
      this.rewind();
    }
  }

  /** The next frame is the first of the stretch again. */
  rewind(): void {
    this.#frame = this.range.start;
    this.#normaliser = this.#normaliserAtStart.copy();
    if (!this.#frontEnd) return;
    const { frameRateHz } = this.#prepared.features;
    const settleFrames = Math.round(SETTLE_S * frameRateHz);
    // A whole second, where frame and sample coincide whatever the ratio of rates.
    const secondFrames = Math.round(frameRateHz);
    const wanted = Math.max(0, this.range.start - settleFrames);
    this.#firstFrame = Math.floor(wanted / secondFrames) * secondFrames;
    this.#frontEnd.reset();
    this.#sample = this.#sampleOf(this.#firstFrame);
    this.#push(this.#sampleOf(this.range.start));
  }

  /** @returns undefined at the end */
  next(): ReplayedFrame | undefined {
    if (this.#frame === this.range.end) return undefined;
    const { features } = this.#prepared;
    const width = features.channelCount * features.bandCount;
    const frame = this.#frame++;
    const raw = this.#frontEnd
      ? this.#push(this.#sampleOf(frame) + 1).slice(-width)
      : features.lfp.subarray(frame * width, (frame + 1) * width);
    const valid = features.frameValid?.subarray(frame, frame + 1);
    return { frame, lfp: this.#normaliser.push(raw, valid) };
  }

  /** The last sample that a frame needs. */
  #sampleOf(frame: number): number {
    const ratio = this.#session.lfp.rateHz / this.#prepared.features.frameRateHz;
    // Frames are counted from where the front end started, as it counts them.
    const start = Math.round(this.#firstFrame * ratio);
    return start + Math.floor((frame - this.#firstFrame) * ratio + 1e-9);
  }

  #push(endSample: number): Float32Array {
    const { data, names } = this.#session.lfp;
    const samples = data.subarray(this.#sample * names.length, endSample * names.length);
    this.#sample = endSample;
    return this.#frontEnd!.push(samples);
  }
}
