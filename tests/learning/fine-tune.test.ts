import { balancedConversion, convert } from "../../src/conversion/convert.ts";
import { createTrainable } from "../../src/engines/create.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { fineTune } from "../../src/learning/fine-tune.ts";
import { agreement, dense, states } from "../conversion/close-race.ts";
import { runOn } from "../engines/run-on.ts";

describe("fineTune", () => {
  it("brings a conversion closer to its source, never further away, and repeats from its seed", async () => {
    const { network: rough } = convert(dense, states, {
      ...balancedConversion,
      population: 1,
      spiking: { steps: 16 },
    });
    const tune = () =>
      fineTune(rough, dense, states, {
        iterations: 150,
        batchSize: 64,
        learningRate: 1e-3,
        makeTrainable: createTrainable,
      });
    const tuned = await tune();
    expect(tuned.agreement.after).toBeGreaterThan(tuned.agreement.before);
    expect(agreement(tuned.network)).toBeGreaterThan(agreement(rough));
    expect((await tune()).network.layers[0].weights).toEqual(tuned.network.layers[0].weights);
    const spoiled = await fineTune(rough, dense, states, {
      iterations: 20,
      learningRate: 10,
      makeTrainable: createTrainable,
    });
    expect(spoiled.agreement.after).toBeGreaterThanOrEqual(spoiled.agreement.before);
  });

  it("saves spikes where they have a price, and keeps the source's actions", async () => {
    const few = { steps: 4, neuron: "lif" } as const;
    const { network: rough } = convert(dense, states, { ...balancedConversion, population: 1, spiking: few });
    const tune = async (strength: number) => {
      const price = strength > 0 ? { strength, rate: 0 } : undefined;
      const how = { iterations: 600, batchSize: 64, learningRate: 2e-3, price, makeTrainable: createTrainable };
      const { network } = await fineTune(rough, dense, states, how);
      return { spikes: runOn(fastEngine(), network, states).work!.spikes, agreement: agreement(network) };
    };
    const [free, priced] = [await tune(0), await tune(3)];
    expect(priced.spikes).toBeLessThan(free.spikes / 2);
    expect(priced.agreement).toBeGreaterThan(agreement(rough));
  });
});
