/** The latest scores, kept on disk as JSON. */

import type { Folder } from './storage';
import type { Results } from './trainingApi';

const FILE = 'latest.json';

export class ResultsKeeper {
  readonly #folder: Folder;
  latest: Results | undefined;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  async restore(): Promise<void> {
    const bytes = await this.#folder.read(FILE);
    if (bytes) this.latest = JSON.parse(new TextDecoder().decode(bytes)) as Results;
  }

  async keep(results: Results): Promise<void> {
    this.latest = results;
    await this.#folder.write(FILE, new TextEncoder().encode(JSON.stringify(results)));
  }
}
