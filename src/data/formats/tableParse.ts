/** Tables as text (CSV, TSV): delimiter, header and numbers, parsed while the file is read. */
import type { FileSource } from './fileFormat';

export interface NumberTable {
  readonly names: string[];
  /** One array per column; NaN where empty or not a number. */
  readonly columns: Float64Array[];
  readonly rowCount: number;
  /** Columns without any number. */
  readonly textColumns: string[];
}

const BLOCK_BYTES = 2 ** 22;
const MAX_LINE_CHARACTERS = 2 ** 22;
const MAX_COLUMNS = 65536;
const MAX_VALUES = 2 ** 28;
const DELIMITERS = ['\t', ';', ','];

/** @throws when rows differ in length, or the table is too large */
export async function parseTable(source: FileSource): Promise<NumberTable> {
  let table: Builder | undefined;
  let lineNumber = 0;
  for await (const line of linesOf(source)) {
    lineNumber += 1;
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (table) table.add(line, lineNumber);
    else table = new Builder(line, source.name);
  }
  if (!table) {
    throw new Error(
      `[table] expected rows of numbers in "${source.name}", got none: choose another file`,
    );
  }
  return table.finish();
}

async function* linesOf(source: FileSource): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for (let start = 0; start < source.byteLength; start += BLOCK_BYTES) {
    const end = Math.min(source.byteLength, start + BLOCK_BYTES);
    const text =
      rest + decoder.decode(await source.slice(start, end), { stream: end < source.byteLength });
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new Error(
        `[table] expected lines of text in "${source.name}", got one of more than ${MAX_LINE_CHARACTERS} ` +
          'characters: this is no table, choose another file',
      );
    }
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** The delimiter that cuts this line into most fields. */
export function delimiterOf(line: string): string {
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  const most = Math.max(...counts);
  return most > 1 ? DELIMITERS[counts.indexOf(most)] : ' ';
}

class Builder {
  readonly #delimiter: string;
  readonly #names: string[];
  readonly #fileName: string;
  #columns: Float64Array[];
  #rowCount = 0;

  constructor(firstLine: string, fileName: string) {
    this.#fileName = fileName;
    this.#delimiter = delimiterOf(firstLine);
    const fields = this.#fields(firstLine);
    const hasHeader = fields.some((field) => field !== '' && Number.isNaN(this.#number(field)));
    if (fields.length > MAX_COLUMNS)
      this.#refuse(`at most ${MAX_COLUMNS} columns`, `${fields.length}`, 1);
    this.#names = fields.map((field, c) => (hasHeader && field !== '' ? field : `column ${c + 1}`));
    this.#columns = fields.map(() => new Float64Array(1024));
    if (!hasHeader) this.add(firstLine, 1);
  }

  add(line: string, lineNumber: number) {
    const fields = this.#fields(line);
    const width = this.#columns.length;
    if (fields.length !== width) this.#refuse(`${width} columns`, `${fields.length}`, lineNumber);
    if ((this.#rowCount + 1) * width > MAX_VALUES) {
      this.#refuse(`at most ${MAX_VALUES} values`, 'more', lineNumber);
    }
    if (this.#rowCount === this.#columns[0].length) {
      this.#columns = this.#columns.map((column) => {
        const longer = new Float64Array(2 * column.length);
        longer.set(column);
        return longer;
      });
    }
    fields.forEach((field, c) => {
      this.#columns[c][this.#rowCount] = this.#number(field);
    });
    this.#rowCount += 1;
  }

  finish(): NumberTable {
    const columns = this.#columns.map((column) => column.subarray(0, this.#rowCount));
    const isNumeric = columns.map((column) => column.some((x) => !Number.isNaN(x)));
    return {
      names: this.#names.filter((_, c) => isNumeric[c]),
      columns: columns.filter((_, c) => isNumeric[c]),
      rowCount: this.#rowCount,
      textColumns: this.#names.filter((_, c) => !isNumeric[c]),
    };
  }

  #fields(line: string): string[] {
    if (this.#delimiter === ' ') return line.trim().split(/\s+/);
    if (!line.includes('"')) return line.split(this.#delimiter).map((field) => field.trim());
    const fields = [''];
    let isQuoted = false;
    for (const character of line) {
      if (character === '"') isQuoted = !isQuoted;
      else if (character === this.#delimiter && !isQuoted) fields.push('');
      else fields[fields.length - 1] += character;
    }
    return fields.map((field) => field.trim());
  }

  #number(field: string): number {
    if (field === '') return Number.NaN;
    // Where commas do not separate fields they are decimal points.
    const text = this.#delimiter === ',' ? field : field.replace(',', '.');
    return Number(/^[+-]?inf(inity)?$/i.test(text) ? Number.NaN : text);
  }

  #refuse(expected: string, got: string, lineNumber: number): never {
    throw new Error(
      `[table] expected ${expected} in line ${lineNumber} of "${this.#fileName}", got ${got}: ` +
        'repair the table or save it again',
    );
  }
}
