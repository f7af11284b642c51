// A terminal that keeps what a command prints.

import type { Terminal } from './progress';

export interface CollectedTerminal extends Terminal {
  readonly printed: string[];
  readonly noted: string[];
}

export function collected(): CollectedTerminal {
  const printed: string[] = [];
  const noted: string[] = [];
  return {
    printed,
    noted,
    print: (text) => void printed.push(text),
    note: (text) => void noted.push(text),
    status: () => {},
  };
}
