// What a person has chosen: kept by the browser between visits.

import { create } from 'zustand';
import { persist } from 'zustand/middleware';
import type { DecodePreference } from '../../decode/chooseDecoder';
import type { Stage } from '../../train/events';
import type { DataSettings } from '../../worker/recordingsApi';
import type { Overrides } from '../../worker/trainingApi';

export const VIEWS = ['sessions', 'teacher', 'student', 'decode'] as const;
export type View = (typeof VIEWS)[number];
export type Theme = 'system' | 'light' | 'dark';

interface Settings {
  view: View;
  theme: Theme;
  data: DataSettings;
  preset: string;
  seed: number;
  /** Values that differ from the preset's. */
  overrides: Record<Stage, Overrides>;
  decodeSpeed: number;
  decodeLoop: boolean;
  decodePreference: DecodePreference;
}

export const settingsStore = create<Settings>()(
  persist(
    (): Settings => ({
      view: 'sessions',
      theme: 'system',
      data: {
        frontEnd: 'realtime',
        notchHz: 60,
        behaviourAsVelocity: false,
        split: 'contiguous',
      },
      preset: 'tiny',
      seed: 42,
      overrides: { teacher: {}, student: {}, finetune: {} },
      decodeSpeed: 1,
      decodeLoop: true,
      decodePreference: 'auto',
    }),
    { name: 'realm-studio-settings', version: 1 },
  ),
);
