// tier: python
import { execa } from "execa";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePython } from "../../src/setup/python-environment.ts";
import { Random } from "../../src/numeric/random.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { writeScript } from "../../src/simulators/export/script.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { randomNetwork, randomStates } from "../../src/simulators/fuzz.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";

const readByPotential = (network: SpikingNetwork): SpikingNetwork => ({
  ...network,
  coding: { ...network.coding, decoding: "potential" },
});

describe("PyNN on NEST", () => {
  it.each([
    ["pynn-nest", "lagged-lif"],
    ["pynn-nest-standard", "lagged-lif"],
    ["pynn-nest", "lif"],
  ] as const)(
    "%s spikes as our engine does with %s, potentials equal to the last bit",
    async (name, neuron) => {
      const options = { seed: 5, neuron, steps: 40, reset: name === "pynn-nest" ? undefined : ("zero" as const) };
      const subjects = [0, 1, 2, 3].map((i) => {
        const network = randomNetwork(i, options);
        return {
          name: `random ${i}`,
          network,
          inputs: randomStates(network, i, 2, options),
          source: "random" as const,
        };
      });
      const simulator = await openSimulator(name);
      try {
        const certificate = await certifyNetworks(subjects, 4, { simulator, engine: referenceEngine });
        expect(certificate).toMatchObject({ mismatchedBins: 0, maxPotentialError: 0, actionsEqual: 1, passed: true });
        expect(certificate.spikes).toBeGreaterThan(500);
      } finally {
        await simulator.close();
      }
    },
    180_000,
  );

  const leaky = createSpikingNetwork([4, 16, 3], new Random(5), {
    steps: 40,
    weightScale: 2,
    neuron: neuron("lagged-lif", { beta: 0.9 }),
  });
  it.each([
    ["dense layers", createSpikingNetwork([4, 16, 3], new Random(5), { steps: 40, weightScale: 2 })],
    ["layers that leak and subtract", leaky],
    ["convolutions", readByPotential(randomNetwork(1, { seed: 4, convolution: true, steps: 40 }))],
  ])("runs the exported script, which needs no part of dsqn: %s", async (_layers, network) => {
    const { python } = await ensurePython(["nest", "pynn"]);
    const folder = await mkdtemp(join(tmpdir(), "dsqn-pynn-"));
    try {
      const script = join(folder, "network.py");
      await writeScript("pynn", network, script);
      const { stdout } = await execa(python, [script, "nest"], { cwd: folder });
      expect(stdout).toMatch(/mismatched bins {3}0\n/);
      expect(Number(/spikes +(\d+)/.exec(stdout)![1])).toBeGreaterThan(100);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
