// Everything a fresh clone needs. `node .ci/setup.mjs [packages]`: the packages alone, or what the tests need too.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium, findSwiftshader } from './chromium.mjs';
import { ensurePackages } from './packages.mjs';
import { main } from './process.mjs';
import { ensureAdapter } from './vulkan.mjs';

/**
 * Packages, a GPU adapter for Node and, for tests of the page, a browser.
 * @param {{ needsBrowser: boolean }} options
 * @returns {Promise<Record<string, string>>} what the tests find in their environment
 * @throws {SetupError}
 */
export async function setUpForTests({ needsBrowser }) {
  await ensurePackages();
  console.log(`Tests in Node run on: ${await ensureAdapter()}`);
  if (!needsBrowser) return {};
  const browserPath = await ensureChromium();
  console.log(`Tests of the page run in: ${browserPath}`);
  const swiftshaderPath = findSwiftshader(browserPath);
  return {
    CHROME: browserPath,
    ...(swiftshaderPath ? { SWIFTSHADER_ICD: swiftshaderPath } : {}),
  };
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(async () => {
    if (process.argv[2] === 'packages') await ensurePackages();
    else await setUpForTests({ needsBrowser: true });
  });
}
