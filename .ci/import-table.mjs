// Who may import whom: the table of ARCHITECTURE.md, in the form that check-imports.mjs checks.

const engine = ['model', 'ops', 'autograd', 'data', 'base'];
const core = ['train', 'decode', 'evaluate', 'gpu', ...engine];

/**
 * For each folder of `src`: the folders whose values it may import, and those it may import types from.
 * @type {Record<string, { values: string[], types: string[] }>}
 */
export const folderTable = {
  base: { values: [], types: [] },
  gpu: { values: ['base'], types: [] },
  autograd: { values: ['gpu', 'base'], types: [] },
  ops: { values: ['autograd', 'gpu', 'base'], types: [] },
  model: { values: ['ops', 'autograd', 'base'], types: [] },
  data: { values: ['base'], types: [] },
  // The device is handed to these two by the worker or the command line; they name its type.
  train: { values: engine, types: ['gpu'] },
  decode: { values: engine, types: ['gpu'] },
  evaluate: { values: engine, types: [] },
  worker: { values: core, types: [] },
  cli: { values: core, types: [] },
  ui: { values: ['base'], types: ['worker', 'data', 'train', 'decode', 'evaluate'] },
};

/**
 * For each npm package: the places that may import it. Besides folders of `src` these are `main.tsx`,
 * `test` (tests and what only they import), `bench` and `e2e`.
 * @type {Record<string, string[]>}
 */
export const packageTable = {
  h5wasm: ['data', 'test', 'bench'],
  'apache-arrow': ['data', 'test', 'bench'],
  hyparquet: ['data', 'test'],
  'hyparquet-compressors': ['data'],
  fzstd: ['data', 'test'],
  zarrita: ['data'],
  fflate: ['data', 'test', 'bench'],
  'fft.js': ['data', 'ui', 'evaluate', 'test', 'bench'],
  comlink: ['worker', 'main.tsx', 'test'],
  webgpu: ['cli', 'test', 'bench'],
  react: ['ui', 'main.tsx'],
  'react-dom': ['ui', 'main.tsx'],
  zustand: ['ui', 'main.tsx'],
  uplot: ['ui', 'main.tsx'],
  'plotly.js-cartesian-dist-min': ['ui', 'main.tsx'],
  vitest: ['test', 'bench', 'e2e'],
  'fast-check': ['test'],
  'playwright-core': ['e2e', 'bench'],
  vite: ['test', 'e2e', 'bench'],
  '@jax-js/jax': ['bench'],
  '@tensorflow/tfjs': ['bench'],
  '@tensorflow/tfjs-backend-webgpu': ['bench'],
  // Node's own modules: all else must also run in a browser.
  'node:': ['cli', 'test', 'bench', 'e2e'],
};

/**
 * Deliberate exceptions, each with its reason. One that no import needs any more is reported.
 * @type {{ file: string, imports: string, reason: string }[]}
 */
export const exceptions = [
  {
    file: 'src/train/finetune.ts',
    imports: '../evaluate/metrics',
    reason: 'the model is selected on validation by the very metric that is reported',
  },
  {
    file: 'src/ui/sessions/SeriesPicker.tsx',
    imports: '../../data/sameShape',
    reason:
      'compares two descriptions that the page holds already, by the rule that the worker keeps mappings by',
  },
  {
    file: 'src/ui/sessions/SeriesAlignment.tsx',
    imports: '../../data/clockAlignment',
    reason: 'computes an offset from what a person types, by the rule of the command line',
  },
  {
    file: 'src/ui/sessions/SeriesAlignment.tsx',
    imports: '../../data/mappingClocks',
    reason: 'puts that offset into the mapping that the page holds already',
  },
  {
    file: 'e2e/recordings.test.ts',
    imports: '../src/data/formats/arrow',
    reason: 'reads the exported session back to compare every value',
  },
  {
    file: 'e2e/recordings.test.ts',
    imports: '../src/data/formats/npy',
    reason: 'cuts a real recording into the files that it drops',
  },
];
