/** When the frames of a replay are due, and how many have queued by then. */

/** Further behind than this, the clock waits for the decoder: frames are never skipped. */
const MOST_LAG_MS = 250;

export class FrameClock {
  #dueMs: number;

  constructor(nowMs: number) {
    this.#dueMs = nowMs;
  }

  /**
   * Goes on to the next frame.
   * @param isWantedNow out of turn, as after a pause: the clock starts from now
   * @returns when it is due
   */
  next(nowMs: number, periodMs: number, isWantedNow: boolean): number {
    const isLost = this.#dueMs < nowMs - MOST_LAG_MS;
    this.#dueMs = isWantedNow || isLost ? nowMs : this.#dueMs + periodMs;
    return this.#dueMs;
  }

  /**
   * Goes on to the last frame that is due by now.
   * @param most frames that can be taken at once
   * @returns how many frames that is, the one from `next` included
   */
  queued(nowMs: number, periodMs: number, most: number): number {
    let count = 1;
    while (count < most && this.#dueMs + periodMs <= nowMs) {
      this.#dueMs += periodMs;
      count++;
    }
    return count;
  }
}
