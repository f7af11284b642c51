/** What the page may ask of the worker, and what the worker tells it. Types only. */
import type { Fault } from '../base/fault';
import type { Mapping } from '../data/mapping';
import type { Quality } from '../data/quality';
import type { Stage } from '../train/events';
import type { DecodedFrames, DecodeLayout, DecodeRequest, LatencySummary } from './decodingApi';
import type { SessionEntry } from './library';
import type {
  DataSettings,
  ImportProgress,
  OpenOutcome,
  Preparation,
  SessionSummary,
  SpectrumPreview,
  TracePreview,
} from './recordingsApi';
import type {
  ModelsHeld,
  PresetInfo,
  Reconstruction,
  Results,
  RunOutcome,
  RunProgress,
  SavedRun,
  TrainRequest,
} from './trainingApi';

export interface AdapterSummary {
  name: string;
  isSoftware: boolean;
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
