// Puts the parts together: starts the worker, connects it to the stores, renders the page.
import { wrap } from 'comlink';
import { createRoot } from 'react-dom/client';
import 'uplot/dist/uPlot.min.css';
import './ui/style.css';
import { App } from './ui/App';
import { applyEvent } from './ui/actions/events';
import { guarded } from './ui/actions/faults';
import type { StudioClient } from './ui/clientContext';
import type { EventMessage, StudioApi } from './worker/api';

function connect(): StudioClient {
  const worker = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module' });
  const studio = wrap<StudioApi>(worker);
  worker.addEventListener('message', ({ data }: MessageEvent<Partial<EventMessage>>) => {
    if (data?.studioEvent) applyEvent(data.studioEvent);
  });
  void guarded('The studio’s worker could not start.', () => studio.connect());
  return studio;
}

createRoot(document.getElementById('root')!).render(<App connect={connect} />);
