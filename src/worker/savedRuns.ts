/** Checkpoints of the run of each stage, and what the page says about them. */
import { Checkpoints, type SlotStorage } from '../train/checkpoint';
import type { Stage } from '../train/events';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../train/snapshot';
import type { Folder } from './storage';
import type { SavedRun, TrainRequest } from './trainingApi';

const STAGES: readonly Stage[] = ['teacher', 'student', 'finetune'];

export interface RunContext {
  [key: string]: unknown;
  request: TrainRequest;
  totalSteps: number;
  savedAt: string;
}

export class SavedRuns {
  readonly #folder: Folder;
  readonly #runs = new Map<Stage, { checkpoints: Checkpoints; saved: SavedRun | undefined }>();

  constructor(folder: Folder) {
    this.#folder = folder;
    for (const stage of STAGES) {
      this.#runs.set(stage, {
        checkpoints: new Checkpoints(slotsOf(folder, stage)),
        saved: undefined,
      });
    }
  }

  async restore(): Promise<void> {
    for (const stage of STAGES) {
      const snapshot = await this.load(stage);
      if (snapshot) this.#runs.get(stage)!.saved = savedRunOf(snapshot);
    }
  }

  async load(stage: Stage): Promise<Snapshot | undefined> {
    const bytes = await this.#runs.get(stage)!.checkpoints.load();
    return bytes && decodeSnapshot(bytes);
  }

  async save(stage: Stage, snapshot: Snapshot): Promise<void> {
    const run = this.#runs.get(stage)!;
    await run.checkpoints.save(encodeSnapshot(snapshot));
    run.saved = savedRunOf(snapshot);
  }

  async forget(stage: Stage): Promise<void> {
    for (const slot of ['a', 'b']) await this.#folder.remove(`${stage}.${slot}`);
    this.#runs.set(stage, {
      checkpoints: new Checkpoints(slotsOf(this.#folder, stage)),
      saved: undefined,
    });
  }

  get all(): SavedRun[] {
    return [...this.#runs.values()].flatMap(({ saved }) => saved ?? []);
  }
}

function slotsOf(folder: Folder, stage: Stage): SlotStorage {
  return {
    read: (slot) => folder.read(`${stage}.${slot}`),
    write: (slot, bytes) => folder.write(`${stage}.${slot}`, bytes),
  };
}

export function contextOf(snapshot: Snapshot): RunContext {
  return snapshot.record.context as RunContext;
}

function savedRunOf(snapshot: Snapshot): SavedRun {
  const { request, totalSteps, savedAt } = contextOf(snapshot);
  const { stage, preset, seed, sessionIds, overrides } = request;
  const { step } = snapshot.record;
  return { stage, preset, seed, sessionIds, overrides, step, totalSteps, savedAt };
}
