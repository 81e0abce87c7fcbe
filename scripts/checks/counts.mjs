// What test runners report, in one shape.

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * Of Jest's --json report. A file that could not even run counts as one failure; so does a runner that failed without one.
 *
 * @param {string | undefined} report
 * @param {number} exitCode
 * @returns {Counts}
 */
export function jestCounts(report, exitCode) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const json = JSON.parse(report);
  const failed = json.numFailedTests + json.numRuntimeErrorTestSuites;
  return {
    passed: json.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: json.numPendingTests + json.numTodoTests,
  };
}

/**
 * Of pytest's JUnit report. Exit code 5 means that there are no tests.
 *
 * @param {string | undefined} report
 * @param {number} exitCode
 * @returns {Counts}
 */
export function junitCounts(report, exitCode) {
  const suite = report === undefined ? undefined : /<testsuite [^>]*>/.exec(report)?.[0];
  if (suite === undefined) return { passed: 0, failed: exitCode === 5 ? 0 : 1, skipped: 0 };
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count("errors") + count("failures");
  return {
    passed: Math.max(0, count("tests") - failed - count("skipped")),
    failed: failed === 0 && exitCode !== 0 && exitCode !== 5 ? 1 : failed,
    skipped: count("skipped"),
  };
}

/** @param {readonly Counts[]} all @returns {Counts} */
export function sum(all) {
  const add = (key) => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: add("passed"), failed: add("failed"), skipped: add("skipped") };
}

/** @param {Counts} counts */
export function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
