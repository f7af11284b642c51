// The decoder that is running: lives as long as one decode.
import { create } from 'zustand';
import type { DecodeLayout, LatencySummary } from '../../worker/api';

interface DecodeState {
  layout: DecodeLayout | undefined;
  isOpening: boolean;
  isPlaying: boolean;
  latency: LatencySummary | undefined;
}

export const decodeStore = create<DecodeState>()(() => ({
  layout: undefined,
  isOpening: false,
  isPlaying: false,
  latency: undefined,
}));
