// What a command prints: results on stdout, remarks on stderr, and one status line rewritten in place on a terminal.

import type { TrainEvent } from '../train/events';

export interface Terminal {
  /** A line of the result. */
  print(text: string): void;
  /** A remark beside the result. */
  note(text: string): void;
  /** Replaces the status line; nothing where the output is not a terminal. */
  status(text: string): void;
}

const CLEAR_LINE = '\r\x1b[2K';

export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  let hasStatus = false;
  const clear = (): void => {
    if (hasStatus) stderr.write(CLEAR_LINE);
    hasStatus = false;
  };
  return {
    print(text) {
      clear();
      stdout.write(`${text}\n`);
    },
    note(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    status(text) {
      if (!stderr.isTTY) return;
      stderr.write(CLEAR_LINE + text.slice(0, (stderr.columns ?? 80) - 1));
      hasStatus = true;
    },
  };
}

/** The status line after each step, and a lasting line after each epoch. */
export class TrainingProgress {
  readonly #terminal: Terminal;
  readonly #title: string;
  #loss = Number.NaN;

  constructor(terminal: Terminal, title: string) {
    this.#terminal = terminal;
    this.#title = title;
  }

  report(event: TrainEvent): void {
    const newest = event.records.at(-1);
    if (newest) this.#loss = newest.values.loss;
    const where = `${this.#title}  epoch ${event.epoch}/${event.epochs}  step ${event.step}/${event.totalSteps}`;
    const pace = `${Math.round(event.framesPerS).toLocaleString('en')} frames/s  ${formatTime(event.remainingS)} left`;
    const loss = Number.isFinite(this.#loss) ? `loss ${shown(this.#loss)}  ` : '';
    if (!event.validation) {
      this.#terminal.status(`${where}  ${loss}${pace}`);
      return;
    }
    const { values, isBest } = event.validation;
    const heldOut = Object.entries(values).map(([name, value]) => `${name} ${shown(value)}`);
    const best = isBest ? '  (best)' : '';
    this.#terminal.note(`${where}  ${loss}held-out ${heldOut.join(' ')}${best}  ${pace}`);
  }
}

const shown = (value: number): string => value.toPrecision(4);

/** `9 s`, `4 min 10 s`, `2 h 5 min`. */
export function formatTime(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
