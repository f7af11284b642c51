/** The teacher and the student that the worker holds, and their files. */

import type { Precision } from '../autograd/graph';
import { runningMetadata } from '../data/runningZScore';
import type { ModelConfig } from '../model/config';
import { hasReadout, readModelFile, writeModelFile } from '../model/modelFile';
import { presetOf } from '../train/settings';
import type { DataSettings } from './recordingsApi';
import type { Folder } from './storage';
import type { ModelSummary, ModelsHeld } from './trainingApi';

/** `distilled` is the student before fine-tuning, from which every fine-tuning starts. */
export type ModelKind = 'teacher' | 'distilled' | 'student';

const KINDS: readonly ModelKind[] = ['teacher', 'distilled', 'student'];

/** Where a model comes from: kept in its file's metadata under one key, as JSON. */
export interface ModelRecord {
  preset: string;
  seed: number;
  adapter: string;
  trainedAt: string;
  synthetic: boolean;
  /** Of its latest stage; absent in files from before there was a choice. */
  precision?: Precision;
  sessions: { id: string; name: string }[];
  data: DataSettings;
  outputs: string[];
  units: string[];
  /** Session that it was fine-tuned to. */
  tunedTo?: { id: string; name: string };
}

export interface HeldModel {
  config: ModelConfig;
  weights: ReadonlyMap<string, Float32Array>;
  /** Absent for a model that another program wrote. */
  record?: ModelRecord;
  /** Of such a model, when its file says that it was trained with a running z-score. */
  runningZScoreS?: number;
}

const RECORD_KEY = 'realm_studio';

export class Models {
  readonly #folder: Folder;
  readonly #held = new Map<ModelKind, HeldModel>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  async restore(): Promise<void> {
    for (const kind of KINDS) {
      const bytes = await this.#folder.read(fileNameOf(kind));
      if (bytes) this.#held.set(kind, fromBytes(bytes));
    }
  }

  get(kind: ModelKind): HeldModel | undefined {
    return this.#held.get(kind);
  }

  async hold(kind: ModelKind, model: HeldModel): Promise<void> {
    this.#held.set(kind, model);
    await this.#folder.write(fileNameOf(kind), bytesOf(model));
  }

  /** @throws when there is no such model */
  exported(kind: ModelKind): Uint8Array<ArrayBuffer> {
    const model = this.#held.get(kind);
    if (!model) throw new Error(`[model] expected a ${kind}, got none: train or load one first`);
    return bytesOf(model);
  }

  /**
   * Holds a model file as teacher or student, by whether it sees the future.
   * @throws one sentence when the file is no model, or a causal one without readout
   */
  async load(bytes: Uint8Array): Promise<ModelKind> {
    const model = fromBytes(bytes);
    const kind = model.config.bidirectional ? 'teacher' : 'student';
    if (kind === 'student' && !hasReadout(model.weights)) {
      throw new Error(
        '[model] expected a student with a readout, got a causal encoder alone: load a student that was distilled or fine-tuned',
      );
    }
    await this.hold(kind, model);
    if (kind === 'student') await this.hold('distilled', model);
    return kind;
  }

  get summaries(): ModelsHeld {
    const teacher = this.#held.get('teacher');
    const student = this.#held.get('student');
    return { teacher: teacher && summaryOf(teacher), student: student && summaryOf(student) };
  }
}

/** The settings with the normalisation that the model was trained with, where its file says so. */
export function normalisedAs(model: HeldModel, data: DataSettings): DataSettings {
  const { runningZScoreS } = model.record ? model.record.data : model;
  if (!model.record && runningZScoreS === undefined) return data;
  const { runningZScoreS: _chosen, ...others } = data;
  return runningZScoreS === undefined ? others : { ...others, runningZScoreS };
}

function fileNameOf(kind: ModelKind): string {
  return `${kind}.safetensors`;
}

function bytesOf(model: HeldModel): Uint8Array<ArrayBuffer> {
  const { config, weights, record } = model;
  return writeModelFile(config, weights, {
    ...(record && { [RECORD_KEY]: JSON.stringify(record) }),
    ...runningMetadata(record ? record.data.runningZScoreS : model.runningZScoreS),
  });
}

function fromBytes(bytes: Uint8Array): HeldModel {
  const { config, weights, metadata } = readModelFile(bytes);
  const text = metadata[RECORD_KEY];
  if (text) return { config, weights, record: JSON.parse(text) as ModelRecord };
  const { normalise, normalise_s } = metadata;
  return {
    config,
    weights,
    ...(normalise === 'running' && { runningZScoreS: Number(normalise_s) }),
  };
}

function summaryOf({ config, weights, record }: HeldModel): ModelSummary {
  return {
    preset: record?.preset ?? 'from a file',
    isPaperScale: record ? presetOf(record.preset).paperScale : true,
    parameterCount: [...weights.values()].reduce((sum, { length }) => sum + length, 0),
    channelCount: config.channelCount,
    outputs: record?.outputs ?? [],
    synthetic: record?.synthetic ?? false,
    precision: record?.precision ?? 'f32',
    tunedTo: record?.tunedTo?.name,
  };
}
