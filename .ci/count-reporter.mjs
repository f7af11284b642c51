// Vitest reporter: leaves the counts of a run in the file that TEST_COUNTS_FILE names, for `.ci/test.mjs`.
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  /**
   * A file that cannot be loaded and an error outside every test count as one failure each.
   * @param {ReadonlyArray<import('vitest/node').TestModule>} testModules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, ops: 0, opCases: 0 };
    for (const testModule of testModules) {
      let failedInModule = 0;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        // Left by src/ops/testOp.ts.
        const { op } = test.meta();
        if (state === 'passed' && op) {
          counts.ops++;
          counts.opCases += op.cases;
        }
        if (state === 'passed') counts.passed++;
        else if (state === 'skipped') counts.skipped++;
        // A test that is still pending at the end was cut off, so it has not passed.
        else failedInModule++;
      }
      if (failedInModule === 0 && testModule.state() === 'failed') failedInModule = 1;
      counts.failed += failedInModule;
    }
    writeFileSync(process.env.TEST_COUNTS_FILE, JSON.stringify(counts));
  }
}
