/** Lets a person pause, step and cancel a loop that asks for its turn before each round. */

export class RunControl {
  readonly #cancel = new AbortController();
  #isPaused = false;
  #owedSteps = 0;
  #wake: (() => void) | undefined;

  /** Waits while paused. */
  async turn(): Promise<'go' | 'cancelled'> {
    while (this.#isPaused && this.#owedSteps === 0 && !this.isCancelled) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.isCancelled) return 'cancelled';
    if (this.#owedSteps > 0) this.#owedSteps -= 1;
    return 'go';
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isCancelled(): boolean {
    return this.#cancel.signal.aborted;
  }

  pause(): void {
    this.#isPaused = true;
    this.#owedSteps = 0;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake?.();
  }

  /** One round, then paused. */
  step(): void {
    this.#isPaused = true;
    this.#owedSteps += 1;
    this.#wake?.();
  }

  cancel(): void {
    this.#cancel.abort();
    this.#wake?.();
  }
}
