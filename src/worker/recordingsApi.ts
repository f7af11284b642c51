/** What the page and the worker tell each other about recordings and how these are prepared. Types only. */
import type { Fault } from '../base/fault';
import type { FrontEndKind } from '../data/features';
import type { SeriesInfo } from '../data/formats/fileFormat';
import type { PowerBand } from '../data/frontEnd/bandPower';
import type { ReferenceKind } from '../data/frontEnd/reference';
import type { Mapping } from '../data/mapping';
import type { AppliedFrontEnd, Provenance } from '../data/provenance';

/** A recording as the table shows it; its samples stay in the worker. */
export interface SessionSummary {
  id: string;
  name: string;
  /** Empty: not known. */
  subject: string;
  /** ISO 8601, by the clock of the place. */
  recordedAt?: string;
  tags: readonly string[];
  synthetic: boolean;
  channelCount: number;
  usedChannelCount: number;
  /** `[channel]`, false: rejected. */
  channelsUsed: readonly boolean[];
  bandCount: number;
  rateHz: number;
  lengthS: number;
  alreadyFrames: boolean;
  /** Of an imported session. */
  provenance?: Provenance;
  behaviourNames: readonly string[];
  behaviourUnits: readonly string[];
  warnings: readonly string[];
  oracleR2?: readonly number[];
}

/** A file whose series wait for a person's choice. */
export interface OpenedFile {
  token: number;
  fileName: string;
  format: string;
  series: SeriesInfo[];
  proposal: Mapping;
  /** Why the proposal is what it is, one sentence each. */
  reasons: string[];
  warnings: string[];
  /** What was confirmed for a file of this shape before, where it differs from the proposal. */
  remembered?: RememberedMapping;
}

export interface RememberedMapping {
  mapping: Mapping;
  /** Name of the session that it was confirmed for. */
  from: string;
}

/** How far opening or reading a recording is. */
export interface ImportProgress {
  fileName: string;
  /** What is done, such as "Reading". */
  text: string;
  /** 0 to 1, once it is known. */
  fraction?: number;
  leftS?: number;
  /** Seconds of recording per second of work. */
  timesRealTime?: number;
  /** Of a remote file, so far. */
  receivedBytes?: number;
  /** One sentence on what does the work. */
  how?: string;
}

/** Either the file, or why it cannot be used. */
export type OpenOutcome = { file: OpenedFile } | { fileName: string; fault: Fault };

export interface DataSettings {
  frontEnd: Exclude<FrontEndKind, 'none'>;
  notchHz: 50 | 60 | 0;
  /** Absent, as in settings of earlier versions: the average. */
  reference?: ReferenceKind;
  /** Log powers beside the LFP; absent: none. Of the realtime front end only. */
  powerBandsHz?: readonly PowerBand[];
  /** Time constant of a running z-score of the LFP; absent: the training fold's statistics throughout. */
  runningZScoreS?: number;
  behaviourAsVelocity: boolean;
  split: 'contiguous' | 'random-5s';
}

/** Raw traces of one stretch of a session; row-major `[channel, point]`. */
export interface TracePreview {
  sessionId: string;
  startS: number;
  stepS: number;
  names: string[];
  unit: string;
  data: Float32Array;
}

export interface SpectrumPreview {
  sessionId: string;
  frequenciesHz: Float32Array;
  names: string[];
  /** `[channel, frequency]`, decibel relative to 1 unit²/Hz. */
  powerDb: Float32Array;
  unit: string;
  /** The notch that it was taken behind, 0 for none. */
  notchHz: DataSettings['notchHz'];
}

export type Folds = Record<'train' | 'validation' | 'test', { start: number; end: number }[]>;

/** How a session will be prepared under given settings. */
export interface Preparation {
  sessionId: string;
  frontEnd: FrontEndKind;
  /** Front end that made the frames on import. */
  importedThrough?: AppliedFrontEnd;
  groupDelayMs: number;
  /** Of each power band's envelope. */
  bandDelaysMs: readonly number[];
  frameRateHz: number;
  frameCount: number;
  folds: Folds;
  splitText: string;
}
