/** What the page and the worker tell each other about decoding. Types only. */
import type { DecodePath, DecodePreference } from '../decode/chooseDecoder';
import type { DataSettings } from './recordingsApi';

export interface DecodeRequest {
  sessionId: string;
  /** Where to decode. */
  preference: DecodePreference;
  speed: number;
  loop: boolean;
  data: DataSettings;
}

/** What the short measurement on start found on one path. */
export interface PathMeasurement {
  path: DecodePath;
  p50Ms?: number;
  p99Ms?: number;
  frames?: number;
  /** Why this path cannot be taken; then there are no numbers. */
  problem?: string;
}

export interface DecodeLayout {
  /** Where the frames are decoded. */
  path: DecodePath;
  measured: PathMeasurement[];
  sessionId: string;
  sessionName: string;
  synthetic: boolean;
  frameRateHz: number;
  frameCount: number;
  /** First frame of the test fold: what comes before it was seen in training. */
  testStartFrame: number;
  behaviourNames: string[];
  behaviourUnits: string[];
  lfpNames: string[];
}

/** Consecutive frames decoded since the last report, each row-major `[frame, column]`. */
export interface DecodedFrames {
  firstFrame: number;
  count: number;
  lfp: Float32Array;
  truth: Float32Array;
  decoded: Float32Array;
}

export interface LatencySummary {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  missedDeadlines: number;
  deadlineMs: number;
  frames: number;
}
