// What went wrong, why, and what to do; can be copied, and dismissed where it does not go away by itself.
import type { Fault } from '../../base/fault';
import { runStore } from '../stores/runStore';

export function FaultBox({ fault, onDismiss }: { fault: Fault; onDismiss?: () => void }) {
  const adapter = runStore((state) => state.adapter?.name ?? 'no adapter');
  const report = `${fault.details}\n${adapter}\n${navigator.userAgent}`;
  return (
    <div className="fault" role="alert">
      <strong>{fault.what}</strong>
      <p>{fault.why}</p>
      <p>
        <b>What to do:</b> {fault.todo}
      </p>
      <div className="row">
        <button type="button" onClick={() => navigator.clipboard.writeText(report)}>
          Copy details
        </button>
        {onDismiss && (
          <button type="button" onClick={onDismiss}>
            Dismiss
          </button>
        )}
      </div>
    </div>
  );
}
