// Shows what went wrong, in the words of who found it.
import { type Fault, faultOf } from '../../base/fault';
import { viewStore } from '../stores/viewStore';

let nextId = 1;

export function showFault(fault: Fault): void {
  const { faults } = viewStore.getState();
  // The same fault again, say one for each of twenty files, says nothing new.
  if (faults.some((shown) => shown.fault.details === fault.details)) return;
  viewStore.setState({ faults: [...faults, { id: nextId++, fault }] });
}

export function dismissFault(id: number): void {
  const { faults } = viewStore.getState();
  viewStore.setState({ faults: faults.filter((shown) => shown.id !== id) });
}

/** Runs an action; a failure is shown and gives undefined. */
export async function guarded<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    showFault(faultOf(what, error));
    return undefined;
  }
}
