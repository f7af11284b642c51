// What the dispatcher knows about each command.

import { type OptionTable, optionHelp } from './options';
import type { Terminal } from './progress';

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly options: OptionTable;
  /** Paragraphs below the options. */
  readonly notes?: string;
  /** @returns the exit code */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

export function commandHelp({ name, summary, options, notes }: Command): string {
  const hasOptions = Object.keys(options).length > 0;
  const positional = Object.values(options).find(({ isPositional }) => isPositional);
  const files = positional ? ` ${positional.value}...` : '';
  const parts = [`npm run studio -- ${name}${files}${hasOptions ? ' [options]' : ''}`, summary];
  if (hasOptions) parts.push(optionHelp(options));
  if (notes) parts.push(notes);
  return parts.join('\n\n');
}
