import { calibrateExit, decideEarly } from "../../src/learning/early-exit.ts";

// Two states, four steps, two actions: the first is clear from step 2 on, the second changes its mind at the end.
const trajectory = Float64Array.of(0, 0, 3, 0, 6, 0, 9, 0, /**/ 0, 0, 1, 0, 1, 0, 0, 1);

describe("decideEarly", () => {
  it("stops at the margin, else after the last step", () => {
    const { actions, steps } = decideEarly(trajectory, 4, 2, { margin: 3, minSteps: 1 });
    expect(Array.from(steps)).toEqual([2, 4]);
    expect(Array.from(actions)).toEqual([0, 1]);
  });

  it("never stops before minSteps", () => {
    expect(Array.from(decideEarly(trajectory, 4, 2, { margin: 0, minSteps: 3 }).steps)).toEqual([3, 3]);
  });
});

describe("calibrateExit", () => {
  it("finds the smallest margin that keeps the agreement", () => {
    const strict = calibrateExit(trajectory, 4, 2, { agreement: 1, minSteps: 2 });
    expect(strict.agreement).toBe(1);
    expect(strict.rule.margin).toBeGreaterThan(1);
    expect(strict.rule.margin).toBeLessThan(1.001);
    expect(strict.meanSteps).toBe(3);
    const loose = calibrateExit(trajectory, 4, 2, { agreement: 0.5, minSteps: 2 });
    expect(loose.meanSteps).toBe(2);
    expect(loose.agreement).toBe(0.5);
  });
});
