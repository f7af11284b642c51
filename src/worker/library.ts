/** What a person says about the sessions, and their order: the library's index as it lies on disk. */
import type { Session } from '../data/session';

/** Stands over what the recording itself says. */
export interface SessionEntry {
  readonly name: string;
  /** Empty: not known. */
  readonly subject: string;
  readonly tags: readonly string[];
}

interface Index {
  readonly version: 2;
  readonly sessions: readonly ({ readonly id: string } & SessionEntry)[];
}

/** Of a recording that was just added: a file without a subject gives its own name for it. */
export function entryOf({ name, subject, tags = [] }: Session): SessionEntry {
  return { name, subject: subject === name ? '' : subject, tags };
}

/**
 * Without blanks around, doubled tags and empty ones; tags in the order of the alphabet.
 * @throws when no name is left
 */
export function tidyEntry({ name, subject, tags }: SessionEntry): SessionEntry {
  const left = name.trim();
  if (left === '') {
    throw new Error('[library] expected a name, got none: give the recording a name');
  }
  const kept = new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''));
  const sorted = [...kept].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return { name: left, subject: subject.trim(), tags: sorted };
}

/** The session as the library has it. */
export function withEntry(session: Session, { name, subject, tags }: SessionEntry): Session {
  const { tags: _, ...rest } = session;
  return { ...rest, name, subject, ...(tags.length > 0 && { tags }) };
}

export function writeIndex(entries: ReadonlyMap<string, SessionEntry>): Uint8Array {
  const sessions = [...entries].map(([id, entry]) => ({ id, ...entry }));
  const index: Index = { version: 2, sessions };
  return new TextEncoder().encode(JSON.stringify(index));
}

/**
 * The sessions in order; without an entry those of the first version, which had none.
 * @returns undefined when it is no index: torn by a crash, or written by a newer studio
 */
export function readIndex(bytes: Uint8Array): Map<string, SessionEntry | undefined> | undefined {
  try {
    const index: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (Array.isArray(index)) return new Map(index.map((id) => [String(id), undefined]));
    const { version, sessions } = index as Index;
    if (version !== 2) return undefined;
    return new Map(sessions.map(({ id, ...entry }) => [id, entry]));
  } catch {
    return undefined;
  }
}
