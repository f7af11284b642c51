/** Starts a parser in a worker of its own, below the worker that the studio runs in. */
import { type ParserPort, portOfWorker } from '../data/guardedProtocol';

/** Gives the port once the parser can answer. */
export type StartParser = () => Promise<ParserPort>;

/** @throws when the parser's code cannot be loaded */
export const startParserWorker: StartParser = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./parser.ts', import.meta.url), { type: 'module' });
    worker.onmessage = () => resolve(portOfWorker(worker));
    worker.onerror = ({ message }) => {
      worker.terminate();
      reject(
        new Error(
          `[open] expected the part of the studio that reads files, got ${message || 'no answer'}: reload the page`,
        ),
      );
    };
  });
