// One run: start, pause, step, cancel; how far it is and how fast.
import type { Stage } from '../../train/events';
import {
  cancelRun,
  STAGE_TITLES,
  sessionIdsFor,
  stepRun,
  togglePause,
  train,
} from '../actions/training';
import { useClient } from '../clientContext';
import { Panel } from '../components/Panel';
import { formatCount, formatDuration, formatLoss } from '../format';
import { curves } from '../series';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { ResumeBanner } from './ResumeBanner';

interface RunPanelProps {
  stage: Stage;
  startLabel: string;
  /** Why it cannot start now; undefined when it can. */
  blocked: string | undefined;
}

export function RunPanel({ stage, startLabel, blocked }: RunPanelProps) {
  const { status, stage: runningStage, activity, saved } = runStore();
  const isMine = status !== 'idle' && runningStage === stage;
  const savedRun = saved.find((run) => run.stage === stage);
  return (
    <Panel title={STAGE_TITLES[stage]}>
      {savedRun && status === 'idle' && <ResumeBanner run={savedRun} />}
      <Controls stage={stage} startLabel={startLabel} blocked={blocked} isMine={isMine} />
      <Progress stage={stage} activity={isMine ? activity : ''} isPaused={status === 'paused'} />
    </Panel>
  );
}

function Controls(props: RunPanelProps & { isMine: boolean }) {
  const { stage, startLabel, blocked, isMine } = props;
  const client = useClient();
  const status = runStore((state) => state.status);
  if (!isMine) {
    const reason = status === 'idle' ? blocked : 'Another run is going on.';
    return (
      <div className="row">
        <button
          type="button"
          className="primary"
          disabled={reason !== undefined || sessionIdsFor(stage).length === 0}
          onClick={() => void train(client, stage)}
        >
          {startLabel}
        </button>
        <span className="dim small">{reason ?? <Scope stage={stage} />}</span>
      </div>
    );
  }
  return (
    <div className="row">
      <button
        type="button"
        className="primary"
        disabled={status === 'stopping'}
        onClick={() => void togglePause(client)}
      >
        {status === 'paused' ? 'Play' : 'Pause'}
      </button>
      <button type="button" disabled={status === 'stopping'} onClick={() => void stepRun(client)}>
        Step
      </button>
      <button type="button" disabled={status === 'stopping'} onClick={() => void cancelRun(client)}>
        Cancel
      </button>
    </div>
  );
}

/** Which recordings the run would learn from. */
function Scope({ stage }: { stage: Stage }) {
  const sessions = sessionStore((state) => state.sessions);
  const ids = sessionIdsFor(stage);
  const names = sessions.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
  return <>On {names.length === 1 ? names[0] : `${names.length} sessions: ${names.join(', ')}`}</>;
}

interface ProgressProps {
  stage: Stage;
  activity: string;
  isPaused: boolean;
}

function Progress({ stage, activity, isPaused }: ProgressProps) {
  const progress = runStore((state) => state.progress[stage]);
  const adapter = runStore((state) => state.adapter);
  const saved = runStore((state) => state.saved.find((run) => run.stage === stage));
  if (!progress) return activity ? <p className="dim small">{activity} …</p> : null;
  const { step, totalSteps, epoch, epochs, leftS, framesPerS } = progress;
  const readouts = [
    ['Step', `${formatCount(step)} of ${formatCount(totalSteps)}`],
    ['Epoch', `${epoch} of ${epochs}`],
    ['Time left', isPaused ? 'paused' : step < totalSteps ? formatDuration(leftS) : 'none'],
    ['Throughput', framesPerS === undefined ? '–' : `${formatCount(framesPerS)} frames/s`],
    ['Training loss', formatLoss(latestLoss(stage))],
  ];
  return (
    <>
      <div
        className="meter"
        role="progressbar"
        aria-label={STAGE_TITLES[stage]}
        aria-valuemin={0}
        aria-valuemax={totalSteps}
        aria-valuenow={step}
      >
        <div style={{ width: `${(100 * step) / Math.max(1, totalSteps)}%` }} />
      </div>
      <div className="readouts">
        {readouts.map(([label, value]) => (
          <div key={label} className="readout">
            <span>{label}</span>
            <b data-readout={label}>{value}</b>
          </div>
        ))}
      </div>
      <p className="dim small">
        {activity ? `${activity} … ` : ''}
        {adapter && `On ${adapter.name}.`}
        {saved && ` Last checkpoint at step ${formatCount(saved.step)}.`}
      </p>
    </>
  );
}

function latestLoss(stage: Stage): number | undefined {
  const { losses } = curves[stage];
  return losses?.ring.column(1 + losses.names.indexOf('loss')).at(-1);
}
