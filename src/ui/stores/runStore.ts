// The runs and what came out of them: lives as long as the worker's models do.
import { create } from 'zustand';
import type {
  AdapterSummary,
  ModelsHeld,
  Phase,
  PresetInfo,
  Reconstruction,
  Results,
  RunProgress,
  SavedRun,
} from '../../worker/api';

export type RunStatus = 'idle' | 'running' | 'paused' | 'stopping';

interface RunState {
  adapter: AdapterSummary | undefined;
  presets: PresetInfo[];
  status: RunStatus;
  phase: Phase | undefined;
  /** What the worker does between steps, such as "Building the network". */
  stage: string;
  progress: Partial<Record<Phase, RunProgress>>;
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
  phase: undefined,
  stage: '',
  progress: {},
  reconstruction: undefined,
  saved: [],
  models: {},
  results: undefined,
  demo: undefined,
}));
