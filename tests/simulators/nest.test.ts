// tier: python
import { execa } from "execa";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { saveModel } from "../../src/network/file/model.ts";
import { ensurePython } from "../../src/setup/python-environment.ts";
import { Random } from "../../src/numeric/random.ts";
import { writeScript } from "../../src/simulators/export/script.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { randomNetwork, randomStates } from "../../src/simulators/fuzz.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import type { Engine } from "../../src/network/engine.ts";
import { convolutionOf, type Layer } from "../../src/network/layer.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { neuron, type NeuronKind } from "../../src/network/neurons/index.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";

// These need the managed environment with NEST 3, which the set-up makes.
let nest: Engine;
let folder: string;
beforeAll(async () => {
  nest = await openSimulator("nest");
  folder = await mkdtemp(join(tmpdir(), "dsqn-nest-"));
}, 240_000);
afterAll(async () => {
  await nest.close();
  await rm(folder, { recursive: true, force: true });
});

/** Max pooling over single values in front of layer 1, which changes nothing. */
function pooled(network: SpikingNetwork): SpikingNetwork {
  const { output } = convolutionOf(network.layers[0])!;
  const window = { kernel: [1, 1], strides: [1, 1], padding: [0, 0], input: output, output } as const;
  const pool = <L extends Layer>(layer: L): L => ({ ...layer, pooling: { kind: "max", window } });
  return { ...network, layers: network.layers.map((layer, l) => (l === 1 ? pool(layer) : layer)) };
}

function* subjects(count: number, leaky: boolean, kind?: NeuronKind) {
  for (let i = 0; i < count; i++) {
    const everyOption = kind === "lif";
    const options = { seed: 11, neuron: kind, leaky, everyOption, steps: leaky ? undefined : 20 + 13 * i };
    const network = randomNetwork(i, options);
    yield { name: `random ${i}`, network, inputs: randomStates(network, i, 3, options), source: "random" as const };
  }
}

describe("NEST 3", () => {
  it("spikes as our engine does, and every potential is equal to the last bit: random networks of all options", async () => {
    const certificate = await certifyNetworks(subjects(40, false), 40, { simulator: nest, engine: referenceEngine });
    expect(certificate).toMatchObject({
      networks: 40,
      mismatchedBins: 0,
      maxPotentialError: 0,
      actionsEqual: 1,
      passed: true,
    });
    expect(certificate.version).toMatch(/^3\./);
    expect(certificate.spikes).toBeGreaterThan(100_000);
    expect(certificate.nearTies).toBeGreaterThan(100); // a quarter of them are full of ties
  }, 240_000);

  it("spikes likewise with synaptic currents and reset by subtraction, as gif_psc_exp", async () => {
    const network = createSpikingNetwork([4, 24, 24, 3], new Random(5), {
      neuron: neuron("lagged-lif", { alpha: 0.6, beta: 0.9 }),
      steps: 80,
      weightScale: 2,
    });
    const inputs = Float32Array.from({ length: 4 * 6 }, (_, i) => 2 * Math.sin(i));
    const subject = { name: "currents", network, inputs, source: "random" as const };
    const certificate = await certifyNetworks([subject], 1, { simulator: nest, engine: referenceEngine });
    expect(certificate).toMatchObject({ mismatchedBins: 0, actionsEqual: 1, passed: true });
    expect(certificate.mapping.layers.map(({ model }) => model)).toEqual(["gif_psc_exp", "gif_psc_exp", "iaf_psc_exp"]);
    expect(certificate.spikes).toBeGreaterThan(1000);
  });

  it("spikes likewise with leak and synaptic currents, potentials within 1e-12", async () => {
    const certificate = await certifyNetworks(subjects(20, true), 20, { simulator: nest, engine: referenceEngine });
    expect(certificate).toMatchObject({ mismatchedBins: 0, actionsEqual: 1, passed: true, potentialTolerance: 1e-12 });
    expect(certificate.maxPotentialError).toBeLessThanOrEqual(1e-12);
  }, 240_000);

  it("spikes as lif does, and every potential is equal to the last bit: random networks of all its fields", async () => {
    const options = { simulator: nest, engine: referenceEngine };
    const certificate = await certifyNetworks(subjects(40, false, "lif"), 40, options);
    expect(certificate).toMatchObject({
      neuron: "lif",
      mismatchedBins: 0,
      maxPotentialError: 0,
      potentialTolerance: 0,
    });
    expect(certificate).toMatchObject({ actionsEqual: 1, passed: true });
    expect(certificate.spikes).toBeGreaterThan(100_000);
    expect(certificate.nearTies).toBeGreaterThan(100);
    const entering = await certifyNetworks(subjects(6, false, "lif"), 6, { ...options, generators: true });
    expect(entering).toMatchObject({ mismatchedBins: 0, maxPotentialError: 0, passed: true });
  }, 240_000);

  it("spikes likewise with leak, potentials within 1e-12", async () => {
    const options = { simulator: nest, engine: referenceEngine };
    const certificate = await certifyNetworks(subjects(20, true, "lif"), 20, options);
    expect(certificate).toMatchObject({ mismatchedBins: 0, actionsEqual: 1, passed: true, potentialTolerance: 1e-12 });
    expect(certificate.maxPotentialError).toBeLessThanOrEqual(1e-12);
  }, 240_000);

  it("multiplies observations with the first weights itself when they enter through generators", async () => {
    const certificate = await certifyNetworks(subjects(6, false), 6, {
      simulator: nest,
      engine: referenceEngine,
      generators: true,
    });
    expect(certificate).toMatchObject({ mismatchedBins: 0, maxPotentialError: 0, passed: true });
  });

  it("keeps no spikes where none are asked for, and decides the same", async () => {
    for (const decoding of ["potential", "spikes"] as const) {
      const network = createSpikingNetwork([4, 24, 24, 3], new Random(5), { steps: 40, decoding });
      const states = Float32Array.from({ length: 4 * 9 }, (_, i) => 2 * Math.sin(i));
      const ours = referenceEngine.load(network).run(states, { recordSpikes: true });
      const loaded = await nest.load(network);
      const [kept, dropped] = [await loaded.run(states, { recordSpikes: true }), await loaded.run(states)];
      await loaded.close();
      expect(kept.spikes![0].step.length).toBeGreaterThan(100);
      expect(kept.spikes).toEqual(ours.spikes);
      expect(kept.spikeCounts).toEqual(ours.spikeCounts);
      expect(dropped.spikes).toBeUndefined();
      expect(dropped.outputs).toEqual(kept.outputs);
      expect([...dropped.actions]).toEqual([...ours.actions]);
    }
  });

  it("names its mapping: models, ties, delays", async () => {
    const mapping = await nest.describe(createSpikingNetwork([4, 8, 2], new Random(0), { steps: 10 }));
    expect(mapping).toMatchObject({ exact: true, step: 1, resolution: 1 });
    expect(mapping.layers.map(({ model, delay }) => [model, delay])).toEqual([
      ["eprop_iaf", 2],
      ["iaf_psc_delta", 2],
    ]);
    expect(mapping.layers[0].parameters.V_th).toBe(1 + Number.EPSILON);
  });

  it("builds convolutions from their kernels, exactly", async () => {
    const convolutions = function* (count: number, leaky: boolean) {
      for (let i = 0; i < count; i++) {
        const options = { seed: 12, leaky, convolution: true, steps: 40 };
        const network = randomNetwork(i, options);
        expect(convolutionOf(network.layers[0])).toBeDefined();
        yield { name: `${i}`, network, inputs: randomStates(network, i, 2, options), source: "random" as const };
      }
    };
    const options = { simulator: nest, engine: referenceEngine };
    const exact = await certifyNetworks(convolutions(10, false), 10, options);
    expect(exact).toMatchObject({ mismatchedBins: 0, maxPotentialError: 0, passed: true });
    expect(exact.spikes).toBeGreaterThan(10_000);
    expect(await certifyNetworks(convolutions(4, true), 4, options)).toMatchObject({ mismatchedBins: 0, passed: true });
  });

  it("names the layer with max pooling, which no synapses can express", async () => {
    await expect(nest.load(pooled(randomNetwork(0, { seed: 1, convolution: true })))).rejects.toMatchObject({
      code: "MAPPING_IMPOSSIBLE",
      message: expect.stringContaining("Layer 1"),
    });
  });

  it("says which layer it can't express", async () => {
    const network = createSpikingNetwork([4, 8, 2], new Random(0), { neuron: neuron("lagged-lif", { beta: 0 }) });
    await expect(nest.load(network)).rejects.toMatchObject({
      code: "MAPPING_IMPOSSIBLE",
      message: expect.stringContaining("layer 0"),
    });
  });

  it("refuses observations of another length, and goes on", async () => {
    const loaded = await nest.load(createSpikingNetwork([4, 8, 2], new Random(0), { steps: 10 }));
    await expect(loaded.run(new Float32Array(6))).rejects.toMatchObject({ code: "OBSERVATION_MISMATCH" });
    await expect(loaded.run(Float32Array.of(1, NaN, 0, 0))).rejects.toMatchObject({ code: "OBSERVATION_NOT_FINITE" });
    expect((await loaded.run(new Float32Array(8))).actions).toHaveLength(2);
    await loaded.close();
    await expect(loaded.run(new Float32Array(8))).rejects.toMatchObject({ code: "NETWORK_CLOSED" });
  });

  it("holds several networks at once, each with the weights that it was loaded with", async () => {
    const networks = [1, 2].map((seed) => createSpikingNetwork([4, 24, 3], new Random(seed), { steps: 40 }));
    const states = Float32Array.from({ length: 4 * 5 }, (_, i) => 2 * Math.sin(i));
    const expected = networks.map((network) => referenceEngine.load(network).run(states).potentials);
    const loaded = [await nest.load(networks[0]), await nest.load(networks[1])];
    networks.forEach(({ layers }) => layers[1].weights.fill(0));
    for (const k of [0, 1, 1, 0]) expect((await loaded[k].run(states)).potentials).toEqual(expected[k]);
    await loaded[0].close();
    expect((await loaded[1].run(states)).potentials).toEqual(expected[1]);
    await loaded[1].close();
  });

  it("rejects with a typed error when NEST is killed in mid-run", async () => {
    const { openWorker } = await import("../../src/bridge/index.ts");
    const { python } = await ensurePython(["nest"]);
    const worker = await openWorker({ name: "doomed", python });
    const doomed = await openSimulator("nest", { worker });
    const loaded = await doomed.load(createSpikingNetwork([4, 128, 128, 2], new Random(0), { steps: 1000 }));
    const running = loaded.run(new Float32Array(4 * 300).fill(0.5));
    setTimeout(() => process.kill(worker.pid, "SIGKILL"), 300);
    await expect(running).rejects.toMatchObject({ code: "WORKER_LOST" });
    await doomed.close();
    await worker.close();
  });
});

describe("exported scripts", () => {
  it.each([
    ["subtraction", 1],
    ["zero", 1],
    ["subtraction", 0.9],
  ] as const)("rebuild and check a network with nest and numpy alone: reset %s, beta %d", async (reset, beta) => {
    const { python } = await ensurePython(["nest"]);
    const network = createSpikingNetwork([4, 24, 16, 3], new Random(5), {
      steps: 60,
      weightScale: 2,
      neuron: neuron("lagged-lif", { reset, beta }),
      biasInput: true,
    });
    const script = join(folder, `${reset}-${beta}.py`);
    await writeScript("nest", network, script);
    const { stdout } = await execa(python, [script], { cwd: folder });
    expect(stdout).toMatch(/mismatched bins {3}0\n/);
    // With a leak exponentials round differently.
    expect(Number(/potential error +(\S+)/.exec(stdout)![1])).toBeLessThanOrEqual(beta === 1 ? 0 : 1e-12);
    expect(Number(/spikes +(\d+)/.exec(stdout)![1])).toBeGreaterThan(100);

    // One weight changed, and the script says so.
    const text = await readFile(script, "utf8");
    const model = JSON.parse(/r"""(\{.*\})"""/.exec(text)![1]) as { arrays: Record<string, string> };
    const w0 = Buffer.from(model.arrays.w0, "base64");
    w0.writeFloatLE(w0.readFloatLE(0) + 0.5, 0);
    model.arrays.w0 = w0.toString("base64");
    await writeFile(
      script,
      text.replace(/r"""\{.*\}"""/, () => `r"""${JSON.stringify(model)}"""`),
    );
    expect((await execa(python, [script], { cwd: folder, reject: false })).exitCode).toBe(1);
  });
});

describe("exported scripts of convolutions", () => {
  it.each(["constant", "poisson"] as const)("rebuild them from their kernels: %s input", async (encoding) => {
    const { python } = await ensurePython(["nest"]);
    const drawn = randomNetwork(1, { seed: 4, convolution: true, steps: 60 });
    const network: SpikingNetwork = { ...drawn, coding: { ...drawn.coding, encoding, decoding: "potential" } };
    const script = join(folder, `convolution-${encoding}.py`);
    await writeScript("nest", network, script);
    const { stdout } = await execa(python, [script], { cwd: folder });
    expect(stdout).toMatch(/mismatched bins {3}0\npotential error {3}0\n/);
    expect(Number(/spikes +(\d+)/.exec(stdout)![1])).toBeGreaterThan(100);
  });

  it("refuse max pooling, and name the layer", async () => {
    const network = pooled(randomNetwork(1, { seed: 4, convolution: true }));
    await expect(writeScript("nest", network, join(folder, "never.py"))).rejects.toMatchObject({
      code: "EXPORT_IMPOSSIBLE",
      message: expect.stringContaining("layer 1 has max pooling"),
    });
  });
});

describe("dsqn certify", () => {
  it("exits with 0 and writes the certificate", async () => {
    const model = join(folder, "agent.safetensors");
    await saveModel(model, createSpikingNetwork([4, 16, 2], new Random(9), { steps: 50 }));
    const out = join(folder, "certificate.json");
    const written: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = (text: string) => written.push(text) > 0;
    try {
      expect(await main(["certify", model, "--states", "20", "--out", out, "--json"])).toBe(0);
    } finally {
      process.stdout.write = write;
    }
    const certificate = JSON.parse(written.join("")) as Record<string, unknown>;
    expect(certificate).toMatchObject({
      simulator: "nest",
      networks: 1,
      states: 20,
      bins: 20 * 50 * 16,
      mismatchedBins: 0,
      maxPotentialError: 0,
      actionsEqual: 1,
    });
    expect(JSON.parse(await readFile(out, "utf8"))).toEqual(certificate);
    const page = await readFile(join(folder, "certificate.html"), "utf8");
    expect(page).toContain("The same network in NEST 3.");
    expect(page).toContain("One decision, spike by spike");
  });
});
