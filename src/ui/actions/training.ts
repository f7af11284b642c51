// Runs: start, pause, step, cancel, resume; models in and out.
import type { Stage } from '../../train/events';
import type { RunOutcome, SavedRun } from '../../worker/trainingApi';
import type { StudioClient } from '../clientContext';
import { clearCurves } from '../series';
import { decodeStore } from '../stores/decodeStore';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { guarded } from './faults';

export const STAGE_TITLES: Record<Stage, string> = {
  teacher: 'Pretraining the teacher',
  student: 'Distilling the student',
  finetune: 'Fine-tuning the student',
};

/**
 * The sessions of a stage: a teacher learns from all; a student is distilled on all that fit the teacher
 * and the chosen session's behaviour; fine-tuning takes the chosen one.
 */
export function sessionIdsFor(stage: Stage): string[] {
  const { sessions, selectedId } = sessionStore.getState();
  if (stage === 'teacher') return sessions.map(({ id }) => id);
  const chosen = sessions.find(({ id }) => id === selectedId);
  if (!chosen) return [];
  if (stage === 'finetune') return [chosen.id];
  const mostChannels = runStore.getState().models.teacher?.channelCount ?? 0;
  const others = sessions.filter(
    ({ id, channelCount, bandCount, behaviourNames }) =>
      id !== chosen.id &&
      channelCount <= mostChannels &&
      bandCount === chosen.bandCount &&
      (behaviourNames.length === 0 || behaviourNames.length === chosen.behaviourNames.length),
  );
  return [chosen, ...others].map(({ id }) => id);
}

/**
 * Runs a stage to its end; resolves when it has ended.
 * @param onlyIds sessions to which teacher and distillation keep, when not all that fit
 */
export async function train(
  client: StudioClient,
  stage: Stage,
  onlyIds?: readonly string[],
): Promise<RunOutcome> {
  if (runStore.getState().status !== 'idle') return 'failed';
  const { preset, seed, data, overrides } = settingsStore.getState();
  clearCurves(stage);
  begin(stage);
  if (stage === 'teacher') runStore.setState({ reconstruction: undefined });
  else if (stage === 'student') runStore.setState({ results: undefined });
  const request = {
    stage,
    preset,
    seed,
    data,
    overrides: overrides[stage],
    sessionIds: sessionIdsFor(stage).filter((id) => onlyIds?.includes(id) ?? true),
    resume: false,
  };
  return end(await guarded(`${STAGE_TITLES[stage]} stopped.`, () => client.train(request)));
}

/** Goes on with a saved run, with the settings it was started with. */
export async function resumeSaved(client: StudioClient, run: SavedRun): Promise<RunOutcome> {
  const { data } = settingsStore.getState();
  const { stage, preset, seed, sessionIds, overrides } = run;
  clearCurves(stage);
  begin(stage);
  // What the page shows is what goes on.
  settingsStore.setState((state) => ({
    preset,
    seed,
    overrides: { ...state.overrides, [stage]: overrides },
  }));
  const request = { stage, preset, seed, sessionIds, data, overrides };
  return end(
    await guarded('The saved run could not be continued.', () =>
      client.train({ ...request, resume: true }),
    ),
  );
}

export async function forgetSaved(client: StudioClient, stage: Stage): Promise<void> {
  await guarded('The saved run could not be deleted.', () => client.forgetSaved(stage));
}

function begin(stage: Stage): void {
  // The worker ends the decoder: one device, one job.
  decodeStore.setState({ layout: undefined, isPlaying: false, latency: undefined });
  runStore.setState(({ progress }) => ({
    status: 'running',
    stage,
    activity: 'Getting ready',
    progress: { ...progress, [stage]: undefined },
  }));
}

function end(outcome: RunOutcome | undefined): RunOutcome {
  runStore.setState({ status: 'idle', activity: '' });
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
  runStore.setState({ status: 'stopping', activity: 'Stopping after this step' });
  await guarded('The run could not be stopped.', () => client.cancelRun());
}

export function changeOverride(
  stage: Stage,
  name: string,
  value: number | string | undefined,
): void {
  settingsStore.setState(({ overrides }) => {
    const { [name]: _, ...others } = overrides[stage];
    const changed = value === undefined ? others : { ...others, [name]: value };
    return { overrides: { ...overrides, [stage]: changed } };
  });
}

export function choosePreset(preset: string): void {
  settingsStore.setState({ preset, overrides: { teacher: {}, student: {}, finetune: {} } });
}

export function rollSeed(): void {
  settingsStore.setState({ seed: crypto.getRandomValues(new Uint16Array(1))[0] });
}
