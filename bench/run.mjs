// `npm run bench [-- --json FILE] [--quick] [--chromium] [--case S,M8] [--engine studio,jax-js] [--part steps,kernels]
// [--kernel norm]`
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureChromium } from '../.ci/chromium.mjs';
import { ensurePackages } from '../.ci/packages.mjs';
import { main, rootPath } from '../.ci/process.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    chromium: { type: 'boolean', default: false },
    case: { type: 'string' },
    engine: { type: 'string', default: 'studio,jax-js,tfjs' },
    part: { type: 'string' },
    kernel: { type: 'string', default: '' },
  },
});

await main(async () => {
  await ensurePackages();
  // In a browser on a software adapter one step of a peer takes a minute in M32.
  const cases = values.quick ? 'S' : values.chromium ? 'S,M8' : 'S,M8,M32';
  const parts = values.quick ? 'steps' : 'steps,profile,kernels,live,student,teacher';
  const list = (chosen, usual) => (chosen ?? usual).split(',');
  const options = {
    cases: list(values.case, cases),
    engines: list(values.engine),
    parts: list(values.part, parts),
    kernel: values.kernel,
  };
  const startMs = performance.now();
  const { result, table } = await (values.chromium ? inChromium : inNode)(options);
  console.log(`\n${table}\n`);
  console.log(`Finished in ${((performance.now() - startMs) / 60_000).toFixed(1)} min`);
  if (values.json) {
    // The table has the longest time beside the others.
    const rows = result.rows.map(({ maxMs, ...row }) => row);
    writeFileSync(values.json, `${JSON.stringify({ ...result, rows }, null, 1)}\n`);
  }
  // Dawn keeps Node running.
  process.exit(0);
});

async function inNode(options) {
  // A driver's cache on disk would make the first step of a second run warm.
  process.env.MESA_SHADER_CACHE_DISABLE = 'true';
  const { build } = await import('vite');
  await build({
    root: rootPath,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: 'bench/node.ts',
      outDir: 'dist/bench/node',
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'node.mjs' } },
    },
  });
  const url = pathToFileURL(join(rootPath, 'dist/bench/node/node.mjs')).href;
  const { benchInNode } = await import(url);
  return benchInNode(options, console.log);
}

async function inChromium(options) {
  const executablePath = await ensureChromium();
  const { build, preview } = await import('vite');
  const { chromium } = await import('playwright-core');
  const outDir = join(rootPath, 'dist/bench/page');
  const page = join(rootPath, 'bench');
  await build({
    root: page,
    configFile: false,
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, target: 'esnext', chunkSizeWarningLimit: 9000 },
  });
  const server = await preview({
    root: page,
    configFile: false,
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1' },
  });
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-background-networking',
      '--enable-unsafe-webgpu',
    ],
  });
  try {
    const tab = await browser.newPage();
    tab.on('console', (message) => console.log(message.text()));
    tab.on('pageerror', (error) => console.error(error));
    await tab.goto(`http://127.0.0.1:${server.httpServer.address().port}/`);
    await tab.waitForFunction('globalThis.benchInPage');
    return await tab.evaluate(
      ([chosen, runtime]) => globalThis.benchInPage(chosen, runtime),
      [options, `Chromium ${browser.version()}`],
    );
  } finally {
    await browser.close();
    await server.close();
  }
}
