/** The recordings: files being opened, sessions held, their copies on disk, and those just removed. */

import { faultOf } from '../base/fault';
import { readArrow, writeArrow } from '../data/formats/arrow';
import { type OpenFile, stem } from '../data/formats/fileFormat';
import { applyMapping, type Mapping, proposeMapping } from '../data/mapping';
import { assessQuality, type Quality } from '../data/quality';
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
  readonly #qualities = new Map<string, Quality>();
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

  /** Files that belong to one recording are opened as one; one that cannot be read harms no other. */
  async open(files: readonly File[]): Promise<OpenOutcome[]> {
    try {
      return await this.#openGroup(files);
    } catch (error) {
      const groups = groupsOf(files);
      if (groups.length === 1) return [faulty(files, error)];
      const outcomes: OpenOutcome[] = [];
      for (const group of groups) {
        outcomes.push(...(await this.#openGroup(group).catch((fault) => [faulty(group, fault)])));
      }
      return outcomes;
    }
  }

  async #openGroup(files: readonly File[]): Promise<OpenOutcome[]> {
    const opened = await openFiles(files.map(fileSourceFromBlob));
    return opened.map((file) => {
      try {
        return { file: this.#describe(file) };
      } catch (error) {
        file.close();
        const fault = faultOf(`${file.fileName} could not be opened.`, error);
        return { fileName: file.fileName, fault };
      }
    });
  }

  #describe(file: OpenFile): OpenedFile {
    const { mapping, reasons } = proposeMapping(file);
    const token = this.#nextToken++;
    this.#files.set(token, file);
    const { fileName, format, series, warnings } = file;
    return { token, fileName, format, series, proposal: mapping, reasons, warnings };
  }

  async read(token: number, mapping: Mapping): Promise<Session> {
    const file = this.#files.get(token);
    if (!file) throw new Error('[open] expected an open file, got a closed one: add it again');
    const session = await applyMapping(file, mapping);
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

  /** Assessed as if no channel were rejected, so that what was rejected keeps its reasons. */
  quality(id: string): Quality {
    const kept = this.#qualities.get(id);
    if (kept) return kept;
    const quality = assessQuality({ ...this.get(id), channelMask: undefined });
    this.#qualities.set(id, quality);
    return quality;
  }

  /** @throws when it would leave no channel */
  async useChannels(id: string, channels: readonly number[], areUsed: boolean): Promise<void> {
    const session = this.get(id);
    const channelMask = maskOf(session).slice();
    for (const channel of channels) channelMask[channel] = areUsed ? 1 : 0;
    if (!channelMask.includes(1)) {
      throw new Error(
        '[channels] expected at least one channel in use, got none: take another back first',
      );
    }
    await this.add({ ...session, channelMask });
  }

  /** The session as the file that `open` reads back equal. */
  exported(id: string): Uint8Array {
    return writeArrow(this.get(id));
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

function maskOf(session: Session): Float32Array {
  return session.channelMask ?? new Float32Array(channelCountOf(session)).fill(1);
}

export function summaryOf(session: Session): SessionSummary {
  const channelCount = channelCountOf(session);
  const channelsUsed = Array.from(maskOf(session), (valid) => valid === 1);
  return {
    id: session.id,
    name: session.name,
    subject: session.subject,
    synthetic: session.synthetic,
    channelCount,
    usedChannelCount: channelsUsed.filter(Boolean).length,
    channelsUsed,
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

/** Files of one stem, and all Neuralynx channels, together. */
function groupsOf(files: readonly File[]): File[][] {
  const groups = new Map<string, File[]>();
  for (const file of files) {
    const key = /\.ncs$/i.test(file.name) ? '.ncs' : stem(file.name);
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()];
}

function faulty(files: readonly File[], error: unknown): OpenOutcome {
  const fileName = files.map(({ name }) => name).join(', ');
  return { fileName, fault: faultOf(`${fileName} could not be opened.`, error) };
}
