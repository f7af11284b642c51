/** Entry of the throw-away worker that parses a recording: whoever started it may end it at any moment. */
import { serveInThisWorker } from '../data/parserScope';

serveInThisWorker();
