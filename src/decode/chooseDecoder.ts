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
  /** A slow path is measured no longer than this, on fewer frames. */
  readonly longestMs?: number;
  readonly now?: () => number;
}

type ByPath<T> = Readonly<Partial<Record<DecodePath, T>>>;

export interface DecoderChoice {
  /** Reset: the next frame is the first. */
  readonly decoder: Decoder;
  readonly path: DecodePath;
  /** What was measured; a path that could not be made has a fault instead. */
  readonly latency: ByPath<LatencySummary>;
  readonly faults: ByPath<Error>;
}

interface Candidate {
  readonly path: DecodePath;
  readonly decoder: Decoder;
  readonly meter: LatencyMeter;
}

/** The paths take turns of so many frames, so that other work of the machine slows both alike. */
const TURN_FRAMES = 10;

/**
 * Both paths are measured whatever the preference, so that the user can compare; the one not taken is destroyed.
 * @throws the fault of the wanted path; with 'auto' that of the GPU, only if no path can be made
 */
export async function chooseDecoder(options: ChooseOptions): Promise<DecoderChoice> {
  const { create, preference, deadlineMs, frames = 200 } = options;
  const settled = await Promise.allSettled(DECODE_PATHS.map((path) => create[path]()));
  const candidates: Candidate[] = [];
  const faults: Partial<Record<DecodePath, Error>> = {};
  settled.forEach((result, i) => {
    const path = DECODE_PATHS[i];
    if (result.status === 'rejected') faults[path] = asError(result.reason);
    else {
      const meter = new LatencyMeter(deadlineMs, frames);
      candidates.push({ path, decoder: result.value, meter });
    }
  });
  const wanted = candidates.filter(({ path }) => preference === 'auto' || path === preference);
  if (wanted.length === 0) {
    for (const { decoder } of candidates) decoder.destroy();
    throw faults[preference === 'auto' ? 'gpu' : preference];
  }
  await measure(candidates, options);
  const p99Ms = ({ meter }: Candidate): number => meter.summary().p99Ms;
  const taken = wanted.reduce((best, next) => (p99Ms(next) < p99Ms(best) ? next : best));
  for (const { decoder } of candidates) if (decoder !== taken.decoder) decoder.destroy();
  taken.decoder.reset();
  return {
    decoder: taken.decoder,
    path: taken.path,
    latency: Object.fromEntries(candidates.map(({ path, meter }) => [path, meter.summary()])),
    faults,
  };
}

async function measure(
  candidates: readonly Candidate[],
  {
    columns,
    frames = 200,
    warmUpFrames = 30,
    longestMs = 2000,
    now = () => performance.now(),
  }: ChooseOptions,
): Promise<void> {
  const frame = new Float32Array(columns);
  for (const { decoder } of candidates) {
    for (let t = 0; t < warmUpFrames; t++) await decoder.step(frame);
  }
  const spentMs = candidates.map(() => 0);
  for (let first = 0; first < frames; first += TURN_FRAMES) {
    for (const [i, { decoder, meter }] of candidates.entries()) {
      const end = Math.min(frames, first + TURN_FRAMES);
      for (let t = first; t < end && spentMs[i] < longestMs; t++) {
        const started = now();
        await decoder.step(frame);
        const ms = now() - started;
        meter.add(ms);
        spentMs[i] += ms;
      }
    }
  }
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason));
