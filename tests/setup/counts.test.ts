import { jestCounts, junitCounts, line, sum } from "../../scripts/checks/counts.mjs";

const jest = (counts: Partial<Record<string, number>>) =>
  JSON.stringify({
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    ...counts,
  });
const junit = (attributes: string) =>
  `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" ${attributes}><testcase/></testsuite></testsuites>`;

describe("counts", () => {
  it("are Jest's, with files that could not run as failures", () => {
    const report = jest({
      numPassedTests: 7,
      numFailedTests: 2,
      numRuntimeErrorTestSuites: 1,
      numPendingTests: 3,
      numTodoTests: 1,
    });
    expect(jestCounts(report, 1)).toEqual({ passed: 7, failed: 3, skipped: 4 });
  });

  it("are pytest's, errors being failures", () => {
    expect(junitCounts(junit('errors="1" failures="2" skipped="3" tests="10" time="0.1"'), 1)).toEqual({
      passed: 4,
      failed: 3,
      skipped: 3,
    });
  });

  it("never hide a runner that failed", () => {
    expect(jestCounts(undefined, 1).failed).toBe(1);
    expect(junitCounts(undefined, 2).failed).toBe(1);
    expect(jestCounts(jest({ numPassedTests: 5 }), 1).failed).toBe(1);
    expect(junitCounts(junit('errors="0" failures="0" skipped="0" tests="5"'), 3).failed).toBe(1);
  });

  it("print as one line", () => {
    const total = sum([
      { passed: 1, failed: 0, skipped: 0 },
      { passed: 2, failed: 1, skipped: 0 },
    ]);
    expect(line(total)).toBe("3 passed, 1 failed");
    expect(line({ ...total, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });
});
