// The first screen: what this is, and the two ways to begin.
import { runDemo } from '../actions/demo';
import { useClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { AddressField } from './AddressField';
import { DropZone } from './DropZone';

const STEPS = [
  {
    title: 'Sessions',
    text: 'Bring LFP with behaviour: several sessions of one subject are best. Look at traces and spectra, choose the front end and the split.',
  },
  {
    title: 'Teacher',
    text: 'A bidirectional Mamba-2 network hides stretches of the recordings from itself and learns to fill them in. It needs no labels.',
  },
  {
    title: 'Student',
    text: 'A compact causal network learns to see what the teacher sees, from the past alone; then it is tuned to one session and scored on frames it has never seen.',
  },
  {
    title: 'Decode',
    text: 'The student decodes the test fold frame by frame, as it would at the rig, with its latency measured against the 10 ms frame.',
  },
];

export function Welcome() {
  const client = useClient();
  const isReady = runStore((state) => state.adapter !== undefined && state.demo === undefined);
  return (
    <>
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
              The whole path on generated recordings, in a minute or two.
            </span>
          </div>
        </div>
        <div className="stack">
          <DropZone isCompact={false} />
          <AddressField />
        </div>
      </section>
      <section className="path" aria-label="The path">
        {STEPS.map(({ title, text }, i) => (
          <div key={title} className="panel">
            <span className="step">Step {i + 1}</span>
            <h2>{title}</h2>
            <p className="dim small">{text}</p>
          </div>
        ))}
      </section>
    </>
  );
}
