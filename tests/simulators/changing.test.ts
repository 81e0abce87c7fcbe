// tier: python
import { describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { observationSize } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";
import { compareRuns } from "../../src/simulators/compare.ts";
import { randomNetwork } from "../../src/simulators/fuzz.ts";
import { openSimulator } from "../../src/simulators/open.ts";

const [STATES, STEPS, NETWORKS] = [5, 30, 8];

describe("input that changes from step to step", () => {
  it.each(["nest", "pynn-nest"])("reaches %s bin for bin: currents and spike trains", async (name) => {
    const simulator = await openSimulator(name);
    try {
      let [index, compared] = [0, 0];
      while (compared < NETWORKS) {
        const network = randomNetwork(index++, { seed: 3, neuron: index % 2 ? "lif" : "lagged-lif", steps: STEPS });
        if (network.coding.encoding !== "constant") continue;
        const random = Random.stream(index, "input");
        const draw = index % 3 ? () => random.normal() : () => Number(random.uniform() < 0.3);
        const x = Float32Array.from({ length: STEPS * STATES * observationSize(network) }, draw);
        const options = { changing: true, recordSpikes: true };
        const loaded = await simulator.load(network);
        const theirs = await loaded.run(x, options);
        await loaded.close();
        const ours = referenceEngine.load(network).run(x, { ...options, recordPotentials: true });
        expect(compareRuns(network, STEPS, ours, theirs)).toMatchObject({ mismatchedBins: 0, equalActions: STATES });
        compared++;
      }
    } finally {
      await simulator.close();
    }
  });

  it("is read as the mean of potentials too, to the last bit", async () => {
    const nest = await openSimulator("nest");
    const given = randomNetwork(1, { seed: 5, neuron: "lif", steps: STEPS });
    const network = {
      ...given,
      coding: { ...given.coding, decoding: "mean-potential", encoding: "constant" } as const,
    };
    const x = Float32Array.from({ length: STATES * observationSize(network) }, (_, k) => (k % 7) / 3 - 1);
    const loaded = await nest.load(network);
    const { outputs } = await loaded.run(x);
    await nest.close();
    expect(outputs).toEqual(referenceEngine.load(network).run(x).outputs);
  });

  it("is refused by a simulator that knows constant and coded input alone", async () => {
    const twin = await openSimulator("spinnaker-twin");
    const network = randomNetwork(0, { seed: 3, steps: 4 });
    const coded = { ...network, coding: { ...network.coding, encoding: "constant", decoding: "potential" } as const };
    const loaded = await twin.load(coded);
    const x = new Float32Array(4 * observationSize(coded));
    await expect((async () => loaded.run(x, { changing: true }))()).rejects.toMatchObject({
      code: "MAPPING_IMPOSSIBLE",
    });
  });
});
