// Serves the built studio and opens it in a real Chromium: shared by the page tests.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHOTS = fileURLToPath(new URL('../.setup/screenshots/', import.meta.url));

/** Software WebGPU; the rest keeps the browser off the network and inside a container. */
const WEBGPU_ARGS = ['--enable-unsafe-webgpu'];
const COMMON_ARGS = ['--headless=new', '--no-sandbox', '--disable-background-networking'];

export interface Studio {
  page: Page;
  /** Problems the page has told so far: script errors and errors on the console. */
  problems: string[];
  /** As a driver that fails: the browser starts another GPU process. */
  crashGpu(): Promise<void>;
  close(): Promise<void>;
}

let server: PreviewServer | undefined;

/** @throws when dist/ is missing: these tests drive what people get */
export async function serveStudio(): Promise<string> {
  if (!existsSync(`${ROOT}dist/index.html`)) {
    throw new Error('[e2e] expected the built studio in dist/, got none: run npm run build');
  }
  server ??= await preview({
    root: ROOT,
    logLevel: 'error',
    preview: { port: 0, host: '127.0.0.1' },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('[e2e] no port');
  return `http://127.0.0.1:${address.port}/`;
}

export async function stopServing(): Promise<void> {
  await server?.close();
  server = undefined;
}

export async function openStudio(
  options: { hasWebGpu?: boolean; colorScheme?: 'light' | 'dark'; width?: number } = {},
): Promise<Studio> {
  const { hasWebGpu = true, colorScheme = 'light', width = 1440 } = options;
  const address = await serveStudio();
  const browser: Browser = await chromium.launch({
    executablePath: browserPath(),
    args: [...COMMON_ARGS, ...(hasWebGpu ? WEBGPU_ARGS : [])],
  });
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 960 } });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  // A machine that is busy with other work may take its time.
  await page.goto(address, { timeout: 120_000 });
  const crashGpu = async () => {
    const session = await browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess');
    await session.detach();
  };
  return { page, problems, crashGpu, close: () => browser.close() };
}

/** CHROME, which `npm test` sets, or a chromium on the PATH. */
function browserPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = [process.env.CHROME, ...folders.map((folder) => join(folder, 'chromium'))].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (!found) throw new Error('[e2e] expected a chromium, got none: set CHROME to its path');
  return found;
}

/** A picture of the whole page for people to look at. */
export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png`, fullPage: true });
}

/** The number shown under a label of the progress or latency readouts. */
export async function readout(page: Page, label: string): Promise<string> {
  return (await page.locator(`[data-readout="${label}"]`).first().innerText()).trim();
}

export interface DroppedFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** As a person drops them: through the drop zone's own event. */
export async function dropFiles(page: Page, files: string | DroppedFile[]): Promise<void> {
  const zone = page.getByRole('region', { name: 'Add recordings' });
  await page.evaluate(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.id = 'dropped';
    document.body.append(input);
  });
  await page.locator('#dropped').setInputFiles(files);
  await zone.evaluate((element) => {
    const input = document.querySelector<HTMLInputElement>('#dropped')!;
    const dataTransfer = new DataTransfer();
    for (const file of input.files!) dataTransfer.items.add(file);
    input.remove();
    element.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
}
