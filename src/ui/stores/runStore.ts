// The runs and what came out of them: lives as long as the worker's models do.

import { create } from 'zustand';
import type { Stage } from '../../train/events';
import type { AdapterSummary } from '../../worker/api';
import type {
  ModelsHeld,
  PresetInfo,
  Reconstruction,
  Results,
  RunProgress,
  SavedRun,
} from '../../worker/trainingApi';

export type RunStatus = 'idle' | 'running' | 'paused' | 'stopping';

interface RunState {
  adapter: AdapterSummary | undefined;
  presets: PresetInfo[];
  status: RunStatus;
  stage: Stage | undefined;
  /** What the worker does between steps, such as "Building the network". */
  activity: string;
  progress: Partial<Record<Stage, RunProgress>>;
  reconstruction: Reconstruction | undefined;
  saved: SavedRun[];
  models: ModelsHeld;
  results: Results | undefined;
  /** What the demo is doing; undefined when it is not running. */
  demo: string | undefined;
}

export const runStore = create<RunState>()(() => ({
  adapter: undefined,
  presets: [],
  status: 'idle',
  stage: undefined,
  activity: '',
  progress: {},
  reconstruction: undefined,
  saved: [],
  models: {},
  results: undefined,
  demo: undefined,
}));
