/** The recordings: files being opened, sessions held, their copies on disk, and those just removed. */

import { faultOf } from '../base/fault';
import { readArrow, writeArrow } from '../data/formats/arrow';
import { type OpenFile, type SeriesChoice, stem } from '../data/formats/fileFormat';
import { choiceOf, proposeMapping } from '../data/mapping';
import { fileSourceFromBlob, openFiles } from '../data/readers';
import { channelCountOf, durationS, type Session } from '../data/session';
import type { OpenedFile, OpenOutcome, SessionSummary } from './api';
import type { Folder } from './storage';

/** The order of the table, in a file of its own; it is written last, so it names only whole files. */
const INDEX = 'index.json';

export class Recordings {
  readonly #folder: Folder;
  readonly #sessions = new Map<string, Session>();
  readonly #removed = new Map<string, Session>();
  readonly #files = new Map<number, OpenFile>();
  #nextToken = 1;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /**
   * Brings back the sessions of an earlier visit and deletes what no index names.
   * @returns one sentence for each session that could not be read
   */
  async restore(): Promise<string[]> {
    const index = await this.#folder.read(INDEX);
    const ids: string[] = index ? JSON.parse(new TextDecoder().decode(index)) : [];
    const problems: string[] = [];
    for (const id of ids) {
      const bytes = await this.#folder.read(fileNameOf(id));
      try {
        if (!bytes) throw new Error('its file is gone');
        this.#sessions.set(id, readArrow(bytes, fileNameOf(id)));
      } catch (error) {
        problems.push(`A saved recording could not be read back (${String(error)}).`);
      }
    }
    const kept = new Set([INDEX, ...[...this.#sessions.keys()].map(fileNameOf)]);
    for (const name of await this.#folder.names()) {
      if (!kept.has(name)) await this.#folder.remove(name);
    }
    return problems;
  }

  /** Files that belong to one recording are opened as one. */
  async open(files: readonly File[]): Promise<OpenOutcome[]> {
    const outcomes: OpenOutcome[] = [];
    for (const [name, group] of groupsOf(files)) {
      try {
        for (const file of await openFiles(group.map(fileSourceFromBlob))) {
          outcomes.push({ file: this.#describe(name, file) });
        }
      } catch (error) {
        outcomes.push({ fileName: name, fault: faultOf(`${name} could not be opened.`, error) });
      }
    }
    return outcomes;
  }

  #describe(fileName: string, file: OpenFile): OpenedFile {
    try {
      const { mapping, reasons } = proposeMapping(file);
      const token = this.#nextToken++;
      this.#files.set(token, file);
      const { format, series, warnings } = file;
      return { token, fileName, format, series, proposal: choiceOf(mapping), reasons, warnings };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async read(token: number, choice: SeriesChoice): Promise<Session> {
    const entry = this.#files.get(token);
    if (!entry) throw new Error('[open] expected an open file, got a closed one: add it again');
    const session = await entry.readSession(choice);
    this.close(token);
    await this.add(session);
    return session;
  }

  close(token: number): void {
    this.#files.get(token)?.close();
    this.#files.delete(token);
  }

  async add(session: Session): Promise<void> {
    await this.#folder.write(fileNameOf(session.id), writeArrow(session));
    this.#sessions.set(session.id, session);
    await this.#writeIndex();
  }

  async remove(id: string): Promise<void> {
    this.#removed.set(id, this.get(id));
    this.#sessions.delete(id);
    await this.#writeIndex();
  }

  async takeBack(id: string): Promise<void> {
    const session = this.#removed.get(id);
    if (session) this.#sessions.set(id, session);
    this.#removed.delete(id);
    await this.#writeIndex();
  }

  /** @throws when there is no such session */
  get(id: string): Session {
    const session = this.#sessions.get(id);
    if (!session) {
      throw new Error(
        '[session] expected a loaded recording, got one that was removed: add it again',
      );
    }
    return session;
  }

  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  get summaries(): SessionSummary[] {
    return [...this.#sessions.values()].map(summaryOf);
  }

  #writeIndex(): Promise<void> {
    const ids = JSON.stringify([...this.#sessions.keys()]);
    return this.#folder.write(INDEX, new TextEncoder().encode(ids));
  }
}

function fileNameOf(id: string): string {
  return `${id}.arrow`;
}

export function summaryOf(session: Session): SessionSummary {
  const channelCount = channelCountOf(session);
  return {
    id: session.id,
    name: session.name,
    subject: session.subject,
    synthetic: session.synthetic,
    channelCount,
    usedChannelCount: session.channelMask?.reduce((sum, valid) => sum + valid, 0) ?? channelCount,
    bandCount: session.bands.length,
    rateHz: session.lfp.rateHz,
    lengthS: durationS(session.lfp),
    alreadyFrames: session.alreadyFrames,
    behaviourNames: session.behaviour?.names ?? [],
    behaviourUnits: session.behaviour?.units ?? [],
    warnings: session.warnings,
    oracleR2: session.oracleR2,
  };
}

/** Single files by name; files of one stem, and all Neuralynx channels, together. */
function groupsOf(files: readonly File[]): Map<string, File[]> {
  const groups = new Map<string, File[]>();
  for (const file of files) {
    const key = /\.ncs$/i.test(file.name) ? '.ncs' : stem(file.name);
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const named = [...groups.values()].map((group): [string, File[]] => [
    group.length === 1 ? group[0].name : `${group[0].name} and ${group.length - 1} more`,
    group,
  ]);
  return new Map(named);
}
