import { createTrainable } from "../../src/engines/create.ts";
import { createDenseNetwork, type DenseNetwork } from "../../src/network/old/dense-network.ts";
import { denseActivations } from "../../src/conversion/activations.ts";
import { balancedConversion, convert, type ConversionOptions } from "../../src/conversion/convert.ts";
import { fineTune } from "../../src/learning/fine-tune.ts";
import { effectiveSteps } from "../../src/conversion/start.ts";
import { Random } from "../../src/numeric/random.ts";
import { argmax } from "../../src/network/decide.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import type { SpikingNetwork } from "../../src/network/old/spiking-network.ts";

const random = new Random(11);
const states = Float32Array.from({ length: 3 * 3000 }, () => 2 * random.normal());
const dense = closeRace(createDenseNetwork([3, 24, 24, 3], random));
const values = denseActivations(dense, states).at(-1)!;

/** The network with outputs shifted as a Q-network's are: each action the best now and then, by little, at values of about 20. */
function closeRace(network: DenseNetwork): DenseNetwork {
  const outputs = denseActivations(network, states).at(-1)!;
  const last = network.layers.at(-1)!;
  const biases = last.biases.map(
    (bias, a) =>
      20 + bias - outputs.reduce((sum, value, k) => sum + (k % 3 === a ? value : 0), 0) / (outputs.length / 3),
  );
  return { ...network, layers: network.layers.with(-1, { ...last, biases }) };
}

/** Share of states in which the spiking network does as `dense`. */
const agreement = (network: SpikingNetwork): number => {
  const { actions } = fastEngine().run(network, states);
  return actions.reduce((sum, action, k) => sum + Number(action === argmax(values, 3 * k, 3)), 0) / actions.length;
};
const converted = (options: ConversionOptions): SpikingNetwork => convert(dense, states, options).network;

describe("the balanced conversion", () => {
  it("needs far fewer steps than the thesis's", () => {
    const errors = (options: ConversionOptions): number => 1 - agreement(converted(options));
    const balanced = errors({ ...balancedConversion, spiking: { steps: 64 } });
    expect(balanced).toBeLessThan(0.02);
    expect(balanced).toBeLessThan(errors({ spiking: { steps: 64 } }) / 3);
    expect(balanced).toBeLessThan(errors({ spiking: { steps: 256 } }));
  });

  it("puts out the dense network's values, up to what all actions share, times the steps that count", () => {
    const steps = 2000;
    const { potentials } = fastEngine().run(
      converted({ ...balancedConversion, percentile: 1, spiking: { steps } }),
      states.subarray(0, 300),
    );
    const n = effectiveSteps(3, steps);
    for (let k = 0; k < 100; k++)
      for (let a = 1; a < 3; a++)
        expect((potentials[3 * k + a] - potentials[3 * k]) / n).toBeCloseTo(values[3 * k + a] - values[3 * k], 1);
  });
});

describe("fineTune", () => {
  it("brings a conversion closer to its source, never further away, and repeats from its seed", async () => {
    const rough = converted({ ...balancedConversion, population: 1, spiking: { steps: 16 } });
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
    expect(Array.from((await tune()).network.layers[0].weights)).toEqual(Array.from(tuned.network.layers[0].weights));
    const spoiled = await fineTune(rough, dense, states, {
      iterations: 20,
      learningRate: 10,
      makeTrainable: createTrainable,
    });
    expect(spoiled.agreement.after).toBeGreaterThanOrEqual(spoiled.agreement.before);
  });
});
