// The npm packages of the lock file, installed when they are missing or older than it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootPath, run, SetupError, withLock } from './process.mjs';

const modulesPath = join(rootPath, 'node_modules');
const lockFilePath = join(rootPath, 'package-lock.json');
/** npm writes this file last, so it is there only after an install that was not interrupted. */
const installedPath = join(modulesPath, '.package-lock.json');
const stampPath = join(modulesPath, '.realm-studio-lock-sha256');

/**
 * Makes `node_modules` agree with `package-lock.json`; until then nothing but `node:` may be imported.
 * @throws {SetupError} for an old Node or a failing `npm ci`
 */
export async function ensurePackages() {
  checkNodeVersion(process.versions.node);
  if (arePackagesCurrent()) return;
  await withLock('packages', () => {
    // Another process may have installed them while this one waited.
    if (arePackagesCurrent()) return;
    console.log('Installing the packages of package-lock.json …');
    const code = run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
    if (code !== 0) {
      throw new SetupError(
        `[packages] expected npm ci to succeed, got exit code ${code}. ` +
          'Its own message is above; check the network and the registry that npm is configured for.',
      );
    }
    writeFileSync(stampPath, lockFileHash());
  });
}

function arePackagesCurrent() {
  if (!existsSync(installedPath)) return false;
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === lockFileHash()) return true;
  // Installed by hand: what it was installed from is unknown, but it came after the lock file.
  if (statSync(installedPath).mtimeMs < statSync(lockFilePath).mtimeMs) return false;
  writeFileSync(stampPath, lockFileHash());
  return true;
}

function lockFileHash() {
  return createHash('sha256').update(readFileSync(lockFilePath)).digest('hex');
}

/**
 * @param {string} version such as `22.12.0`
 * @throws {SetupError} when Vite does not run on it
 */
export function checkNodeVersion(version) {
  const [major, minor] = version.split('.').map(Number);
  const isOk = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (isOk) return;
  throw new SetupError(
    `[node] expected version 20.19 or newer (of 22: 22.12 or newer), got ${version}. ` +
      'Install a current Node.js and run the command again.',
  );
}
