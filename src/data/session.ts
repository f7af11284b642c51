/** A recording as read from a file, before any front end or, when imported, behind one. */
import type { Provenance } from './provenance';

/** Samples `[startSample, endSample)`. */
export interface SampleRange {
  readonly startSample: number;
  readonly endSample: number;
}

/** A regularly sampled block of columns; row-major `[sample, column]`. */
export interface Signal {
  readonly rateHz: number;
  /** Time of the first sample on the recording's clock. */
  readonly startS: number;
  readonly sampleCount: number;
  readonly names: readonly string[];
  readonly units: readonly string[];
  readonly data: Float32Array;
  /** That reading added: the low-pass that reduces broadband, at 10 Hz. Absent: none. */
  readonly delayMs?: number;
  /** Pauses in which nothing was recorded, in order; their data is NaN. Absent: none is known. */
  readonly gaps?: readonly SampleRange[];
}

export interface Session {
  /** Stable hash of the content, see {@link contentHash}. */
  readonly id: string;
  readonly name: string;
  readonly subject: string;
  /** When it was recorded, as ISO 8601 by the clock of the place; absent where the file does not say. */
  readonly recordedAt?: string;
  /** What a person filed it under. */
  readonly tags?: readonly string[];
  /** True for generated recordings; shown wherever a result of one is shown. */
  readonly synthetic: boolean;
  /** Columns are `channel * bandCount + band`. Non-finite where the recording has a gap. */
  readonly lfp: Signal;
  /** `['raw']` for plain LFP. */
  readonly bands: readonly string[];
  /** K columns on their own clock; NaN where unknown. */
  readonly behaviour?: Signal;
  /** The LFP is already at frame rate and needs no front end (REALM .npz, feature files). */
  readonly alreadyFrames: boolean;
  readonly warnings: readonly string[];
  /** Synthetic only: R2 per behaviour column of a linear decoder that knows the true mixing. */
  readonly oracleR2?: readonly number[];
  /** `[channel]`, 1 used, 0 rejected by the file's own electrode table; absent: all used. */
  readonly channelMask?: Float32Array;
  /** Of an imported session: its files, mapping and front end. */
  readonly provenance?: Provenance;
}

/** Number of electrodes of a session (columns divided by bands). */
export function channelCountOf(session: Session): number {
  return session.lfp.names.length / session.bands.length;
}

export function durationS(signal: Signal): number {
  return signal.sampleCount / signal.rateHz;
}

/**
 * 64-bit hash of signals, as 16 hexadecimal digits: equal content gives equal ids on every machine.
 * Two multiply-xor lanes over the 32-bit words; not cryptographic.
 */
export function contentHash(signals: readonly Signal[]): string {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  const add = (word: number) => {
    low = Math.imul(low ^ word, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ word ^ (low >>> 7), 0xc2b2ae35);
    high ^= high >>> 13;
  };
  const scalars = new Float64Array(3);
  const scalarWords = new Uint32Array(scalars.buffer);
  for (const signal of signals) {
    scalars.set([signal.rateHz, signal.startS, signal.sampleCount]);
    for (const word of scalarWords) add(word);
    const { data } = signal;
    const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < words.length; i++) add(words[i]);
  }
  return hex(high) + hex(low);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
