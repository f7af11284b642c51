// The library as it is shown: sessions by subject and day, and those that have the tags that are asked for.
import type { SessionSummary } from '../../worker/recordingsApi';

export interface SessionGroup {
  /** Empty: not known. */
  subject: string;
  /** ISO 8601 day; empty: not known. */
  day: string;
  sessions: SessionSummary[];
}

/** Subjects and days in order, the unknown last; sessions of one group by time, else as they were added. */
export function groupSessions(sessions: readonly SessionSummary[]): SessionGroup[] {
  const groups = new Map<string, SessionGroup>();
  for (const session of sessions) {
    const { subject, recordedAt = '' } = session;
    const day = recordedAt.slice(0, 10);
    const key = JSON.stringify([subject, day]);
    const group = groups.get(key) ?? { subject, day, sessions: [] };
    group.sessions.push(session);
    groups.set(key, group);
  }
  const ordered = [...groups.values()].sort(
    (a, b) => compare(a.subject, b.subject) || compare(a.day, b.day),
  );
  for (const group of ordered) {
    group.sessions.sort((a, b) => compare(a.recordedAt ?? '', b.recordedAt ?? ''));
  }
  return ordered;
}

function compare(a: string, b: string): number {
  if ((a === '') !== (b === '')) return a === '' ? 1 : -1;
  return a.localeCompare(b, 'en', { numeric: true });
}

export function titleOf({ subject, day }: Pick<SessionGroup, 'subject' | 'day'>): string {
  return `${subject || 'No subject'}, ${day || 'no date'}`;
}

/** Every tag that is in use, in order. */
export function tagsOf(sessions: readonly SessionSummary[]): string[] {
  return [...new Set(sessions.flatMap(({ tags }) => tags))].sort(compare);
}

/** Those with all of these tags; a tag that no session has any more is passed over. */
export function withTags(
  sessions: readonly SessionSummary[],
  wanted: readonly string[],
): SessionSummary[] {
  const known = tagsOf(sessions);
  const asked = wanted.filter((tag) => known.includes(tag));
  return sessions.filter(({ tags }) => asked.every((tag) => tags.includes(tag)));
}
