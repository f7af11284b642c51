// The recordings: lives as long as the data does.
import { create } from 'zustand';
import type { ImportProgress, OpenedFile, SessionSummary } from '../../worker/recordingsApi';

interface SessionState {
  sessions: SessionSummary[];
  /** Session whose preview is shown and that a student is made for. */
  selectedId: string | undefined;
  /** Files whose series wait for a choice. */
  opened: OpenedFile[];
  /** The table shows sessions with all of these. */
  wantedTags: readonly string[];
  /** What is being read now. */
  busy: string | undefined;
  /** How far that is. */
  importing: ImportProgress | undefined;
}

export const sessionStore = create<SessionState>()(() => ({
  sessions: [],
  selectedId: undefined,
  opened: [],
  wantedTags: [],
  busy: undefined,
  importing: undefined,
}));
