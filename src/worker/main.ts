/** The worker's entry: puts the studio at the page's disposal. */
import { expose } from 'comlink';
import type { EventMessage, StudioListener } from './api';
import { startParserWorker } from './startParser';
import { Studio } from './studio';

// Events and answers share one port, so that an event is there before the answer to what caused it.
const tell: StudioListener = (event) => postMessage({ studioEvent: event } satisfies EventMessage);

expose(new Studio(tell, startParserWorker));
