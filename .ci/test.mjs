// `npm test [-- VITEST ARGS]`: sets up, builds the studio, runs the tests; the last line counts them.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { notesPath, rootPath, run, SetupError } from './process.mjs';
import { setUpForTests } from './setup.mjs';

const vitestArgs = process.argv.slice(2);
const countsPath = join(notesPath, `test-counts-${process.pid}.json`);

process.exitCode = await runTests();

/** @returns {Promise<number>} the exit code; the last line is printed in every case */
async function runTests() {
  let counts = { passed: 0, failed: 1, skipped: 0, ops: 0, opCases: 0 };
  let code = 1;
  try {
    const needsPage = mayReachPageTests(vitestArgs);
    const env = await setUpForTests({ needsBrowser: needsPage });
    if (needsPage) buildStudio();
    code = runVitest(env);
    if (existsSync(countsPath)) counts = JSON.parse(readFileSync(countsPath, 'utf8'));
  } catch (error) {
    console.error(`\n${error instanceof SetupError ? error.message : error.stack}`);
  } finally {
    rmSync(countsPath, { force: true });
  }
  if (counts.passed + counts.failed === 0) {
    console.error('\n[test] expected at least one test to run, got none. Check the file filter.');
    code = 1;
  }
  if (code === 0 && counts.failed > 0) code = 1;
  console.log(
    `Op proofs passed: ${counts.ops}, with ${counts.opCases} random cases on cpu, gpu and by central differences`,
  );
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  return code;
}

/** False only when every file filter names a folder without page tests. */
function mayReachPageTests(args) {
  const filters = args.filter((arg) => !arg.startsWith('-'));
  return filters.length === 0 || !filters.every((filter) => /^(src|bench|\.ci)\b/.test(filter));
}

function buildStudio() {
  const code = run(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel=warn']);
  if (code !== 0) {
    throw new SetupError(
      `[build] expected vite build to succeed, got exit code ${code}. Its message is above.`,
    );
  }
}

function runVitest(env) {
  mkdirSync(notesPath, { recursive: true });
  const reporters = ['default', join(rootPath, '.ci', 'count-reporter.mjs')];
  return run(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...reporters.map((reporter) => `--reporter=${reporter}`),
      ...vitestArgs,
    ],
    { ...env, TEST_COUNTS_FILE: countsPath },
  );
}
