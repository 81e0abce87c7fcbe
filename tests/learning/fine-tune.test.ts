import { balancedConversion, convert } from "../../src/conversion/convert.ts";
import { createTrainable } from "../../src/engines/create.ts";
import { fineTune } from "../../src/learning/fine-tune.ts";
import { agreement, dense, states } from "../conversion/close-race.ts";

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
});
