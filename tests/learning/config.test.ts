import { describe, expect, it } from "@jest/globals";
import { assignment, mergeConfig, parseConfig, type PlainObject } from "../../src/learning/config.ts";
import { dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { loadAlgorithm } from "../../src/learning/algorithms/index.ts";
import { valueAt } from "../../src/learning/schedules.ts";
import { loadConfig, presets } from "../../src/learning/presets/index.ts";

const general = new Set(["dqn", "dsqn", "reinforce", "classifier"]);

const failure = (action: () => unknown): Record<string, unknown> => {
  try {
    action();
  } catch (error) {
    return (error as { toJSON(): Record<string, unknown> }).toJSON();
  }
  throw new Error("nothing was thrown");
};

describe("presets", () => {
  it.each(Object.keys(presets))("%s is a valid config of its method", async (name) => {
    const { config } = await loadConfig(name);
    const algorithm = await loadAlgorithm(config.method, name);
    // General presets name no environment, and no model to learn from.
    const named = general.has(name) ? { environment: { id: "Acrobot-v1" } } : {};
    const whole = { ...mergeConfig(config, named), ...(name === "classifier" && { source: "a.safetensors" }) };
    expect(() => parseConfig(algorithm.schema, whole, name)).not.toThrow();
  });

  it("names the nearest preset", async () => {
    await expect(loadConfig("cartpole-dqm")).rejects.toMatchObject({
      code: "PRESET_UNKNOWN",
      exitCode: 2,
      hint: expect.stringContaining('"cartpole-dqn"'),
    });
  });
});

describe("config", () => {
  it.each([
    [{ gama: 0.9 }, "gama", "gamma"],
    [{ replay: { capcity: 10 } }, "replay.capcity", "replay.capacity"],
    [{ optimizer: { learnigRate: 1 } }, "optimizer.learnigRate", "optimizer.learningRate"],
    [{ network: { hiden: [3] } }, "network.hiden", "network.hidden"],
  ])("%j: names the field and the nearest one", async (changes: PlainObject, field, meant) => {
    const { config } = await loadConfig("cartpole-dqn");
    const error = failure(() => parseConfig(dqnSchema, mergeConfig(config, changes), "test"));
    expect(error).toMatchObject({
      code: "CONFIG_INVALID",
      message: `There is no field "${field}" in test.`,
      hint: expect.stringContaining(`"${meant}"`),
    });
  });

  it.each([
    [{ gamma: 1.5 }, "gamma"],
    [{ batchSize: 0 }, "batchSize"],
    [{ seed: -1 }, "seed"],
    [{ replay: { capacity: 50 } }, "replay.capacity"],
    [{ network: { kind: "spiking", hidden: [4] } }, "network.kind"],
    [{ scaling: { center: [0], scale: [1, 2] } }, "scaling"],
  ])("%j is out of range", async (changes: PlainObject, field) => {
    const { config } = await loadConfig("cartpole-dqn");
    expect(failure(() => parseConfig(dqnSchema, mergeConfig(config, changes), "test"))).toMatchObject({
      code: "CONFIG_INVALID",
      facts: { field },
    });
  });

  // In the sixth step the observation first reaches the outputs of three layers of weights (docs/dynamics.md).
  it.each(["cartpole-dsqn", "cartpole-snn-classifier"])(
    "%s with too few steps for a spike to arrive is refused",
    async (name) => {
      const { config } = await loadConfig(name);
      const { schema } = await loadAlgorithm(config.method, name);
      const parse = (steps: number) =>
        parseConfig(schema, mergeConfig(config, { network: { hidden: [8, 8], steps } }), "test");
      expect(() => parse(6)).not.toThrow();
      expect(failure(() => parse(5))).toMatchObject({ code: "CONFIG_INVALID", facts: { field: "network.steps" } });
    },
  );

  it("lays changes over a preset field by field, and replaces an object of another kind whole", () => {
    const base = { a: { x: 1, y: 2 }, epsilon: { kind: "linear", start: 1, steps: 5 }, list: [1, 2] };
    expect(mergeConfig(base, { a: { y: 3 }, epsilon: { kind: "constant", value: 0 }, list: [9] })).toEqual({
      a: { x: 1, y: 3 },
      epsilon: { kind: "constant", value: 0 },
      list: [9],
    });
  });

  it("reads assignments", () => {
    expect(assignment("replay.capacity=100")).toEqual({ replay: { capacity: 100 } });
    expect(assignment("network.hidden=[8,8]")).toEqual({ network: { hidden: [8, 8] } });
    expect(assignment("loss=huber")).toEqual({ loss: "huber" });
    expect(failure(() => assignment("nothing"))).toMatchObject({ code: "BAD_ARGUMENT" });
  });
});

describe("schedules", () => {
  it("linear, exponential and constant, at both ends and between", () => {
    const linear = { kind: "linear", start: 1, end: 0.5, steps: 10 } as const;
    expect([0, 5, 10, 99].map((t) => valueAt(linear, t))).toEqual([1, 0.75, 0.5, 0.5]);
    const exponential = { kind: "exponential", start: 1, end: 0.05, decay: 0.999 } as const;
    // The original's: 0.05 after about 2995 steps.
    expect(valueAt(exponential, 2990)).toBeGreaterThan(0.05);
    expect(valueAt(exponential, 2995)).toBe(0.05);
    expect(valueAt({ kind: "constant", value: 3 }, 7)).toBe(3);
  });
});
