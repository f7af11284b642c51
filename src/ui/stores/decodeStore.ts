// The decoder that is running: lives as long as one decode.
import { create } from 'zustand';
import type { DecodeLayout, LatencySummary } from '../../worker/decodingApi';

interface DecodeState {
  layout: DecodeLayout | undefined;
  isOpening: boolean;
  isPlaying: boolean;
  latency: LatencySummary | undefined;
  /** Why the last decoder was closed, where no person did it. */
  closedBecause: string | undefined;
}

export const decodeStore = create<DecodeState>()(() => ({
  layout: undefined,
  isOpening: false,
  isPlaying: false,
  latency: undefined,
  closedBecause: undefined,
}));
