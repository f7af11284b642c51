/** The worker's entry: puts the studio at the page's disposal. */
import { expose } from 'comlink';
import { Studio } from './studio';

expose(new Studio());
