// Shortcuts of the whole page; silent while a person types.
import type { StudioClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { settingsStore, VIEWS } from '../stores/settingsStore';
import { viewStore } from '../stores/viewStore';
import { stepDecode, togglePlay } from './decoding';
import { stepRun, togglePause } from './training';
import { showView, toggleHelp } from './view';

export const SHORTCUTS: { keys: string; does: string }[] = [
  { keys: 'Space', does: 'Play or pause the training run or the decoder' },
  { keys: '.', does: 'One step: an optimiser update, or one decoded frame' },
  { keys: '1 – 4', does: 'Sessions, Teacher, Student, Decode' },
  { keys: '?', does: 'Open or close this help' },
  { keys: 'Esc', does: 'Close this help' },
];

/** @returns the function that stops listening */
export function listenToKeys(client: StudioClient): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (pressed(client, event.key, event.repeat)) event.preventDefault();
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
}

function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // The space bar presses a focused button: that is the button's, not ours.
  if (key === ' ' && target.closest('button, summary, a, [role=button]')) return true;
  return target.closest('input, select, textarea, [contenteditable]') !== null;
}

function pressed(client: StudioClient, key: string, isRepeat: boolean): boolean {
  const { view } = settingsStore.getState();
  const isDecoding = view === 'decode';
  const digit = Number(key);
  if (digit >= 1 && digit <= VIEWS.length) showView(VIEWS[digit - 1]);
  else if (key === '?') toggleHelp();
  else if (key === 'Escape' && viewStore.getState().isHelpOpen) toggleHelp();
  else if (key === ' ' && !isRepeat && isDecoding) void togglePlay(client);
  else if (key === ' ' && !isRepeat && runStore.getState().status !== 'idle')
    void togglePause(client);
  else if (key === '.' && isDecoding) void stepDecode(client);
  else if (key === '.') void stepRun(client);
  else return false;
  return true;
}
