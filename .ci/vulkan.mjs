// A WebGPU adapter for the tests in Node: the machine's GPU, or Mesa's software driver installed by apt.
import { fileURLToPath } from 'node:url';
import { addBackports, installDebianPackages, readAptSystem } from './apt.mjs';
import { capture, SetupError } from './process.mjs';

const driverPackages = ['mesa-vulkan-drivers', 'libvulkan1'];

/** The newest Debian whose own Mesa is too old for Dawn: its software driver yields no adapter. */
const lastDebianWithOldMesa = 12;

/**
 * Asks Dawn for an adapter, in a child process because a broken driver can take its process down.
 * @returns {string | null} the adapter's description
 */
export function findAdapter() {
  const probePath = fileURLToPath(new URL('probe-adapter.mjs', import.meta.url));
  const { ok, stdout } = capture(process.execPath, [probePath]);
  return ok ? stdout.trim() : null;
}

/**
 * @returns {Promise<string>} the description of the adapter that the tests will run on
 * @throws {SetupError} when there is none and no driver can be installed here
 */
export async function ensureAdapter() {
  const found = findAdapter();
  if (found) return found;
  const system = readAptSystem();
  const suites = system ? driverSuites(system) : [];
  for (const suite of suites) {
    if (suite !== null && !addBackports(system.codename)) continue;
    if (!(await installDebianPackages(driverPackages, suite))) continue;
    const installed = findAdapter();
    if (installed) return installed;
  }
  throw new SetupError(
    '[vulkan] expected a WebGPU adapter for the tests in Node, got none. ' +
      "Install a Vulkan driver: the GPU's own, or Mesa's software driver (Debian and Ubuntu, as root: " +
      `apt-get install ${driverPackages.join(' ')}; on Debian 12 from bookworm-backports).`,
  );
}

/**
 * The suites to try for the driver, in order; null is the release itself.
 * @param {{ id: string, codename: string, versionNumber: number }} system
 */
export function driverSuites({ id, codename, versionNumber }) {
  if (id !== 'debian') return [null];
  const backports = `${codename}-backports`;
  return versionNumber <= lastDebianWithOldMesa ? [backports] : [null, backports];
}
