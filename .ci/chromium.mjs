// The Chromium that drives the page tests: found, or installed where apt can.
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installDebianPackages, readAptSystem } from './apt.mjs';
import { capture, SetupError } from './process.mjs';

const pathNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const usualPaths = {
  darwin: ['Google Chrome', 'Chromium', 'Google Chrome for Testing'].flatMap((name) =>
    ['/', process.env.HOME ?? '/'].map((home) =>
      join(home, 'Applications', `${name}.app`, 'Contents', 'MacOS', name),
    ),
  ),
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) =>
    ['Google\\Chrome', 'Chromium'].map((folder) =>
      join(process.env[name] ?? '', folder, 'Application', 'chrome.exe'),
    ),
  ),
};

/** @returns {string | null} path of a Chromium or Chrome on this machine */
export function findChromium() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    process.env.CHROME,
    process.env.CHROMIUM,
    ...pathNames.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...(usualPaths[process.platform] ?? []),
  ];
  return candidates.find((path) => path && isBrowser(path)) ?? null;
}

function isBrowser(path) {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return false;
  }
  // Ubuntu ships a `chromium-browser` that only says how to get one; on other systems asking opens a window.
  return process.platform !== 'linux' || capture(path, ['--version', '--no-sandbox']).ok;
}

/**
 * @returns {Promise<string>} path of the browser
 * @throws {SetupError} when there is none and it cannot be installed here
 */
export async function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (readAptSystem() && (await installDebianPackages(['chromium']))) {
    const installed = findChromium();
    if (installed) return installed;
  }
  throw new SetupError(
    '[chromium] expected a Chrome or Chromium for the page tests, got none. ' +
      'Install one (Debian: apt-get install chromium as root; Ubuntu, macOS, Windows: Google Chrome), ' +
      'or set CHROME to the path of its program.',
  );
}

/** @returns {string | null} path of the SwiftShader driver file that came with the browser */
export function findSwiftshader(browserPath) {
  const folders = [
    dirname(realpathSync(browserPath)),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/opt/google/chrome',
  ];
  const paths = folders.map((folder) => join(folder, 'vk_swiftshader_icd.json'));
  return paths.find((path) => existsSync(path)) ?? null;
}
