/** Parsers for the files that are open: each does one thing at a time, and one that is killed takes only that along. */
import { GuardedParser, REMOTE_PARSER_LIMITS } from '../data/guardedOpen';
import type { StartParser } from './startParser';

export class ParserPool {
  readonly #start: StartParser;
  readonly #onReceived: (receivedBytes: number) => void;
  readonly #idle = new Set<GuardedParser>();
  readonly #remote = new WeakSet<GuardedParser>();

  /** @param onReceived told with the bytes of the remote file that is being read, so far */
  constructor(start: StartParser, onReceived: (receivedBytes: number) => void) {
    this.#start = start;
    this.#onReceived = onReceived;
  }

  /**
   * A parser for this caller alone until it is given back.
   * @param wanted is taken when it is alive and idle
   */
  async take(isRemote: boolean, wanted?: GuardedParser): Promise<GuardedParser> {
    const isFree = (parser: GuardedParser) => parser.isAlive && this.#idle.has(parser);
    // A remote file keeps a parser of its own, which waits longer.
    const others = isRemote ? [] : [...this.#idle].filter((parser) => !this.#remote.has(parser));
    const free = [...(wanted ? [wanted] : []), ...others].find(isFree);
    if (free) {
      this.#idle.delete(free);
      return free;
    }
    const port = await this.#start();
    if (!isRemote) return new GuardedParser(port);
    const parser = new GuardedParser(port, REMOTE_PARSER_LIMITS, this.#onReceived);
    this.#remote.add(parser);
    return parser;
  }

  giveBack(parser: GuardedParser): void {
    if (parser.isAlive) this.#idle.add(parser);
  }

  /** Ends every idle parser that no open file needs. */
  tidy(needed: ReadonlySet<GuardedParser>): void {
    for (const parser of [...this.#idle]) {
      if (needed.has(parser)) continue;
      this.#idle.delete(parser);
      parser.end();
    }
  }
}
