/** Drives one training stage from first to last step: turns, reports, checkpoints, and a lost device. */
import type { GpuDevice } from '../gpu/device';
import { DeviceLostError } from '../gpu/deviceLost';
import type { Snapshot } from '../train/snapshot';
import type { TrainingStage } from '../train/stage';
import type { StudioListener } from './api';
import type { RunControl } from './runControl';
import { RunReporter } from './runReporter';
import type { RunContext, SavedRuns } from './savedRuns';
import { buildStage, type StagePlan } from './stages';
import type { TrainRequest } from './trainingApi';

const SAVE_EVERY_MS = 15_000;
/** The browser blocks a page's GPU for minutes after a few losses: do not try for ever. */
const MOST_LOSSES = 2;
const AFTER_LOSS_MS = 2000;
const MOST_TRIES = 3;

export interface RunOptions {
  plan: StagePlan;
  request: TrainRequest;
  resume: Snapshot | undefined;
  control: RunControl;
  saved: SavedRuns;
  tell: StudioListener;
  columnNames: (columns: number) => readonly string[];
  device(): Promise<GpuDevice>;
  /** Opens another device after a loss. */
  reopenDevice(): Promise<GpuDevice>;
}

export interface RunResult {
  outcome: 'done' | 'cancelled';
  /** Of the best epoch, or the latest when cancelled before the first one ended; none before the first step. */
  weights: ReadonlyMap<string, Float32Array> | undefined;
}

/** @throws what the stage throws, a device lost for the third time, and that there is no other after a loss */
export async function runStage(options: RunOptions): Promise<RunResult> {
  let { resume } = options;
  for (let losses = 0; ; losses++) {
    const device = await (losses === 0 ? options.device() : anotherDevice(options, resume));
    try {
      return await runOnDevice(options, device, resume);
    } catch (error) {
      if (!(error instanceof DeviceLostError) || losses === MOST_LOSSES) throw error;
      resume = await options.saved.load(options.plan.stage);
      const step = resume?.record.step ?? 0;
      options.tell({
        type: 'note',
        text: `The graphics device was lost; going on from the checkpoint at step ${step}.`,
      });
      await pause(losses * AFTER_LOSS_MS);
    }
  }
}

async function anotherDevice(
  { reopenDevice }: RunOptions,
  resume: Snapshot | undefined,
): Promise<GpuDevice> {
  for (let tries = 1; ; tries++) {
    try {
      return await reopenDevice();
    } catch {
      if (tries < MOST_TRIES) {
        // The browser's graphics process may still be starting.
        await pause(AFTER_LOSS_MS);
        continue;
      }
      const kept = resume
        ? `the run is saved at step ${resume.record.step}, press Resume then`
        : 'no step was saved yet, start the run again then';
      throw new Error(
        '[gpu] expected another graphics device after a loss, got none from the browser: ' +
          `reload the page, or restart the browser where that does not help; ${kept}`,
      );
    }
  }
}

async function runOnDevice(
  options: RunOptions,
  device: GpuDevice,
  resume: Snapshot | undefined,
): Promise<RunResult> {
  const { plan, control, tell, columnNames } = options;
  tell({ type: 'activity', text: 'Building the network' });
  const stage = await buildStage(device, plan, resume);
  const past = resume?.record ?? { steps: [], validations: [] };
  const reporter = new RunReporter(tell, past, columnNames);
  const run = stage.run();
  let savedAt = performance.now();
  let steps = resume?.record.step ?? 0;
  try {
    for (;;) {
      const turn = await control.turn();
      if (turn === 'cancelled') {
        // Nothing was learned yet: there is nothing to keep.
        if (steps === 0) return { outcome: 'cancelled', weights: undefined };
        await save(options, stage, reporter);
        reporter.flush();
        return { outcome: 'cancelled', weights: await stage.weights() };
      }
      const next = await run.next();
      device.throwIfFailed();
      if (next.done) {
        reporter.flush();
        await options.saved.forget(plan.stage);
        return { outcome: 'done', weights: next.value.weights };
      }
      steps = next.value.step;
      reporter.add(next.value, control.isPaused);
      if (control.isPaused) reporter.rest();
      const isDue = performance.now() - savedAt > SAVE_EVERY_MS;
      if (control.isPaused || isDue) {
        await save(options, stage, reporter);
        if (control.isPaused) reporter.flush();
        savedAt = performance.now();
      }
    }
  } finally {
    await run.return(undefined as never);
    stage.destroy();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function save(
  { request, saved, plan, tell }: RunOptions,
  stage: TrainingStage,
  reporter: RunReporter,
): Promise<void> {
  const context: RunContext = {
    request,
    totalSteps: stage.totalSteps,
    savedAt: new Date().toISOString(),
  };
  const snapshot = await stage.snapshot(context);
  await saved.save(plan.stage, snapshot);
  reporter.catchUp(snapshot.record.steps);
  tell({ type: 'saved', runs: saved.all });
}
