// `npm run studio -- ARGS`: the command line of the studio, bundled when a source file is newer, then run.
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensurePackages } from './packages.mjs';
import { main, rootPath, withLock } from './process.mjs';

const bundlePath = join(rootPath, 'dist', 'cli', 'main.mjs');
const sourcePaths = ['src', 'shaders', 'package-lock.json', '.ci/studio.mjs'].map((name) =>
  join(rootPath, name),
);

/** npm passes on the Ctrl-C that the terminal has sent to the whole group already. */
const sameInterruptMs = 300;

await main(async () => {
  await ensurePackages();
  if (!isBundleCurrent()) await withLock('cli-bundle', () => isBundleCurrent() || bundle());
  mergeRepeatedInterrupts();
  process.argv[1] = bundlePath;
  await import(pathToFileURL(bundlePath).href);
});

function isBundleCurrent() {
  if (!existsSync(bundlePath)) return false;
  const bundledMs = statSync(bundlePath).mtimeMs;
  return sourcePaths.every((path) => newestMs(path) < bundledMs);
}

/** The last change under a path, in ms; a folder's own time shows a file that was removed. */
function newestMs(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return path.endsWith('.test.ts') ? 0 : stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

async function bundle() {
  const startS = Date.now() / 1000;
  const { build } = await import('vite');
  await build({
    root: rootPath,
    configFile: false,
    logLevel: 'error',
    ssr: { external: ['webgpu', 'h5wasm'] },
    build: {
      ssr: 'src/cli/main.ts',
      outDir: 'dist/cli',
      target: 'node20',
      // One file: a run that lasts hours must not look for a chunk that a later build has replaced.
      rolldownOptions: { output: { entryFileNames: 'main.mjs', codeSplitting: false } },
    },
  });
  // A source saved while the bundle was being made counts as newer than it.
  utimesSync(bundlePath, startS, startS);
}

function mergeRepeatedInterrupts() {
  const emit = process.emit;
  let lastMs = Number.NEGATIVE_INFINITY;
  process.emit = (event, ...rest) => {
    if (event === 'SIGINT') {
      const nowMs = performance.now();
      const isRepeated = nowMs - lastMs < sameInterruptMs;
      lastMs = nowMs;
      if (isRepeated) return true;
    }
    return emit.call(process, event, ...rest);
  };
}
