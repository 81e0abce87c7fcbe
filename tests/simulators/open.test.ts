import { openSimulator } from "../../src/simulators/open.ts";
import { simulatorPolicy } from "../../src/simulators/policy.ts";
import { randomNetwork, randomStates } from "../../src/simulators/fuzz.ts";
import { networkHash } from "../../src/simulators/hash.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { renderCertificate } from "../../src/simulators/render.ts";
import { createSpikingNetwork, spikingLayers } from "../../src/network/old/spiking-network.ts";
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
    const policy = await simulatorPolicy(await openSimulator("reference"), network);
    const states = Float32Array.from({ length: 12 }, (_, i) => Math.cos(i));
    expect(policy).toMatchObject({ actions: 2, observationSize: 3 });
    expect([...(await policy.act(states, 4))]).toEqual([...referenceEngine.run(network, states).actions]);
    await policy.close();
  });
});

describe("random networks", () => {
  const networks = Array.from({ length: 200 }, (_, i) => randomNetwork(i, { seed: 3 }));

  it("repeat from the seed", () => {
    expect(networkHash(randomNetwork(7, { seed: 3 }))).toBe(networkHash(networks[7]));
    expect(networkHash(randomNetwork(7, { seed: 4 }))).not.toBe(networkHash(networks[7]));
    expect(randomStates(networks[7], 7, 2, { seed: 3 })).toEqual(randomStates(networks[7], 7, 2, { seed: 3 }));
  });

  it("use every option", () => {
    const seen = (pick: (n: (typeof networks)[number]) => unknown): number => new Set(networks.map(pick)).size;
    expect(seen((n) => n.encoding)).toBe(4);
    expect(seen((n) => n.decoding)).toBe(4);
    expect(seen((n) => n.ties)).toBe(3);
    expect(seen((n) => n.layers[0].reset)).toBe(2);
    expect(seen((n) => n.layers.length)).toBe(3);
    for (const flag of [
      (n: (typeof networks)[number]) => n.biasInput,
      (n: (typeof networks)[number]) => n.signedInputs,
    ])
      expect(seen(flag)).toBe(2);
    expect(Math.max(...networks.map((n) => n.steps))).toBeGreaterThan(900);
    expect(Math.max(...networks.flatMap((n) => n.layers.map((l) => l.outputs)))).toBeGreaterThan(120);
    expect(networks.some((n) => n.layers[0].initialPotential?.some((v) => v > n.layers[0].threshold))).toBe(true);
    expect(networks.every((n) => n.layers[0].alpha === 0 && n.layers[0].beta === 1)).toBe(true);
  });

  it("leak when asked to", () => {
    const leaky = Array.from({ length: 40 }, (_, i) => randomNetwork(i, { seed: 3, leaky: true }));
    expect(leaky.every((n) => n.layers[0].beta < 1)).toBe(true);
    expect(leaky.some((n) => n.layers[0].alpha > 0)).toBe(true);
  });
});

describe("certificates of our own engine", () => {
  it("certify the engine against itself, and fail a twin that is not the same network", async () => {
    const subjects = Array.from({ length: 6 }, (_, i) => {
      const network = {
        ...randomNetwork(i, { seed: 0, steps: 40 }),
        decoding: "potential" as const,
        encoding: "constant" as const,
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
          sum + 3 * 40 * network.layers.slice(0, spikingLayers(network)).reduce((n, l) => n + l.outputs, 0),
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
    expect(JSON.parse(JSON.stringify(other))).toMatchObject({ format: 1, mapping: { name: "spinnaker" } });
  });
});
