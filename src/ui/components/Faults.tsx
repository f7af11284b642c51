// Everything that went wrong and was not dismissed, above the view.
import { dismissFault } from '../actions/faults';
import { viewStore } from '../stores/viewStore';
import { FaultBox } from './FaultBox';

export function Faults() {
  const faults = viewStore((state) => state.faults);
  if (faults.length === 0) return null;
  return (
    <div className="faults">
      {faults.map(({ id, fault }) => (
        <FaultBox key={id} fault={fault} onDismiss={() => dismissFault(id)} />
      ))}
    </div>
  );
}
