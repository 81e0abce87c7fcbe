import { describe, expect, it } from "@jest/globals";
import { assignment, mergeConfig, parseConfig, type PlainObject } from "../../src/learning/config.ts";
import { convDqnSchema, dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { loadAlgorithm } from "../../src/learning/algorithms/index.ts";
import { valueAt } from "../../src/learning/schedules.ts";
import { loadConfig, presets, registerPresets } from "../../src/learning/presets/index.ts";

const general = new Set(["dqn", "dsqn", "reinforce", "ppo", "spiking-ppo", "classifier"]);

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

  it.each([
    ["its neuron's own fields", { neuron: "lif", beta: 0.9, fires: "at", steps: 1 }, undefined],
    ["no field of another neuron", { neuron: "lagged-lif", gain: 0.5 }, "network.gain"],
    ["no choice that its neuron does not have", { neuron: "lif", reset: "zero" }, "network.reset"],
    ["no value outside of the neuron's range", { beta: 1.5 }, "network.beta"],
    ["no learning of what its neuron does not have", { neuron: "lagged-lif", learn: ["gain"] }, "network.learn"],
    ["surrogates by name", { surrogate: "triangular", surrogateScale: 2 }, undefined],
    ["no unknown surrogate", { surrogate: "step" }, "network.surrogate"],
    ["a price on spikes", { regulariser: { strength: 0.1 }, detachReset: false, learn: ["beta"] }, undefined],
  ])("a spiking network takes %s", async (_what, network: PlainObject, field) => {
    const { config } = await loadConfig("cartpole-dsqn");
    const parse = () => parseConfig(dqnSchema, mergeConfig(config, { network }), "test");
    if (field === undefined) expect(parse().network).toMatchObject(network);
    else expect(failure(parse)).toMatchObject({ code: "CONFIG_INVALID", facts: { field } });
  });

  it("writes down the chosen neuron's defaults, and parses what it wrote", async () => {
    const { config } = await loadConfig("cartpole-dsqn");
    const lagged = parseConfig(dqnSchema, config, "test");
    expect(lagged.network).toMatchObject({
      neuron: "lagged-lif",
      alpha: 0,
      beta: 1,
      threshold: 1,
      reset: "subtraction",
    });
    const lif = parseConfig(dqnSchema, mergeConfig(config, { network: { neuron: "lif" } }), "test");
    expect(lif.network).toMatchObject({ beta: 1, threshold: 1, resetBy: 1, resetTo: 0, fires: "above" });
    expect(lif.network).not.toHaveProperty("alpha");
    for (const written of [lagged, lif])
      expect(parseConfig(dqnSchema, JSON.parse(JSON.stringify(written)) as PlainObject, "test")).toEqual(written);
  });

  it("reads a target's copies without their kind, as configs over frames had them", async () => {
    const { config } = await loadConfig("breakout-dqn");
    expect(parseConfig(convDqnSchema, config, "test").target).toEqual({ kind: "steps", every: 16_000 });
    const soft = mergeConfig(config, { target: { kind: "soft", tau: 0.01 } });
    expect(parseConfig(convDqnSchema, soft, "test").target).toEqual({ kind: "soft", tau: 0.01 });
  });

  it("takes presets of others, by the same door as its own", async () => {
    registerPresets({ mine: { summary: "mine", load: async () => ({ method: "dqn" }) } });
    expect(await loadConfig("mine")).toEqual({ name: "mine", config: { method: "dqn" } });
    expect(Object.keys(presets)).toContain("mine");
  });

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
