/** Decoded frames on their way to the page. */
import type { StudioListener } from './api';
import type { DecodeLayout } from './decodingApi';

const REPORT_MS = 33;

/** Gathers decoded frames and tells them some thirty times a second. */
export class FrameReport {
  readonly #layout: DecodeLayout;
  readonly #tell: StudioListener;
  #firstFrame = 0;
  #lfp: number[] = [];
  #truth: number[] = [];
  #decoded: number[] = [];
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(layout: DecodeLayout, tell: StudioListener) {
    this.#layout = layout;
    this.#tell = tell;
  }

  add(
    frame: number,
    lfp: ArrayLike<number>,
    truth: ArrayLike<number>,
    decoded: ArrayLike<number>,
  ): void {
    if (this.#decoded.length === 0) this.#firstFrame = frame;
    this.#lfp.push(...Array.from(lfp));
    this.#truth.push(...Array.from(truth));
    this.#decoded.push(...Array.from(decoded));
    if (performance.now() - this.#toldAt >= REPORT_MS) this.flush();
  }

  flush(): void {
    const count = this.#decoded.length / this.#layout.behaviourNames.length;
    if (count === 0) return;
    this.#tell({
      type: 'decoded',
      frames: {
        firstFrame: this.#firstFrame,
        count,
        lfp: Float32Array.from(this.#lfp),
        truth: Float32Array.from(this.#truth),
        decoded: Float32Array.from(this.#decoded),
      },
    });
    this.#lfp = [];
    this.#truth = [];
    this.#decoded = [];
    this.#toldAt = performance.now();
  }
}
