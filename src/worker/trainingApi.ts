/** What the page and the worker tell each other about presets, runs, models and results. Types only. */
import type { Precision } from '../autograd/graph';
import type { Evaluation } from '../evaluate/evaluation';
import type { Stage, StepRecord, ValidationRecord } from '../train/events';
import type { DataSettings } from './recordingsApi';

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

export type RunOutcome = 'done' | 'cancelled' | 'failed';

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
