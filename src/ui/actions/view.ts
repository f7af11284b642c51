// Moving around, theme, help and short messages.
import { settingsStore, type Theme, type View } from '../stores/settingsStore';
import { viewStore } from '../stores/viewStore';

const NOTE_MS = 8000;
let noteTimer: ReturnType<typeof setTimeout> | undefined;

export function showView(view: View): void {
  settingsStore.setState({ view });
}

export function toggleHelp(): void {
  viewStore.setState(({ isHelpOpen }) => ({ isHelpOpen: !isHelpOpen }));
}

export function showNote(text: string, undo?: () => void): void {
  clearTimeout(noteTimer);
  viewStore.setState({ note: { text, undo } });
  noteTimer = setTimeout(hideNote, NOTE_MS);
}

export function hideNote(): void {
  viewStore.setState({ note: undefined });
}

/** Light, dark, then what the system says, in a circle. */
export function nextTheme(): void {
  const order: Theme[] = ['system', 'light', 'dark'];
  settingsStore.setState(({ theme }) => ({
    theme: order[(order.indexOf(theme) + 1) % order.length],
  }));
}
