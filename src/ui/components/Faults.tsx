// What went wrong, why, and what to do; each can be copied and dismissed.
import { dismissFault } from '../actions/faults';
import { runStore } from '../stores/runStore';
import { viewStore } from '../stores/viewStore';

export function Faults() {
  const adapter = runStore((state) => state.adapter?.name ?? 'no adapter');
  const faults = viewStore((state) => state.faults);
  return faults.map(({ id, fault }) => (
    <div key={id} className="fault" role="alert">
      <strong>{fault.what}</strong>
      <p>{fault.why}</p>
      <p>
        <b>What to do:</b> {fault.todo}
      </p>
      <div className="row">
        <button
          type="button"
          onClick={() =>
            navigator.clipboard.writeText(`${fault.details}\n${adapter}\n${navigator.userAgent}`)
          }
        >
          Copy details
        </button>
        <button type="button" onClick={() => dismissFault(id)}>
          Dismiss
        </button>
      </div>
    </div>
  ));
}
