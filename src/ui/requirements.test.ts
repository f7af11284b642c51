// What each view says is missing, in the order in which a person would get it.
import { expect, it } from 'vitest';
import type { SessionSummary } from '../worker/recordingsApi';
import type { ModelSummary } from '../worker/trainingApi';
import { missingFor } from './requirements';

const session = { id: 'a', behaviourNames: ['x'] } as unknown as SessionSummary;
const silent = { id: 'b', behaviourNames: [] as string[] } as unknown as SessionSummary;
const model = {} as ModelSummary;

it.each([
  { view: 'sessions', sessions: [], chosen: undefined, models: {}, text: undefined },
  { view: 'teacher', sessions: [], chosen: undefined, models: {}, text: 'Add a recording first' },
  { view: 'decode', sessions: [], chosen: undefined, models: {}, text: 'Add a recording first' },
  { view: 'teacher', sessions: [silent], chosen: 'b', models: {}, text: undefined },
  {
    view: 'student',
    sessions: [session, silent],
    chosen: 'b',
    models: { teacher: model },
    text: 'Choose a recording with behaviour',
  },
  { view: 'student', sessions: [session], chosen: 'a', models: {}, text: 'Train a teacher first' },
  {
    view: 'student',
    sessions: [session],
    chosen: 'a',
    models: { teacher: model },
    text: undefined,
  },
  {
    view: 'decode',
    sessions: [session],
    chosen: 'a',
    models: { teacher: model },
    text: 'Distil a student first',
  },
  { view: 'decode', sessions: [session], chosen: 'a', models: { student: model }, text: undefined },
] as const)('$view with $sessions.length sessions: $text', (row) => {
  expect(missingFor(row.view, row.sessions, row.chosen, row.models)?.text).toBe(row.text);
});
