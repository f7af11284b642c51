// The training step of one case in all engines, side by side: the losses compared, then times, counts and bytes.

import type { BenchCase, BenchEngine, TrainingRun } from './cases';
import { dataOf } from './cases';
import { type Counts, counting, type Held, newHeld } from './counters';

export interface StepRow {
  readonly case: string;
  readonly engine: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** From the weights in main memory to the end of the first step, pipelines included. */
  readonly firstMs: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly bindGroups: number;
  readonly buffers: number;
  readonly peakBytes: number;
}

/** Steps after the first that are not timed; the last of them is counted. */
const WARM_UP = 2;
const LOSS_TOLERANCE = 1e-3;

interface Lane {
  readonly engine: BenchEngine;
  readonly run: TrainingRun;
  readonly held: Held;
  readonly firstMs: number;
  readonly steps: number;
  readonly times: number[];
  readonly counts: Counts;
}

/**
 * Trains the case in every engine, the engines taking turns step by step.
 * @param stepsOf how many steps an engine makes in all, at least 4
 * @throws Error when an engine's losses are not those of the first engine: then the work is not the same
 */
export async function compareTraining(
  one: BenchCase,
  engines: readonly BenchEngine[],
  stepsOf: (engine: BenchEngine) => number,
  log: (line: string) => void,
): Promise<StepRow[]> {
  const data = dataOf(one);
  const lanes: Lane[] = [];
  for (const engine of engines) {
    const held = newHeld();
    const start = performance.now();
    const [run] = await counting(held, async () => {
      const started = await engine.start(one, data);
      await started.step();
      return started;
    });
    const firstMs = performance.now() - start;
    log(`${one.name} ${engine.name}: first step ${firstMs.toFixed(0)} ms`);
    await counting(held, () => run.step());
    const [, counts] = await counting(held, () => run.step());
    lanes.push({ engine, run, held, firstMs, steps: stepsOf(engine), times: [], counts });
  }
  const most = Math.max(...lanes.map((lane) => lane.steps));
  for (let step = WARM_UP + 1; step < most; step++) {
    for (const lane of lanes) {
      if (step >= lane.steps) continue;
      const start = performance.now();
      await counting(lane.held, () => lane.run.step());
      lane.times.push(performance.now() - start);
    }
  }
  await compareLosses(one, lanes, log);
  return lanes.map((lane) => {
    lane.run.destroy();
    const times = [...lane.times].sort((a, b) => a - b);
    const { dispatches, submits, bindGroups, buffers } = lane.counts;
    return {
      case: one.name,
      engine: lane.engine.name,
      medianMs: times[times.length >> 1],
      minMs: times[0],
      maxMs: times[times.length - 1],
      firstMs: lane.firstMs,
      dispatches,
      submits,
      bindGroups,
      buffers,
      peakBytes: lane.held.peakBytes,
    };
  });
}

async function compareLosses(
  one: BenchCase,
  lanes: readonly Lane[],
  log: (line: string) => void,
): Promise<void> {
  const losses: number[][] = [];
  for (const lane of lanes) losses.push(await lane.run.losses());
  lanes.forEach(({ engine }, i) => {
    log(`${one.name} ${engine.name}: losses ${losses[i].map((x) => x.toFixed(5)).join(' ')}`);
    losses[i].forEach((loss, step) => {
      const expected = losses[0][step];
      if (step >= losses[0].length || Math.abs(loss - expected) <= LOSS_TOLERANCE * expected)
        return;
      throw new Error(
        `[bench] expected equal losses, got ${expected} (${lanes[0].engine.name}) and ${loss} (${engine.name}) at step ${step} of ${one.name}: the engines do not do the same work`,
      );
    });
  });
}
