// Entry of the command line: runs one command and ends the process with its exit code.

import { processTerminal } from './progress';
import { studio } from './studio';

const exitCode = await studio(process.argv.slice(2), processTerminal());
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
}
// Dawn keeps a process alive as long as its instance is referenced.
process.exit(exitCode);
