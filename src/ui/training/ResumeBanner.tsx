// Offers to go on with a run that an earlier tab left behind.
import type { SavedRun } from '../../worker/trainingApi';
import { forgetSaved, resumeSaved } from '../actions/training';
import { useClient } from '../clientContext';
import { formatCount } from '../format';

export function ResumeBanner({ run }: { run: SavedRun }) {
  const client = useClient();
  return (
    <div className="banner small">
      <span>
        A saved run ({run.preset}, seed {run.seed}
        {run.overrides.precision === 'mixed' && ', mixed precision'}) stands at step{' '}
        {formatCount(run.step)} of {formatCount(run.totalSteps)}, saved{' '}
        {new Date(run.savedAt).toLocaleString()}.
      </span>
      <span className="push row">
        <button type="button" className="primary" onClick={() => void resumeSaved(client, run)}>
          Resume
        </button>
        <button type="button" onClick={() => void forgetSaved(client, run.stage)}>
          Forget it
        </button>
      </span>
    </div>
  );
}
