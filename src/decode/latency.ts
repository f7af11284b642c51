// Accounts for decoding latency: from frame in to prediction out.

export interface LatencySummary {
  readonly frames: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Frames that took longer than the deadline. */
  readonly missed: number;
  readonly deadlineMs: number;
  /** Compute time over recorded time: below 1 keeps up (FALCON's Normalized Latency). */
  readonly normalizedLatency: number;
}

/** Keeps the latest latencies for the percentiles, and counts every frame for the deadline. */
export class LatencyMeter {
  readonly #deadlineMs: number;
  readonly #recent: Float64Array;
  #frames = 0;
  #missed = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** @param deadlineMs the frame period: 10 ms at 100 Hz */
  constructor(deadlineMs: number, keep = 1000) {
    this.#deadlineMs = deadlineMs;
    this.#recent = new Float64Array(keep);
  }

  add(ms: number): void {
    this.#recent[this.#frames % this.#recent.length] = ms;
    this.#frames++;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
    if (ms > this.#deadlineMs) this.#missed++;
  }

  summary(): LatencySummary {
    const kept = this.#recent.slice(0, Math.min(this.#frames, this.#recent.length)).sort();
    const percentile = (p: number): number =>
      kept.length === 0 ? 0 : kept[Math.min(kept.length - 1, Math.floor(p * kept.length))];
    return {
      frames: this.#frames,
      p50Ms: percentile(0.5),
      p95Ms: percentile(0.95),
      p99Ms: percentile(0.99),
      maxMs: this.#maxMs,
      missed: this.#missed,
      deadlineMs: this.#deadlineMs,
      normalizedLatency: this.#frames === 0 ? 0 : this.#sumMs / (this.#frames * this.#deadlineMs),
    };
  }
}
