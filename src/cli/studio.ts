// The commands by name; errors become one sentence on stderr and an exit code.

import { type Command, commandHelp } from './command';
import { decode } from './decode';
import { devices } from './devices';
import { evaluate } from './evaluate';
import { forward } from './forward';
import { importRecordings } from './import';
import { inspect } from './inspect';
import { UsageError } from './options';
import type { Terminal } from './progress';
import { train } from './train';

const COMMANDS: readonly Command[] = [
  devices,
  inspect,
  importRecordings,
  train,
  evaluate,
  forward,
  decode,
];

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** @returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted */
export async function studio(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const help = generalHelp();
    if (name !== undefined) terminal.print(help);
    else terminal.note(help);
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) {
    const names = COMMANDS.map((one) => one.name).join(', ');
    terminal.note(`[studio] expected a command (${names}), got "${name}"`);
    return EXIT.usage;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.print(commandHelp(command));
    return EXIT.done;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.note(
        `[${name}] ${error.message}; see: npm run studio -- ${name} --help`.replace(/\s+/g, ' '),
      );
      return EXIT.usage;
    }
    terminal.note(error instanceof Error ? error.message : String(error));
    if (process.env.REALM_DEBUG && error instanceof Error) terminal.note(error.stack ?? '');
    return EXIT.failed;
  }
}

function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const list = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'REALM Studio: npm run studio -- COMMAND [options]',
    list.join('\n'),
    'Options of a command: npm run studio -- COMMAND --help',
  ].join('\n\n');
}
