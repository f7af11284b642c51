/** Errors in three parts for a person: what happened, why, and what to do. */

export interface Fault {
  what: string;
  why: string;
  todo: string;
  /** To copy into a report. */
  details: string;
}

/** @param what the action that failed, as a sentence for a person */
export function faultOf(what: string, error: unknown): Fault {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && error.stack ? `\n${error.stack}` : '';
  return { what, ...splitMessage(message), details: `${what}\n${message}${stack}` };
}

/** The halves of a message of the form `[thing] expected …, got …: what to do`. */
export function splitMessage(message: string): { why: string; todo: string } {
  const text = message.replace(/^\[[^\]]*\]\s*/, '');
  const colon = text.lastIndexOf(': ');
  if (colon <= 0) return { why: sentence(text), todo: 'Copy the details and report it.' };
  return { why: sentence(text.slice(0, colon)), todo: sentence(text.slice(colon + 2)) };
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
