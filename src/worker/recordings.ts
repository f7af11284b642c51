/** The recordings: sessions held, their copies on disk, and those just removed. */
import { readArrow, writeArrow } from '../data/formats/arrow';
import type { MainsHz } from '../data/lineNoise';
import { assessQuality, type Quality } from '../data/quality';
import { channelCountOf, durationS, type Session } from '../data/session';
import { entryOf, readIndex, type SessionEntry, tidyEntry, withEntry, writeIndex } from './library';
import type { SessionSummary } from './recordingsApi';
import type { Folder } from './storage';

/** The order of the table, in a file of its own; it is written last, so it names only whole files. */
const INDEX = 'index.json';

export class Recordings {
  readonly #folder: Folder;
  readonly #sessions = new Map<string, Session>();
  readonly #entries = new Map<string, SessionEntry>();
  readonly #removed = new Map<string, Session>();
  readonly #qualities = new Map<string, Quality>();

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /**
   * Brings back the sessions of an earlier visit and deletes what the index does not name.
   * @returns one sentence for each session that could not be read, and for an index that could not
   */
  async restore(): Promise<string[]> {
    const index = await this.#folder.read(INDEX);
    const problems: string[] = [];
    let named = index && readIndex(index);
    if (!named) {
      const ids = (await this.#folder.names()).flatMap(idOfFile);
      named = new Map(ids.map((id) => [id, undefined]));
      if (ids.length > 0) {
        problems.push('The list of recordings was damaged: names and tags are those of the files.');
      }
    }
    for (const [id, entry] of named) {
      const bytes = await this.#folder.read(fileNameOf(id));
      try {
        if (!bytes) throw new Error('its file is gone');
        const session = readArrow(bytes, fileNameOf(id));
        this.#hold(session, entry ?? entryOf(session));
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

  /** One that is here already keeps its name, subject and tags. */
  async add(session: Session): Promise<void> {
    await this.#folder.write(fileNameOf(session.id), writeArrow(session));
    this.#hold(session, this.#entries.get(session.id) ?? entryOf(session));
    await this.#writeIndex();
  }

  #hold(session: Session, entry: SessionEntry): void {
    this.#entries.set(session.id, entry);
    this.#sessions.set(session.id, withEntry(session, entry));
  }

  /** @throws when the name is empty */
  async describe(id: string, entry: SessionEntry): Promise<void> {
    this.#hold(this.get(id), tidyEntry(entry));
    await this.#writeIndex();
  }

  /** Assessed as if no channel were rejected, so that what was rejected keeps its reasons. */
  quality(id: string, notchHz: MainsHz | 0): Quality {
    const key = `${id} ${notchHz}`;
    const kept = this.#qualities.get(key);
    if (kept) return kept;
    const quality = assessQuality({ ...this.get(id), channelMask: undefined }, { notchHz });
    this.#qualities.set(key, quality);
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
    const ids = [...this.#sessions.keys()];
    const entries = new Map(ids.map((id) => [id, this.#entries.get(id) as SessionEntry]));
    return this.#folder.write(INDEX, writeIndex(entries));
  }
}

function fileNameOf(id: string): string {
  return `${id}.arrow`;
}

function idOfFile(name: string): string[] {
  return name.endsWith('.arrow') ? [name.slice(0, -'.arrow'.length)] : [];
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
    recordedAt: session.recordedAt,
    tags: session.tags ?? [],
    synthetic: session.synthetic,
    channelCount,
    usedChannelCount: channelsUsed.filter(Boolean).length,
    channelsUsed,
    bandCount: session.bands.length,
    rateHz: session.lfp.rateHz,
    lengthS: durationS(session.lfp),
    alreadyFrames: session.alreadyFrames,
    provenance: session.provenance,
    behaviourNames: session.behaviour?.names ?? [],
    behaviourUnits: session.behaviour?.units ?? [],
    warnings: session.warnings,
    oracleR2: session.oracleR2,
  };
}
