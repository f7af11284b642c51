/** Collects what a run tells at every step and passes it on at most ten times a second. */

import type {
  ReconstructionPicture,
  StepRecord,
  TrainEvent,
  ValidationRecord,
} from '../train/events';
import type { StudioListener } from './api';
import { spreadOut } from './previews';
import type { Reconstruction } from './trainingApi';

const REPORT_MS = 100;
/** Steps whose mean pace is told. */
const RATE_STEPS = 20;
const PICTURE_CHANNELS = 5;

export class RunReporter {
  readonly #tell: StudioListener;
  readonly #columnNames: (columns: number) => readonly string[];
  #records: StepRecord[] = [];
  #validations: ValidationRecord[];
  #last: TrainEvent | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #latestRecord = -1;
  /** When recent steps ended, without a pause between them. */
  #endedMs: number[] = [];

  /**
   * @param past what a resumed run had told before
   * @param columnNames of LFP columns as the model sees them
   */
  constructor(
    tell: StudioListener,
    past: { steps: readonly StepRecord[]; validations: readonly ValidationRecord[] },
    columnNames: (columns: number) => readonly string[],
  ) {
    this.#tell = tell;
    this.catchUp(past.steps);
    this.#validations = [...past.validations];
    this.#columnNames = columnNames;
  }

  /** @param isUrgent a person waits for this very step */
  add(event: TrainEvent, isUrgent: boolean): void {
    this.#last = event;
    this.#endedMs = [...this.#endedMs.slice(-RATE_STEPS), performance.now()];
    this.catchUp(event.records);
    if (event.validation) this.#validations.push(event.validation);
    if (event.picture) {
      this.#tell({ type: 'reconstruction', reconstruction: this.#pictureOf(event.picture) });
    }
    if (isUrgent || performance.now() - this.#reportedAt >= REPORT_MS) this.flush();
  }

  /** Takes in the records that no event brought: a snapshot collects some of its own. */
  catchUp(records: readonly StepRecord[]): void {
    for (const record of records) {
      if (record.step <= this.#latestRecord) continue;
      this.#records.push(record);
      this.#latestRecord = record.step;
    }
  }

  /** The clock stands still: time until the next step is not the step's. */
  rest(): void {
    this.#endedMs = [];
  }

  flush(): void {
    if (!this.#last) return;
    const { stage, step, totalSteps, epoch, epochs, framesPerS, stepMs } = this.#last;
    const framesPerStep = (framesPerS * stepMs) / 1000;
    // Steps are submitted ahead of the GPU, so that only their mean pace over some time is theirs.
    const span = this.#endedMs.length - 1;
    const paceMs = span < 1 ? undefined : (this.#endedMs[span] - this.#endedMs[0]) / span;
    this.#tell({
      type: 'progress',
      progress: {
        stage,
        step,
        totalSteps,
        epoch,
        epochs,
        framesPerS: paceMs && (framesPerStep * 1000) / paceMs,
        leftS: paceMs && ((totalSteps - step) * paceMs) / 1000,
        records: this.#records,
        validations: this.#validations,
      },
    });
    this.#records = [];
    this.#validations = [];
    this.#reportedAt = performance.now();
  }

  #pictureOf(picture: ReconstructionPicture): Reconstruction {
    const { frames, columns, frameRateHz, input, reconstruction, mask } = picture;
    const used = Array.from({ length: columns }, (_, column) => column).filter((column) =>
      input.some((value, i) => i % columns === column && value !== 0),
    );
    const shown = spreadOut(used, PICTURE_CHANNELS);
    const names = this.#columnNames(columns);
    const take = (data: Float32Array) =>
      Float32Array.from(
        { length: shown.length * frames },
        (_, i) => data[(i % frames) * columns + shown[Math.floor(i / frames)]],
      );
    return {
      names: shown.map((column) => names[column] ?? `column ${column + 1}`),
      frameRateHz,
      input: take(input),
      output: take(reconstruction),
      mask,
    };
  }
}
