// The folder of one training run: what was asked, which stages are finished, their weights, history and results.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatEvaluations } from '../evaluate/evaluation';
import { Checkpoints } from '../train/checkpoint';
import type { StepRecord, ValidationRecord } from '../train/events';
import { FileSlots, fileNameOf, readBytesIfAny, replaceFile } from './nodeFiles';
import type { OptionValues } from './options';
import type { SessionResults } from './scoring';

export interface FinishedStage {
  /** Model file in the folder. */
  readonly model: string;
  readonly steps: number;
  readonly stopped: string;
  readonly best: ValidationRecord | undefined;
  readonly seconds: number;
}

/** run.json */
export interface RunRecord {
  readonly version: 1;
  readonly options: OptionValues;
  readonly sessionIds: readonly string[];
  readonly adapter: string;
  /** By stage key, in the order of finishing. */
  readonly finished: Readonly<Record<string, FinishedStage>>;
}

/** history.json, by stage key. */
export type History = Readonly<
  Record<
    string,
    { readonly steps: readonly StepRecord[]; readonly validations: readonly ValidationRecord[] }
  >
>;

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** undefined where no run has begun. */
  readRun(): Promise<RunRecord | undefined> {
    return this.#read<RunRecord>('run.json');
  }

  writeRun(run: RunRecord): Promise<void> {
    return this.#write('run.json', run);
  }

  async addHistory(key: string, entry: History[string]): Promise<void> {
    const history = (await this.#read<History>('history.json')) ?? {};
    await this.#write('history.json', { ...history, [key]: entry });
  }

  async readResults(): Promise<SessionResults[]> {
    return (await this.#read<SessionResults[]>('results.json')) ?? [];
  }

  async writeResults(results: readonly SessionResults[]): Promise<void> {
    await this.#write('results.json', results);
    await replaceFile(this.file('results.md'), `${formatResults(results)}\n`);
  }

  slots(key: string): FileSlots {
    return new FileSlots(join(this.path, 'checkpoints', fileNameOf(key)));
  }

  checkpoints(key: string): Checkpoints {
    return new Checkpoints(this.slots(key));
  }

  /** Removes what an earlier run without run.json may have left. */
  async clear(): Promise<void> {
    await rm(join(this.path, 'checkpoints'), { recursive: true, force: true });
    for (const name of ['history.json', 'results.json', 'results.md']) {
      await rm(this.file(name), { force: true });
    }
  }

  async #read<T>(name: string): Promise<T | undefined> {
    const bytes = await readBytesIfAny(this.file(name));
    if (!bytes) return undefined;
    try {
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    } catch {
      throw new Error(
        `[run] expected JSON in "${this.file(name)}", got something else: train into another folder`,
      );
    }
  }

  #write(name: string, value: unknown): Promise<void> {
    return replaceFile(this.file(name), `${JSON.stringify(value)}\n`);
  }
}

export function formatResults(results: readonly SessionResults[]): string {
  return results
    .map(({ sessionName, evaluations }) => `## ${sessionName}\n\n${formatEvaluations(evaluations)}`)
    .join('\n\n');
}
