import { balancedConversion, convert } from "../../src/conversion/convert.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { calibrateExit, decideEarly, earlyExitPolicy, exitRule } from "../../src/learning/early-exit.ts";
import { dense, states } from "../conversion/close-race.ts";

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

describe("earlyExitPolicy", () => {
  const { network } = convert(dense, states, balancedConversion);
  const calibration = states.subarray(0, 3 * 500);

  it("decides as after all steps as often as it was asked to, in fewer steps", () => {
    const rule = exitRule(fastEngine(), network, calibration, 0.98);
    expect(rule.minSteps).toBe(6); // three layers of two steps
    const policy = earlyExitPolicy(fastEngine(), network, rule);
    const early = policy.act(calibration, 500) as Int32Array;
    const { actions } = fastEngine().load(network).run(calibration);
    const equal = early.reduce((sum, action, k) => sum + Number(action === actions[k]), 0);
    expect(equal).toBeGreaterThanOrEqual(0.98 * 500);
    expect(policy.meanSteps()).toBeGreaterThan(6);
    expect(policy.meanSteps()).toBeLessThan(60);
  });

  it("reads potentials, no spikes", () => {
    const spikes = { ...network, coding: { ...network.coding, decoding: "spikes" as const } };
    expect(() => exitRule(fastEngine(), spikes, calibration, 0.98)).toThrow(
      expect.objectContaining({ code: "DECODING_UNSUPPORTED" }),
    );
  });
});
