// Turns what the worker tells into the stores' state.
import type { StudioEvent } from '../../worker/api';
import { appendDecoded, appendProgress, decodePulse } from '../series';
import { decodeStore } from '../stores/decodeStore';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { showFault } from './faults';
import { showNote } from './view';

export function applyEvent(event: StudioEvent): void {
  switch (event.type) {
    case 'adapter':
      runStore.setState({ adapter: event.adapter });
      break;
    case 'presets':
      runStore.setState({ presets: event.presets });
      break;
    case 'sessions': {
      const { selectedId } = sessionStore.getState();
      const isHere = event.sessions.some(({ id }) => id === selectedId);
      sessionStore.setState({
        sessions: event.sessions,
        selectedId: isHere ? selectedId : event.sessions[0]?.id,
      });
      break;
    }
    case 'import':
      sessionStore.setState({ importing: event.progress });
      break;
    case 'note':
      showNote(event.text);
      break;
    case 'activity':
      runStore.setState({ activity: event.text });
      break;
    case 'progress': {
      const { progress } = runStore.getState();
      appendProgress(event.progress);
      runStore.setState({
        progress: { ...progress, [event.progress.stage]: event.progress },
        activity: '',
      });
      break;
    }
    case 'reconstruction':
      runStore.setState({ reconstruction: event.reconstruction });
      break;
    case 'saved':
      runStore.setState({ saved: event.runs });
      break;
    case 'models':
      runStore.setState({ models: event.models });
      break;
    case 'results':
      runStore.setState({ results: event.results });
      break;
    case 'decoded':
      appendDecoded(event.frames);
      if (!decodeStore.getState().isPlaying) decodePulse.emit();
      break;
    case 'latency':
      decodeStore.setState({ latency: event.latency });
      break;
    case 'decodeEnded':
      decodeStore.setState({ isPlaying: false });
      break;
    case 'fault':
      showFault(event.fault);
      break;
  }
}
