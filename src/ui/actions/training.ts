// Runs: start, pause, step, cancel, resume; models in and out.
import type { Phase, RunOutcome, SavedRun } from '../../worker/api';
import type { StudioClient } from '../clientContext';
import { clearCurves } from '../series';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { guarded } from './faults';

export const PHASE_TITLES: Record<Phase, string> = {
  pretrain: 'Pretraining the teacher',
  distil: 'Distilling the student',
  fineTune: 'Fine-tuning the student',
};

/** The sessions of a phase: a teacher learns from all, a student is made for the selected one. */
export function sessionIdsFor(phase: Phase): string[] {
  const { sessions, selectedId } = sessionStore.getState();
  const ids = sessions.map(({ id }) => id);
  if (phase === 'pretrain') return ids;
  return selectedId === undefined ? [] : [selectedId];
}

/**
 * Runs a phase to its end; resolves when it has ended.
 * @param teacherIds sessions that a teacher learns from, when not all
 */
export async function train(
  client: StudioClient,
  phase: Phase,
  teacherIds?: string[],
): Promise<RunOutcome> {
  if (runStore.getState().status !== 'idle') return 'failed';
  const { preset, seed, data, overrides } = settingsStore.getState();
  clearCurves(phase);
  begin(phase);
  if (phase === 'pretrain') runStore.setState({ reconstruction: undefined });
  else if (phase === 'distil') runStore.setState({ results: undefined });
  const request = {
    phase,
    preset,
    seed,
    data,
    overrides: overrides[phase],
    sessionIds: (phase === 'pretrain' && teacherIds) || sessionIdsFor(phase),
    resume: false,
  };
  return end(await guarded(`${PHASE_TITLES[phase]} stopped.`, () => client.train(request)));
}

/** Goes on with a saved run, with the settings it was started with. */
export async function resumeSaved(client: StudioClient, run: SavedRun): Promise<RunOutcome> {
  const { data, overrides } = settingsStore.getState();
  const { phase, preset, seed, sessionIds } = run;
  clearCurves(phase);
  begin(phase);
  settingsStore.setState({ preset, seed });
  const request = { phase, preset, seed, sessionIds, data, overrides: overrides[phase] };
  return end(
    await guarded('The saved run could not be continued.', () =>
      client.train({ ...request, resume: true }),
    ),
  );
}

export async function forgetSaved(client: StudioClient, phase: Phase): Promise<void> {
  await guarded('The saved run could not be deleted.', () => client.forgetSaved(phase));
}

function begin(phase: Phase): void {
  runStore.setState(({ progress }) => ({
    status: 'running',
    phase,
    stage: 'Getting ready',
    progress: { ...progress, [phase]: undefined },
  }));
}

function end(outcome: RunOutcome | undefined): RunOutcome {
  runStore.setState({ status: 'idle', stage: '' });
  return outcome ?? 'failed';
}

export async function togglePause(client: StudioClient): Promise<void> {
  const { status } = runStore.getState();
  if (status === 'running') {
    runStore.setState({ status: 'paused' });
    await guarded('The run could not be paused.', () => client.pauseRun());
  } else if (status === 'paused') {
    runStore.setState({ status: 'running' });
    await guarded('The run could not go on.', () => client.resumeRun());
  }
}

/** One optimiser update, then paused. */
export async function stepRun(client: StudioClient): Promise<void> {
  const { status } = runStore.getState();
  if (status !== 'running' && status !== 'paused') return;
  runStore.setState({ status: 'paused' });
  await guarded('The step failed.', () => client.stepRun());
}

export async function cancelRun(client: StudioClient): Promise<void> {
  if (runStore.getState().status === 'idle') return;
  runStore.setState({ status: 'stopping', stage: 'Stopping after this step' });
  await guarded('The run could not be stopped.', () => client.cancelRun());
}

export function changeOverride(phase: Phase, name: string, value: number | undefined): void {
  settingsStore.setState(({ overrides }) => {
    const { [name]: _, ...others } = overrides[phase];
    const changed = value === undefined ? others : { ...others, [name]: value };
    return { overrides: { ...overrides, [phase]: changed } };
  });
}

export function choosePreset(preset: string): void {
  settingsStore.setState({ preset, overrides: { pretrain: {}, distil: {}, fineTune: {} } });
}

export function rollSeed(): void {
  settingsStore.setState({ seed: crypto.getRandomValues(new Uint16Array(1))[0] });
}
