/** Tells the page how far opening or reading a recording is, at most ten times a second. */
import type { ImportProgress } from './recordingsApi';

const REPORT_MS = 100;

export class ImportReporter {
  readonly #tell: (progress: ImportProgress | undefined) => void;
  #progress: ImportProgress | undefined;
  #beganMs = 0;
  #toldMs = 0;

  constructor(tell: (progress: ImportProgress | undefined) => void) {
    this.#tell = tell;
  }

  begin(fileName: string, text: string): void {
    this.#beganMs = performance.now();
    this.#update({ fileName, text }, true);
  }

  /** @param readS of recording, where time is what is read */
  read(fraction: number, readS?: number): void {
    if (!this.#progress) return;
    const elapsedS = (performance.now() - this.#beganMs) / 1000;
    const isFirst = this.#progress.fraction === undefined;
    const progress = {
      ...this.#progress,
      fraction,
      ...(fraction > 0 && { leftS: (elapsedS * (1 - fraction)) / fraction }),
      ...(readS !== undefined && elapsedS > 0 && { timesRealTime: readS / elapsedS }),
    };
    this.#update(progress, isFirst);
  }

  /** @param how one sentence on what does the work */
  works(how: string): void {
    if (this.#progress) this.#update({ ...this.#progress, how }, true);
  }

  received(receivedBytes: number): void {
    if (this.#progress) this.#update({ ...this.#progress, receivedBytes });
  }

  end(): void {
    this.#progress = undefined;
    this.#tell(undefined);
  }

  #update(progress: ImportProgress, isFirst = false): void {
    this.#progress = progress;
    const nowMs = performance.now();
    if (!isFirst && nowMs - this.#toldMs < REPORT_MS) return;
    this.#toldMs = nowMs;
    this.#tell(progress);
  }
}
