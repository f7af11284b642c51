// What each view still needs before it can be used.
import type { SessionSummary } from '../worker/recordingsApi';
import type { ModelsHeld } from '../worker/trainingApi';
import type { View } from './stores/settingsStore';

export interface Missing {
  text: string;
  /** Where to get it. */
  from: View;
}

/** @returns undefined when nothing is missing */
export function missingFor(
  view: View,
  sessions: readonly SessionSummary[],
  selectedId: string | undefined,
  models: ModelsHeld,
): Missing | undefined {
  if (view === 'sessions') return undefined;
  if (sessions.length === 0) return { text: 'Add a recording first', from: 'sessions' };
  if (view === 'teacher') return undefined;
  const selected = sessions.find(({ id }) => id === selectedId);
  if (!selected || selected.behaviourNames.length === 0) {
    return { text: 'Choose a recording with behaviour', from: 'sessions' };
  }
  if (view === 'student') {
    return models.teacher || models.student
      ? undefined
      : { text: 'Train a teacher first', from: 'teacher' };
  }
  return models.student ? undefined : { text: 'Distil a student first', from: 'student' };
}
