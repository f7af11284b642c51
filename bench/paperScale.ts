// Training steps and live decoding at paper scale: time and memory.

import { createCpuDecoder } from '../src/decode/cpuDecoder';
import { createDecoder } from '../src/decode/decoder';
import { LatencyMeter } from '../src/decode/latency';
import type { GpuDevice } from '../src/gpu/device';
import { decoderParameters, initialWeights } from '../src/model/parameters';
import { counting, newHeld, recordDispatches } from './counters';
import { configOfPreset, type RealmStep, startRealmStep } from './realmSteps';
import { type ProfileRow, profileOf, timeEach } from './repeat';

/** Times are absent where the step was made but not run. */
export interface PaperRow {
  readonly step: string;
  readonly firstMs: number | undefined;
  readonly medianMs: number | undefined;
  readonly minMs: number | undefined;
  readonly maxMs: number | undefined;
  readonly dispatches: number;
  readonly peakBytes: number;
}

export interface LiveRow {
  readonly preset: string;
  readonly path: 'GPU' | 'processor';
  readonly frames: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly dispatches: number;
}

const student = configOfPreset('realm-v2', 'student');
const teacher = configOfPreset('realm-v2', 'teacher');
const FRAMES = 500;

/** The row that PyTorch's stand beside. */
export const STUDENT_STEP = 'student, batch 2';

const STEPS: readonly (RealmStep & {
  readonly name: string /** Timed after the first; 0: made but not run. */;
  readonly steps: number;
})[] = [
  {
    name: STUDENT_STEP,
    network: 'student',
    config: student,
    batch: 2,
    frames: FRAMES,
    microBatches: 1,
    recompute: false,
    steps: 3,
  },
  {
    name: 'teacher, batch 8 as 2 micro-batches of 4, recompute',
    network: 'teacher',
    config: teacher,
    batch: 4,
    frames: FRAMES,
    microBatches: 2,
    recompute: true,
    steps: 1,
  },
  {
    name: 'teacher, batch 8 at once, recompute (made, not run)',
    network: 'teacher',
    config: teacher,
    batch: 8,
    frames: FRAMES,
    microBatches: 1,
    recompute: true,
    steps: 0,
  },
];

/** Steps of student and teacher, and where the student's time goes. */
export async function benchPaperScale(
  gpu: GpuDevice,
  networks: readonly RealmStep['network'][],
  log: (line: string) => void,
): Promise<{ rows: PaperRow[]; profile: ProfileRow[] | undefined }> {
  const rows: PaperRow[] = [];
  let profile: ProfileRow[] | undefined;
  for (const one of STEPS.filter(({ network }) => networks.includes(network))) {
    const held = newHeld();
    const start = performance.now();
    const [run] = await counting(held, async () => {
      const started = await startRealmStep(gpu, one);
      if (one.steps > 0) await started.step();
      return started;
    });
    const firstMs = performance.now() - start;
    const times: number[] = [];
    let { dispatches } = run.trainer.plan.counts;
    for (let i = 0; i < one.steps; i++) {
      const begin = performance.now();
      const [, counts] = await counting(held, () => run.step());
      times.push(performance.now() - begin);
      dispatches = counts.dispatches;
    }
    times.sort((a, b) => a - b);
    if (one.network === 'student') {
      profile = profileOf(await timeEach(gpu, await recordDispatches(() => run.step())));
    }
    run.destroy();
    rows.push({
      step: one.name,
      firstMs: one.steps > 0 ? firstMs : undefined,
      medianMs: times[times.length >> 1],
      minMs: times[0],
      maxMs: times[times.length - 1],
      dispatches,
      peakBytes: held.peakBytes,
    });
    log(`${one.name}: ${times[times.length >> 1]?.toFixed(0) ?? '-'} ms, ${dispatches} dispatches`);
  }
  return { rows, profile };
}

/** Latency from a frame in main memory to its prediction there. */
export async function benchLive(
  gpu: GpuDevice,
  frames: number,
  log: (line: string) => void,
): Promise<LiveRow[]> {
  const rows: LiveRow[] = [];
  for (const preset of ['realm-v2', 'tiny']) {
    const config = configOfPreset(preset, 'student');
    const weights = initialWeights(decoderParameters(config), 1);
    const paths = [
      ['GPU', await createDecoder(gpu, config, weights)],
      ['processor', await createCpuDecoder(config, weights)],
    ] as const;
    for (const [path, decoder] of paths) {
      const meter = new LatencyMeter(10);
      const frame = new Float32Array(config.channelCount).fill(0.5);
      for (let i = 0; i < 10; i++) await decoder.step(frame);
      for (let i = 0; i < frames; i++) {
        const start = performance.now();
        await decoder.step(frame);
        meter.add(performance.now() - start);
      }
      const { p50Ms, p95Ms, p99Ms } = meter.summary();
      const { dispatches } = decoder;
      decoder.destroy();
      rows.push({ preset, path, frames, p50Ms, p95Ms, p99Ms, dispatches });
      log(`live ${preset} on the ${path}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
    }
  }
  return rows;
}
