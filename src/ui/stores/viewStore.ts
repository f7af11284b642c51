// What is on the screen now: lives as long as the tab.
import { create } from 'zustand';
import type { Fault } from '../../base/fault';

interface ViewState {
  isHelpOpen: boolean;
  faults: { id: number; fault: Fault }[];
  /** A short message that goes away by itself. */
  note: { text: string; undo?: () => void } | undefined;
}

export const viewStore = create<ViewState>()(() => ({
  isHelpOpen: false,
  faults: [],
  note: undefined,
}));
