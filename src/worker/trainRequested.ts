/** One training request from the page, from its sessions to the model that is held afterwards. */

import type { Session } from '../data/session';
import type { GpuDevice } from '../gpu/device';
import type { StudioListener } from './api';
import type { HeldModel, ModelRecord, Models } from './heldModel';
import type { Preparer } from './preparing';
import type { Recordings } from './recordings';
import type { ResultsKeeper } from './resultsKeeper';
import type { RunControl } from './runControl';
import { runStage } from './runStage';
import { contextOf, type SavedRuns } from './savedRuns';
import { scoreRidge, scoreStudent } from './scoring';
import { optimiserOf, presetWith } from './settings';
import { planStage, type StagePlan } from './stages';
import type { RunOutcome, TrainRequest } from './trainingApi';

export interface TrainServices {
  control: RunControl;
  recordings: Recordings;
  models: Models;
  saved: SavedRuns;
  results: ResultsKeeper;
  preparer: Preparer;
  tell: StudioListener;
  device(): Promise<GpuDevice>;
  reopenDevice(): Promise<GpuDevice>;
}

export async function trainRequested(
  asked: TrainRequest,
  services: TrainServices,
): Promise<RunOutcome> {
  const { models, saved, preparer, recordings, tell } = services;
  const resume = asked.resume ? await saved.load(asked.stage) : undefined;
  // A saved run goes on under the settings it was started with.
  const request = resume ? { ...contextOf(resume).request, resume: true } : asked;
  const { stage, seed, data } = request;
  tell({ type: 'activity', text: 'Preparing the recordings' });
  const sessions = request.sessionIds.map((id) => recordings.get(id));
  const prepared = sessions.map((session) => preparer.prepare(session, data));
  const preset = presetWith(request.preset, stage, request.overrides);
  const plan = planStage(stage, preset, seed, prepared, models);
  const { outcome, weights } = await runStage({
    ...services,
    plan,
    request,
    resume,
    columnNames: () => widest(sessions).lfp.names,
  });
  if (!weights) return outcome;
  const device = await services.device();
  const model: HeldModel = {
    config: plan.config,
    weights,
    record: recordOf(request, plan, sessions, device.adapterName),
  };
  await models.hold(stage === 'teacher' ? 'teacher' : 'student', model);
  if (stage === 'student') await models.hold('distilled', model);
  if (stage === 'finetune' && outcome === 'done') {
    tell({ type: 'activity', text: 'Scoring the test fold' });
    const student = await scoreStudent(device, plan, model, prepared[0]);
    tell({ type: 'activity', text: 'Fitting ridge regression' });
    const ridge = scoreRidge(prepared[0]);
    const [{ id, name, oracleR2 }] = sessions;
    const results = {
      sessionId: id,
      sessionName: name,
      evaluations: [student, ridge],
      oracleR2,
    };
    await services.results.keep(results);
    tell({ type: 'results', results });
  }
  return outcome;
}

function widest(sessions: readonly Session[]): Session {
  return sessions.reduce((a, b) => (b.lfp.names.length > a.lfp.names.length ? b : a));
}

function recordOf(
  { preset, seed, data, stage }: TrainRequest,
  plan: StagePlan,
  sessions: readonly Session[],
  adapter: string,
): ModelRecord {
  const named = sessions.map(({ id, name }) => ({ id, name }));
  const behaviour = sessions.find((session) => session.behaviour)?.behaviour;
  const hasOutputs = stage !== 'teacher' && behaviour !== undefined;
  return {
    preset,
    seed,
    adapter,
    trainedAt: new Date().toISOString(),
    synthetic: sessions.some(({ synthetic }) => synthetic),
    precision: optimiserOf(plan.preset, stage).precision,
    sessions: named,
    data,
    outputs: hasOutputs ? [...behaviour.names] : [],
    units: hasOutputs ? [...behaviour.units] : [],
    tunedTo: stage === 'finetune' ? named[0] : undefined,
  };
}
