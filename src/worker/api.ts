/** What the page may ask of the worker, and what the worker tells it. Types only. */
import type { Precision } from '../autograd/graph';
import type { Fault } from '../base/fault';
import type { FrontEndKind } from '../data/features';
import type { SeriesInfo } from '../data/formats/fileFormat';
import type { PowerBand } from '../data/frontEnd/bandPower';
import type { ReferenceKind } from '../data/frontEnd/reference';
import type { Mapping } from '../data/mapping';
import type { AppliedFrontEnd, Provenance } from '../data/provenance';
import type { Quality } from '../data/quality';
import type { DecodePath, DecodePreference } from '../decode/chooseDecoder';
import type { Evaluation } from '../evaluate/evaluation';
import type { Stage, StepRecord, ValidationRecord } from '../train/events';
import type { SessionEntry } from './library';

export interface AdapterSummary {
  name: string;
  isSoftware: boolean;
}

export type Folds = Record<'train' | 'validation' | 'test', { start: number; end: number }[]>;

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

export type RunOutcome = 'done' | 'cancelled' | 'failed';

/** One number of a preset that a person may change. */
export interface NumberInfo {
  kind: 'number';
  name: string;
  label: string;
  unit: string;
  hint: string;
  value: number;
  minimum: number;
  maximum: number;
  isInteger: boolean;
}

/** One of a few ways, of which a preset takes one. */
export interface ChoiceInfo {
  kind: 'choice';
  name: string;
  label: string;
  /** One sentence. */
  hint: string;
  value: string;
  choices: readonly { readonly value: string; readonly label: string }[];
}

export type SettingInfo = NumberInfo | ChoiceInfo;

/** Values that differ from the preset's, by their name. */
export type Overrides = Readonly<Record<string, number | string>>;

export interface PresetInfo {
  name: string;
  title: string;
  note: string;
  isPaperScale: boolean;
  settings: Record<Stage, SettingInfo[]>;
}

export interface TrainRequest {
  stage: Stage;
  preset: string;
  seed: number;
  /** Sessions to learn from; fine-tuning takes the first. */
  sessionIds: string[];
  data: DataSettings;
  overrides: Overrides;
  /** Continue the saved run of this stage. */
  resume: boolean;
}

export interface RunProgress {
  stage: Stage;
  step: number;
  totalSteps: number;
  epoch: number;
  epochs: number;
  /** Undefined until two steps have ended. */
  framesPerS: number | undefined;
  leftS: number | undefined;
  /** Those that are new since the last report; after a resume all from the start. */
  records: readonly StepRecord[];
  validations: readonly ValidationRecord[];
}

/** One held-out segment; all three are row-major `[channel, frame]`. */
export interface Reconstruction {
  names: string[];
  frameRateHz: number;
  input: Float32Array;
  output: Float32Array;
  /** `[frame]`, 1 where the input was hidden from the teacher. */
  mask: Float32Array;
}

export interface SavedRun {
  stage: Stage;
  preset: string;
  seed: number;
  step: number;
  totalSteps: number;
  savedAt: string;
  sessionIds: string[];
  overrides: Overrides;
}

export interface Results {
  sessionId: string;
  sessionName: string;
  evaluations: Evaluation[];
  /** Synthetic sessions only, see `Session`. */
  oracleR2?: readonly number[];
}

/** Which models the worker holds. */
export interface ModelsHeld {
  teacher?: ModelSummary;
  student?: ModelSummary;
}

export interface ModelSummary {
  preset: string;
  isPaperScale: boolean;
  parameterCount: number;
  channelCount: number;
  outputs: string[];
  synthetic: boolean;
  /** Of its latest stage. */
  precision: Precision;
  /** Fine-tuned to this session; absent after distillation alone. */
  tunedTo?: string;
}

export interface LatencySummary {
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  missedDeadlines: number;
  deadlineMs: number;
  frames: number;
}

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

export type StudioEvent =
  | { type: 'adapter'; adapter: AdapterSummary }
  | { type: 'presets'; presets: PresetInfo[] }
  | { type: 'sessions'; sessions: SessionSummary[] }
  /** Undefined: nothing is being opened or read. */
  | { type: 'import'; progress: ImportProgress | undefined }
  | { type: 'note'; text: string }
  | { type: 'progress'; progress: RunProgress }
  | { type: 'activity'; text: string }
  | { type: 'reconstruction'; reconstruction: Reconstruction }
  | { type: 'saved'; runs: SavedRun[] }
  | { type: 'models'; models: ModelsHeld }
  | { type: 'results'; results: Results }
  | { type: 'decoded'; frames: DecodedFrames }
  | { type: 'latency'; latency: LatencySummary }
  | { type: 'decodeEnded' }
  | { type: 'fault'; fault: Fault };

export type StudioListener = (event: StudioEvent) => void;

/** How an event travels among the answers to calls. */
export interface EventMessage {
  studioEvent: StudioEvent;
}

/** The worker's interface. Every call may reject with an error whose message says what to do. */
export interface StudioApi {
  /** Opens the device and brings back what was saved; called once, before anything else. */
  connect(): Promise<void>;
  openFiles(files: File[]): Promise<OpenOutcome[]>;
  /** A recording that its server gives in parts. */
  openAddress(url: string): Promise<OpenOutcome[]>;
  /**
   * Reads an opened file as the mapping says and closes it. A long recording goes through the settings'
   * front end on the way. Undefined: it was cancelled, and the file stays open.
   */
  addFile(token: number, mapping: Mapping, data: DataSettings): Promise<SessionSummary | undefined>;
  /** Seconds at which a recorded pulse rises, on the clock of its own file; none: it was cancelled. */
  pulsesOf(token: number, name: string): Promise<number[]>;
  closeFile(token: number): Promise<void>;
  /** Stops what is being opened or read; nothing of it stays. */
  cancelImport(): Promise<void>;
  addBuiltIn(): Promise<SessionSummary[]>;
  /** What is wrong with the channels, whether rejected or not. */
  quality(id: string, notchHz: DataSettings['notchHz']): Promise<Quality>;
  /** Rejects or takes back channels; kept with the session. */
  useChannels(id: string, channels: readonly number[], areUsed: boolean): Promise<void>;
  /** Names and files a session. */
  describeSession(id: string, entry: SessionEntry): Promise<void>;
  /** The session as one Arrow file. */
  exportSession(id: string): Promise<Uint8Array>;
  removeSession(id: string): Promise<void>;
  /** Takes back the last removal of this session. */
  restoreSession(id: string): Promise<void>;
  traces(id: string, startS: number, lengthS: number): Promise<TracePreview>;
  spectrum(id: string, notchHz: DataSettings['notchHz']): Promise<SpectrumPreview>;
  prepare(id: string, data: DataSettings): Promise<Preparation>;
  /** Resolves when the run has ended, whichever way. */
  train(request: TrainRequest): Promise<RunOutcome>;
  pauseRun(): Promise<void>;
  resumeRun(): Promise<void>;
  stepRun(): Promise<void>;
  cancelRun(): Promise<void>;
  forgetSaved(stage: Stage): Promise<void>;
  exportModel(which: 'teacher' | 'student'): Promise<Uint8Array>;
  importModel(bytes: Uint8Array): Promise<void>;
  startDecode(request: DecodeRequest): Promise<DecodeLayout>;
  playDecode(): Promise<void>;
  pauseDecode(): Promise<void>;
  stepDecode(): Promise<void>;
  setDecodeSpeed(speed: number): Promise<void>;
  setDecodeLoop(loop: boolean): Promise<void>;
  stopDecode(): Promise<void>;
}
