// Shows what went wrong, in the words of who found it.
import type { Fault } from '../../worker/api';
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

/**
 * Splits a message of the form `[thing] expected …, got …: what to do` into its parts.
 * @param what the action that failed, as a sentence for a person
 */
export function faultOf(what: string, error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  const { why, todo } = splitMessage(message);
  const stack = error instanceof Error && error.stack ? `\n${error.stack}` : '';
  return { what, why, todo, details: `${what}\n${message}${stack}\n${navigator.userAgent}` };
}

/** The two halves of a message that ends in what to do. */
export function splitMessage(message: string): { why: string; todo: string } {
  const text = message.replace(/^\[[^\]]*\]\s*/, '');
  const colon = text.lastIndexOf(': ');
  const why = colon > 0 ? text.slice(0, colon) : text;
  const todo = colon > 0 ? text.slice(colon + 2) : 'Copy the details and report it.';
  return { why: sentence(why), todo: sentence(todo) };
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
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
