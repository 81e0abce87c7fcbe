import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../src/engines/create.ts";
import { kernelsLearn } from "../../src/engines/fast/learner.ts";
import { damagedBlocks } from "../../src/engines/fast/kernels/memory.ts";
import { referenceEngine32 } from "../../src/engines/reference/index.ts";
import { referenceLearner } from "../../src/engines/reference/learner.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import type { LearnedDynamics } from "../../src/network/learned-dynamics.ts";
import { actionsOf, type SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { layerPrices } from "../../src/network/regulariser.ts";
import { surrogateNames } from "../../src/network/surrogate.ts";
import { Random } from "../../src/numeric/random.ts";
import { described, samples } from "./random-networks.ts";
import { runOn } from "./run-on.ts";

afterAll(() => expect(damagedBlocks()).toEqual([]));

const beside: readonly (readonly LearnedDynamics[])[] = [[], ["beta"], ["threshold"], ["beta", "threshold"]];
const price = { strength: 3, rate: 0.05 } as const;
const prices = [undefined, price, { ...price, of: "operations" } as const];

describe("leaks, thresholds and prices in the kernels", () => {
  const lif = samples({
    ...{ size: 20, steps: 16, batch: 20, neurons: ["lif"] },
    only: { encoding: "constant", decoding: "potential", signedInputs: false },
  });

  it("have the reference's gradients, with every option of lif that the kernels learn", () => {
    const seen = { leaks: 0, thresholds: 0, outputLeaks: 0, full: 0, priced: 0 };
    fc.assert(
      fc.property(
        lif,
        fc.record({ name: fc.constantFrom(...surrogateNames), scale: fc.constantFrom(1, 10) }),
        fc.boolean(),
        fc.constantFrom(...beside),
        fc.constantFrom(...prices),
        (sample, surrogate, detachReset, learn, regulariser) => {
          const { network, batch, observations } = sample;
          const options = { maxBatch: batch, surrogate, detachReset, learn, ...(regulariser && { regulariser }) };
          if (!kernelsLearn(network, { ...options, threads: 1 })) return;
          const [fast, reference] = [createTrainable(network, options), referenceLearner(network, options)];
          expect([...fast.parameters]).toEqual([...reference.parameters]);
          expect([...fast.forward(observations, batch)]).toEqual([...reference.forward(observations, batch)]);
          const given = Float32Array.from({ length: batch * actionsOf(network) }, (_, k) => Math.sin(k + 1));
          for (const one of [fast, reference]) one.backward(given);
          const weights = network.layers.reduce(
            (n, { weights, biases }) => n + weights.length + (biases?.length ?? 0),
            0,
          );
          const parts = [[0, weights], [weights, fast.gradients.length]]; // prettier-ignore
          for (const [from, to] of parts) {
            const [got, wanted] = [fast, reference].map(({ gradients }) => gradients.subarray(from, to));
            const size = wanted.reduce((most, g) => Math.max(most, Math.abs(g)), 1e-2);
            wanted.forEach((g, k) => {
              if (!(Math.abs(got[k] - g) <= 5e-4 * size))
                throw new Error(`${described(sample)} ${JSON.stringify(options)}: ${from + k} is ${got[k]}, not ${g}`);
            });
          }
          const tail = reference.gradients.subarray(weights);
          const last = network.layers.at(-1)!.activation;
          if (learn.includes("beta") && tail.some((g) => g !== 0)) seen.leaks++;
          if (learn.includes("threshold") && tail.some((g) => g !== 0)) seen.thresholds++;
          const scalar = typeof last.beta === "number" && typeof last.threshold === "number";
          if (learn[0] === "beta" && scalar && tail.at(-learn.length) !== 0) seen.outputLeaks++;
          if (network.layers.some(({ activation }) => activation.kind === "lif" && activation.current !== "none"))
            seen.full++;
          if (regulariser) seen.priced++;
          fast.close();
        },
      ),
      { numRuns: 1200 },
    );
    for (const [what, times] of Object.entries(seen)) expect([what, times > 10]).toEqual([what, true]);
  });

  it("are where they were learned to: the network acts as what learns does", () => {
    const drawn = createSpikingNetwork([3, 9, 6, 2], new Random(5), { steps: 6, neuron: neuron("lif", { beta: 0.8 }) });
    const x = Float32Array.from({ length: 60 }, (_, k) => Math.cos(k));
    const learner = createTrainable(drawn, { maxBatch: 20, learn: ["beta", "threshold"], surrogate: { scale: 5 } });
    const before = learner.forward(x, 20).slice();
    for (let step = 0; step < 5; step++) {
      learner.backward(learner.forward(x, 20).map((y, k) => y - Math.sin(k)));
      learner.gradients.forEach((g, k) => (learner.parameters[k] -= 0.01 * g));
    }
    // A leak above 1 grows without bound: it is kept at 1, here and there.
    learner.parameters[learner.parameters.length - 2] = 1.5;
    const after = learner.forward(x, 20);
    const learned = learner.toNetwork() as SpikingNetwork;
    expect([...runOn(referenceEngine32, learned, x).outputs]).toEqual([...after]);
    expect([...after]).not.toEqual([...before]);
    expect(learned.layers[2].activation.beta).toBe(1);
    expect(learned.layers[0].activation).not.toEqual(drawn.layers[0].activation);
    learner.close();
  });

  it("on operations weigh a layer's spikes by what they cause", () => {
    const network = createSpikingNetwork([3, 10, 5, 2], new Random(1), { steps: 4, neuron: neuron("lif", {}) });
    expect(layerPrices(price, network)).toEqual([price, price]);
    const [first, second] = layerPrices({ ...price, of: "operations" }, network);
    // 10 neurons with 5 synapses each, 5 with 2 each: of 60 the first has 50; a layer's part is already divided by its neurons.
    expect([first.strength, second.strength]).toEqual([(3 * 50 * 2) / 60, (3 * 10 * 2) / 60]);
    expect(first.strength / 10 / (second.strength / 5)).toBeCloseTo(5 / 2, 12); // a neuron's price is as its synapses
  });
});
