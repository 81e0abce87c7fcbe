import { openSimulator } from "../../src/simulators/open.ts";
import { randomNetwork, randomStates } from "../../src/simulators/fuzz.ts";
import { networkHash } from "../../src/simulators/hash.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { renderCertificate } from "../../src/simulators/render.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { convolutionOf, outputsOf } from "../../src/network/layer.ts";
import { type SpikingNetwork, spikingLayers } from "../../src/network/network.ts";
import type { LaggedLif, Lif } from "../../src/network/neurons/index.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { registerSimulators, simulators } from "../../src/simulators/names.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { Random } from "../../src/numeric/random.ts";

describe("simulators by name", () => {
  it("suggests the name that was probably meant", async () => {
    await expect(openSimulator("nets")).rejects.toMatchObject({
      code: "SIMULATOR_UNKNOWN",
      exitCode: 2,
      hint: expect.stringContaining('"nest"'),
    });
  });

  it("says what NEST 2 needs when no interpreter is named", async () => {
    const before = process.env.DSQN_NEST2_PYTHON;
    delete process.env.DSQN_NEST2_PYTHON;
    try {
      await expect(openSimulator("nest2")).rejects.toMatchObject({
        code: "NEST2_PYTHON_MISSING",
        hint: expect.stringContaining("DSQN_NEST2_PYTHON"),
      });
    } finally {
      if (before !== undefined) process.env.DSQN_NEST2_PYTHON = before;
    }
  });

  it("acts in a simulator as the engine does", async () => {
    const network = createSpikingNetwork([3, 10, 2], new Random(1), { steps: 30 });
    const policy = policyOf(network, { engine: await openSimulator("reference") });
    const states = Float32Array.from({ length: 12 }, (_, i) => Math.cos(i));
    expect(policy).toMatchObject({ actions: 2, observationSize: 3 });
    expect([...(await policy.act(states, 4))]).toEqual([...referenceEngine.load(network).run(states).actions]);
    await policy.close?.();
  });
});

describe("a simulator of someone else", () => {
  it("is opened by its name once it is registered, with the settings it is given", async () => {
    const asked: unknown[] = [];
    const open = (settings: unknown) => (asked.push(settings), { ...referenceEngine, name: "mine" });
    registerSimulators({ mine: { summary: "of a test", open } });
    try {
      expect(await openSimulator("mine", { settings: { a: 1 } })).toMatchObject({ name: "mine" });
      expect(asked).toEqual([{ a: 1 }]);
    } finally {
      delete simulators.mine;
    }
    await expect(openSimulator("mine")).rejects.toMatchObject({ code: "SIMULATOR_UNKNOWN" });
  });

  it("is not among those of the library: the thesis's own are beside it", () => {
    expect(Object.keys(simulators).filter((name) => /original|leaky/.test(name))).toEqual([]);
  });
});

describe("what every simulator refuses", () => {
  it.each(["spinnaker-twin"])("%s: networks without spikes, and what it doesn't keep", async (name) => {
    const simulator = await openSimulator(name);
    await expect((async () => simulator.load(createDenseNetwork([3, 2], new Random(0))))()).rejects.toMatchObject({
      code: "SIMULATOR_NEEDS_SPIKES",
    });
    const loaded = await simulator.load(createSpikingNetwork([3, 4, 2], new Random(0), { steps: 5 }));
    for (const [values, options, code] of [
      [new Float32Array(4), {}, "OBSERVATION_MISMATCH"],
      [Float32Array.of(1, NaN, 0), {}, "OBSERVATION_NOT_FINITE"],
      [new Float32Array(3), { steps: 0 }, "BAD_STEPS"],
      [new Float32Array(3), { recordPotentials: true }, "BAD_ARGUMENT"],
    ] as const)
      await expect((async () => loaded.run(values, options))()).rejects.toMatchObject({ code });
  });
});

const lagged = (n: SpikingNetwork): LaggedLif => n.layers[0].activation as LaggedLif;

describe("random networks", () => {
  const networks = Array.from({ length: 200 }, (_, i) => randomNetwork(i, { seed: 3 }));

  it("repeat from the seed", () => {
    expect(networkHash(randomNetwork(7, { seed: 3 }))).toBe(networkHash(networks[7]));
    expect(networkHash(randomNetwork(7, { seed: 4 }))).not.toBe(networkHash(networks[7]));
    expect(randomStates(networks[7], 7, 2, { seed: 3 })).toEqual(randomStates(networks[7], 7, 2, { seed: 3 }));
  });

  it("use every option", () => {
    const seen = (pick: (n: (typeof networks)[number]) => unknown): number => new Set(networks.map(pick)).size;
    expect(seen((n) => n.coding.encoding)).toBe(4);
    expect(seen((n) => n.coding.decoding)).toBe(4);
    expect(seen((n) => n.coding.ties)).toBe(3);
    expect(seen((n) => lagged(n).reset)).toBe(2);
    expect(seen((n) => n.layers.length)).toBe(3);
    for (const flag of [
      (n: (typeof networks)[number]) => n.coding.biasInput,
      (n: (typeof networks)[number]) => n.coding.signedInputs,
    ])
      expect(seen(flag)).toBe(2);
    expect(Math.max(...networks.map((n) => n.coding.steps))).toBeGreaterThan(900);
    expect(Math.max(...networks.flatMap((n) => n.layers.map(outputsOf)))).toBeGreaterThan(120);
    expect(networks.some((n) => lagged(n).initial?.some((v) => v > lagged(n).threshold))).toBe(true);
    expect(networks.every((n) => lagged(n).alpha === 0 && lagged(n).beta === 1)).toBe(true);
  });

  it("of lif use every field, with one value for all and one for each", () => {
    const neurons = Array.from({ length: 200 }, (_, i) =>
      randomNetwork(i, { seed: 3, neuron: "lif", leaky: i % 2 > 0 }),
    )
      .flatMap((n) => n.layers)
      .map(({ activation }) => activation as Lif);
    expect(new Set(neurons.map(({ kind, fires, reset }) => `${kind} ${fires} ${reset}`)).size).toBe(4);
    for (const name of ["beta", "threshold", "resetBy", "resetTo"] as const)
      expect(new Set(neurons.map((neuron) => typeof neuron[name])).size).toBe(2);
    const lowest = neurons.map(({ threshold }) => (typeof threshold === "number" ? threshold : Math.min(...threshold)));
    expect(lowest.some((threshold) => threshold <= 0)).toBe(true);
    neurons.forEach(({ reset, resetTo }, k) => {
      const highest = typeof resetTo === "number" ? resetTo : Math.max(...resetTo);
      if (reset === "value") expect(highest).toBeLessThan(lowest[k]);
    });
  });

  it("begin with convolutions when asked to", () => {
    const convolutional = Array.from({ length: 20 }, (_, i) => randomNetwork(i, { seed: 3, convolution: true }));
    expect(convolutional.every((n) => convolutionOf(n.layers[0]) && n.input.length === 3)).toBe(true);
  });

  it("leak when asked to", () => {
    const leaky = Array.from({ length: 40 }, (_, i) => randomNetwork(i, { seed: 3, leaky: true }));
    expect(leaky.every((n) => lagged(n).beta < 1)).toBe(true);
    expect(leaky.some((n) => lagged(n).alpha > 0)).toBe(true);
  });
});

describe("certificates of our own engine", () => {
  it("certify the engine against itself, and fail a twin that is not the same network", async () => {
    const subjects = Array.from({ length: 6 }, (_, i) => {
      const drawn = randomNetwork(i, { seed: 0, steps: 40 });
      const network: SpikingNetwork = {
        ...drawn,
        coding: { ...drawn.coding, decoding: "potential", encoding: "constant" },
      };
      return { name: `r${i}`, network, inputs: randomStates(network, i, 3, { seed: 0 }), source: "random" as const };
    });
    const same = await certifyNetworks(subjects, 6, {
      simulator: await openSimulator("reference"),
      engine: referenceEngine,
    });
    expect(same).toMatchObject({
      networks: 6,
      states: 18,
      steps: 40,
      mismatchedBins: 0,
      maxPotentialError: 0,
      actionsEqual: 1,
      passed: true,
    });
    expect(same.bins).toBe(
      subjects.reduce(
        (sum, { network }) =>
          sum + 3 * 40 * network.layers.slice(0, spikingLayers(network)).reduce((n, l) => n + outputsOf(l), 0),
        0,
      ),
    );
    const other = await certifyNetworks(subjects, 6, {
      simulator: await openSimulator("spinnaker-twin"),
      engine: referenceEngine,
    });
    expect(other.passed).toBe(false);
    expect(other.mismatchedBins).toBeGreaterThan(0);
    const failing = other.results.find((result) => result.firstMismatch)!;
    expect(failing.firstMismatch!.reason).toMatch(/threshold/);
    expect(renderCertificate(other)).toContain("NOT the same network");
    expect(JSON.parse(JSON.stringify(other))).toMatchObject({ format: 2, mapping: { name: "spinnaker" } });
  });
});
