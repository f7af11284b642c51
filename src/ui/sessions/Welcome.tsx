// The first screen: what this is, and the two ways to begin.
import { runDemo } from '../actions/demo';
import { useClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { DropZone } from './DropZone';

export function Welcome() {
  const client = useClient();
  const isReady = runStore((state) => state.adapter !== undefined && state.demo === undefined);
  return (
    <section className="panel welcome">
      <div className="text">
        <h1>From a brain recording to a live decoder, in this tab.</h1>
        <p className="dim">
          Train a teacher on your LFP, distil it into a small causal student, see an honest score
          beside ridge regression, and watch it decode frame by frame. It all runs on your own
          graphics card; nothing is uploaded.
        </p>
        <div className="row">
          <button
            type="button"
            className="primary"
            disabled={!isReady}
            onClick={() => void runDemo(client)}
          >
            Run the demo
          </button>
          <span className="dim small">
            The whole path on generated recordings, in a few minutes.
          </span>
        </div>
      </div>
      <DropZone isCompact={false} />
    </section>
  );
}
