// Child processes, locks and errors of the set-up scripts. Imports nothing that `npm ci` has to install.
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder, as a path. */
export const rootPath = fileURLToPath(new URL('..', import.meta.url));

/** The folder of locks and notes that the scripts leave to each other; git ignores it. */
export const notesPath = join(rootPath, '.setup');

/** A failure that the person can mend: printed as one message, without a stack. */
export class SetupError extends Error {}

/**
 * Runs a command with the terminal's own input and output.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env added to this process's environment
 * @returns {number} the exit code; 1 if a signal ended it, 127 if it could not be started
 */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: rootPath,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // Windows has npm only as a .cmd file, which needs a shell.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) return 127;
  return status ?? 1;
}

/**
 * Runs a command and collects what it prints.
 * @returns {{ ok: boolean, stdout: string, stderr: string }} `ok` is false for any exit code but 0
 */
export function capture(command, args, timeoutMs = 60_000) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: rootPath,
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  return { ok: status === 0, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/**
 * Runs `task` while no other process of this checkout is inside the same lock.
 * A lock whose owner has died is taken over.
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} task
 * @returns {Promise<T>}
 */
export async function withLock(name, task) {
  const lockPath = join(notesPath, `${name}.lock`);
  const ownPath = `${lockPath}.${process.pid}`;
  mkdirSync(notesPath, { recursive: true });
  // Written aside and then linked: nobody can ever read a lock that has no owner in it yet.
  writeFileSync(ownPath, String(process.pid));
  try {
    for (let told = false; !tryLink(ownPath, lockPath); told = true) {
      const owner = readOwner(lockPath);
      if (owner !== null && !isAlive(owner)) rmSync(lockPath, { force: true });
      else if (owner !== null && !told) console.log(`Waiting for process ${owner} (${name}) …`);
      await sleep(100 + Math.random() * 100);
    }
  } finally {
    rmSync(ownPath, { force: true });
  }
  try {
    return await task();
  } finally {
    rmSync(lockPath, { force: true });
  }
}

function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(lockPath) {
  try {
    return Number(readFileSync(lockPath, 'utf8'));
  } catch {
    return null;
  }
}

function isAlive(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Runs a script's body; a `SetupError` becomes its message and exit code 1.
 * @param {() => Promise<void>} body
 */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
