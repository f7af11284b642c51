// A parser in the thread of the test: the same messages, without a worker.
import type { ParserPort, ParserReply, ParserRequest } from '../data/guardedProtocol';
import { openHttpSource } from '../data/httpSource';
import { serveParser } from '../data/serveParser';

/** @param isHanging answers for nothing whose file has this name */
export async function startParserHere(isHanging?: string): Promise<ParserPort> {
  let reply: (message: ParserReply) => void = () => {};
  let request: (message: ParserRequest) => void = () => {};
  let isEnded = false;
  serveParser(
    {
      post: (message) => queueMicrotask(() => !isEnded && reply(message)),
      listen: (onRequest) => {
        request = onRequest;
      },
    },
    {
      sourceOf: (spec, onProgress) =>
        openHttpSource(spec.kind === 'url' ? spec.url : spec.path, { onProgress, retries: 0 }),
      memoryBytes: () => 0,
    },
  );
  return {
    post(message) {
      const names =
        message.type === 'open'
          ? message.sources.map((spec) => (spec.kind === 'blob' ? spec.file.name : ''))
          : [];
      if (isHanging === undefined || !names.includes(isHanging)) request(message);
    },
    listen: (onReply) => {
      reply = onReply;
    },
    terminate: () => {
      isEnded = true;
    },
  };
}
