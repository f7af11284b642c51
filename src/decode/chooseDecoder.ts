// Measures the live decoder on the GPU and on the processor, and takes the one that is faster at the 99th percentile.

import type { Decoder } from './decoder';
import { LatencyMeter, type LatencySummary } from './latency';

export type DecodePath = 'gpu' | 'cpu';

export const DECODE_PATHS: readonly DecodePath[] = ['gpu', 'cpu'];

/** What the user asks for: a path, or the faster one. */
export type DecodePreference = DecodePath | 'auto';

export interface ChooseOptions {
  readonly create: Readonly<Record<DecodePath, () => Promise<Decoder>>>;
  readonly preference: DecodePreference;
  /** Numbers in one frame: B*C*bands. */
  readonly columns: number;
  /** The frame period. */
  readonly deadlineMs: number;
  /** Frames of zeros on each path. Of 200 the 99th percentile passes over the slowest one. */
  readonly frames?: number;
  /** Not counted: compilers and drivers work on the first frames. */
  readonly warmUpFrames?: number;
  /** A path that is not warm by then waits for the other, and may be out: see `measure`. */
  readonly longestWarmUpMs?: number;
  /** A slow path is measured no longer than this, on fewer frames. */
  readonly longestMs?: number;
  readonly now?: () => number;
}

type ByPath<T> = Readonly<Partial<Record<DecodePath, T>>>;

export interface DecoderChoice {
  /** Reset: the next frame is the first. */
  readonly decoder: Decoder;
  readonly path: DecodePath;
  /** What was measured; a path that could not be made, or was too slow to be measured, has a fault instead. */
  readonly latency: ByPath<LatencySummary>;
  readonly faults: ByPath<Error>;
}

interface Candidate {
  readonly path: DecodePath;
  readonly decoder: Decoder;
  readonly meter: LatencyMeter;
  warmUpMs: number;
  measuredMs: number;
}

/** The paths take turns of so many frames, so that other work of the machine slows both alike. */
const TURN_FRAMES = 10;

const FRAMES = 200;
const clock = (): number => performance.now();

/**
 * Both paths are measured whatever the preference, so that the user can compare; the one not taken is destroyed.
 * @throws the fault of the wanted path; with 'auto' that of the GPU, only if no path can be made
 */
export async function chooseDecoder(options: ChooseOptions): Promise<DecoderChoice> {
  const { create, preference, deadlineMs, frames = FRAMES } = options;
  const settled = await Promise.allSettled(DECODE_PATHS.map((path) => create[path]()));
  const candidates: Candidate[] = [];
  const faults: Partial<Record<DecodePath, Error>> = {};
  settled.forEach((result, i) => {
    const path = DECODE_PATHS[i];
    if (result.status === 'rejected') faults[path] = asError(result.reason);
    else {
      const meter = new LatencyMeter(deadlineMs, frames);
      candidates.push({ path, decoder: result.value, meter, warmUpMs: 0, measuredMs: 0 });
    }
  });
  const wanted = candidates.filter(({ path }) => preference === 'auto' || path === preference);
  if (wanted.length === 0) {
    for (const { decoder } of candidates) decoder.destroy();
    throw faults[preference === 'auto' ? 'gpu' : preference];
  }
  const measured = await measure(candidates, options, faults);
  const p99Ms = ({ meter }: Candidate): number => meter.summary().p99Ms;
  const taken = wanted
    .filter((candidate) => measured.includes(candidate))
    .reduce((best, next) => (p99Ms(next) < p99Ms(best) ? next : best));
  for (const { decoder } of candidates) if (decoder !== taken.decoder) decoder.destroy();
  taken.decoder.reset();
  return {
    decoder: taken.decoder,
    path: taken.path,
    latency: Object.fromEntries(measured.map(({ path, meter }) => [path, meter.summary()])),
    faults,
  };
}

/**
 * Measures the candidates in turns. One whose warm-up does not end in time waits; if that already took longer than the
 * other's whole measurement it is out, unless it was asked for, and else it is measured after the other.
 * @returns the candidates that were measured
 */
async function measure(
  candidates: readonly Candidate[],
  options: ChooseOptions,
  faults: Partial<Record<DecodePath, Error>>,
): Promise<Candidate[]> {
  const ready: Candidate[] = [];
  const late: Candidate[] = [];
  for (const candidate of candidates) {
    ((await warmUp(candidate, options)) ? ready : late).push(candidate);
  }
  await takeTurns(ready, options);
  const isOut = ({ path, warmUpMs }: Candidate): boolean =>
    path !== options.preference &&
    ready.some((other) => warmUpMs > other.warmUpMs + other.measuredMs);
  for (const { path, warmUpMs } of late.filter(isOut)) {
    const tookMs = `${warmUpMs.toFixed(0)} ms`;
    faults[path] = new Error(
      `[decoder] expected a warm-up no longer than the measurement of the other path, got ${tookMs}: too slow to measure`,
    );
  }
  const others = late.filter((candidate) => !isOut(candidate));
  await takeTurns(others, options);
  return [...ready, ...others];
}

/** @returns false when it ran out of time */
async function warmUp(
  candidate: Candidate,
  { columns, warmUpFrames = 30, longestWarmUpMs = 2000, now = clock }: ChooseOptions,
): Promise<boolean> {
  const frame = new Float32Array(columns);
  const started = now();
  for (let t = 0; t < warmUpFrames; t++) {
    if (candidate.warmUpMs >= longestWarmUpMs) return false;
    await candidate.decoder.step(frame);
    candidate.warmUpMs = now() - started;
  }
  return true;
}

async function takeTurns(
  candidates: readonly Candidate[],
  { columns, frames = FRAMES, longestMs = 2000, now = clock }: ChooseOptions,
): Promise<void> {
  const frame = new Float32Array(columns);
  for (let first = 0; first < frames; first += TURN_FRAMES) {
    for (const candidate of candidates) {
      const end = Math.min(frames, first + TURN_FRAMES);
      for (let t = first; t < end && candidate.measuredMs < longestMs; t++) {
        const started = now();
        await candidate.decoder.step(frame);
        const ms = now() - started;
        candidate.meter.add(ms);
        candidate.measuredMs += ms;
      }
    }
  }
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason));
