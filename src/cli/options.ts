// Command-line options declared once: what is read, checked and printed by --help comes from the same table.

import { parseArgs } from 'node:util';

/** A wrong call: the message goes to stderr with a pointer to --help, and the exit code is 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export interface OptionSpec {
  /** `list` takes every following argument up to the next option. */
  readonly kind: 'flag' | 'text' | 'list' | 'integer' | 'number';
  /** What stands for the value in --help. */
  readonly value?: string;
  readonly help: string;
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** Smallest number; default 0. */
  readonly least?: number;
  /** Of a list: it also takes every argument that belongs to no option. */
  readonly isPositional?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Values as given, which is also how a run remembers them. */
export type OptionValues = Readonly<Record<string, string | readonly string[] | boolean>>;

export class Options {
  readonly values: OptionValues;

  constructor(values: OptionValues) {
    this.values = values;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    return this.values[name] as string | undefined;
  }

  /** For options that the table requires. */
  required(name: string): string {
    return this.values[name] as string;
  }

  list(name: string): readonly string[] {
    return (this.values[name] as readonly string[] | undefined) ?? [];
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }
}

/**
 * @param requireAll false leaves out the check for required options
 * @throws UsageError naming the option
 */
export function parseOptions(
  table: OptionTable,
  args: readonly string[],
  requireAll = true,
): Options {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => [
      name,
      kind === 'flag'
        ? { type: 'boolean' as const }
        : { type: 'string' as const, multiple: kind === 'list' },
    ]),
  );
  let values: OptionValues;
  try {
    values = parseArgs({ args: joinLists(table, args), options, strict: true })
      .values as OptionValues;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/(?<=['"])\. |\n/);
    throw new UsageError(sentence.replace(/\.$/, ''));
  }
  for (const [name, spec] of Object.entries(table)) check(name, spec, values[name], requireAll);
  return new Options(values);
}

/** `--data A B` becomes `--data=A --data=B`, which is what parseArgs reads. */
function joinLists(table: OptionTable, args: readonly string[]): string[] {
  const joined: string[] = [];
  const positional = Object.keys(table).find((name) => table[name].isPositional);
  const stray = positional && `--${positional}`;
  let list = stray;
  let isValue = false;
  for (const arg of args) {
    // After an option that takes one value comes that value, a negative number included.
    if (isValue && !arg.startsWith('--')) {
      joined[joined.length - 1] += `=${arg}`;
      isValue = false;
    } else if (arg.startsWith('-')) {
      const kind = arg.startsWith('--') ? table[arg.slice(2)]?.kind : undefined;
      list = kind === 'list' ? arg : stray;
      isValue = kind !== undefined && kind !== 'flag' && kind !== 'list';
      if (kind !== 'list') joined.push(arg);
    } else joined.push(list ? `${list}=${arg}` : arg);
  }
  return joined;
}

function check(
  name: string,
  { kind, choices, required, value: placeholder, least = 0 }: OptionSpec,
  given: OptionValues[string] | undefined,
  requireAll: boolean,
): void {
  if (given === undefined) {
    if (required && requireAll) throw new UsageError(`--${name} ${placeholder ?? ''} is missing`);
    return;
  }
  if (typeof given !== 'string') return;
  if (choices && !choices.includes(given)) {
    throw new UsageError(`--${name} expected ${choices.join(' or ')}, got "${given}"`);
  }
  const number = given.trim() === '' ? Number.NaN : Number(given);
  if (kind === 'integer' && !(Number.isSafeInteger(number) && number >= least)) {
    throw new UsageError(`--${name} expected a whole number from ${least}, got "${given}"`);
  }
  if (kind === 'number' && !(Number.isFinite(number) && number >= least)) {
    throw new UsageError(`--${name} expected a number from ${least}, got "${given}"`);
  }
}

/** One line per option, the required ones first. */
export function optionHelp(table: OptionTable): string {
  const lines = Object.entries(table).map(([name, spec]) => {
    const value = spec.choices?.join('|') ?? spec.value ?? '';
    return {
      left: `  --${name}${value && ` ${value}`}${spec.kind === 'list' ? '...' : ''}`,
      right: `${spec.help}${spec.required ? ' (required)' : ''}`,
    };
  });
  const width = Math.min(34, Math.max(...lines.map(({ left }) => left.length)));
  return lines
    .map(({ left, right }) => {
      const gap = left.length > width ? `\n${' '.repeat(width)}` : '';
      return `${left.padEnd(width)}${gap}  ${right}`;
    })
    .join('\n');
}
