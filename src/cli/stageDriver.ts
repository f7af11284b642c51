// Drives one training stage to its end or to an interruption, with a checkpoint now and then.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checkpoints } from '../train/checkpoint';
import type { TrainOutcome } from '../train/events';
import { decodeSnapshot, encodeSnapshot, type Snapshot, type StageRecord } from '../train/snapshot';
import type { TrainingStage } from '../train/stage';
import type { Interruption } from './interruption';
import { type Terminal, TrainingProgress } from './progress';

export interface StageDrive {
  readonly title: string;
  create(resume: Snapshot | undefined): Promise<TrainingStage>;
  readonly checkpoints: Checkpoints;
  readonly interruption: Interruption;
  readonly terminal: Terminal;
}

export interface DrivenStage {
  readonly outcome: TrainOutcome;
  readonly record: StageRecord;
  /** Over all the processes that took part. */
  readonly seconds: number;
}

const CHECKPOINT_MS = 10_000;
/** Saving takes at most this part of the time. */
const CHECKPOINT_SHARE = 0.05;

/** undefined: interrupted, and the checkpoint holds the state after the last finished step. */
export async function driveStage({
  title,
  create,
  checkpoints,
  interruption,
  terminal,
}: StageDrive): Promise<DrivenStage | undefined> {
  const saved = await checkpoints.load();
  const resume = saved && decodeSnapshot(saved);
  if (resume) terminal.note(`${title}: resuming after step ${resume.record.step}`);
  const spentS = Number(resume?.record.context.seconds ?? 0);
  terminal.status(`${title}: preparing`);
  const stage = await create(resume);
  const progress = new TrainingProgress(terminal, title);
  const startedMs = performance.now();
  const seconds = (): number => spentS + (performance.now() - startedMs) / 1000;
  let savedMs = startedMs;
  let intervalMs = CHECKPOINT_MS;
  const save = async (): Promise<void> => {
    const beganMs = performance.now();
    await checkpoints.save(encodeSnapshot(await stage.snapshot({ seconds: seconds() })));
    savedMs = performance.now();
    intervalMs = Math.max(CHECKPOINT_MS, (savedMs - beganMs) / CHECKPOINT_SHARE);
  };
  const events = stage.run();
  try {
    for (;;) {
      // Signals arrive between turns of the event loop, which steps alone need not reach.
      await nextTurn();
      if (interruption.exitCode !== undefined) {
        await save();
        return undefined;
      }
      const { value, done } = await events.next();
      if (done) {
        const { record } = await stage.snapshot();
        return { outcome: value, record, seconds: seconds() };
      }
      progress.report(value);
      if (performance.now() - savedMs >= intervalMs) await save();
    }
  } finally {
    stage.destroy();
  }
}
