// The decoder that is running: lives as long as one decode.
import { create } from 'zustand';
import type { DecodeLayout, LatencySummary } from '../../worker/api';

interface DecodeState {
  layout: DecodeLayout | undefined;
  isPlaying: boolean;
  latency: LatencySummary | undefined;
}

export const decodeStore = create<DecodeState>()(() => ({
  layout: undefined,
  isPlaying: false,
  latency: undefined,
}));
