import { describe, expect, it } from "@jest/globals";
import { balancedConversion, convert } from "../../src/conversion/convert.ts";
import { levelsLearner } from "../../src/conversion/levels.ts";
import { inPhases, onGrid } from "../../src/conversion/phases.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine } from "../../src/engines/reference/engine.ts";
import { argmax } from "../../src/network/decide.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { spikingNetwork } from "../../src/network/create.ts";
import { Random } from "../../src/numeric/random.ts";
import { dense, states } from "./close-race.ts";

const levels = (steps: number, percentile = 0.99): SpikingNetwork =>
  onGrid(
    convert(dense, states, { ...balancedConversion, population: 1, percentile, spiking: { steps, neuron: "lif" } })
      .network,
  );
const n = states.length / dense.input[0];

/** Share of states in which the network acts as the one of levels. */
function equal(spiking: SpikingNetwork, of: SpikingNetwork): number {
  const learner = levelsLearner(of, { maxBatch: n });
  const outputs = learner.forward(states, n);
  const { actions } = fastEngine().load(spiking).run(states);
  return actions.filter((a, k) => a === argmax(outputs, k * learner.actions, learner.actions)).length / n;
}

describe("a network in two phases", () => {
  it.each([1, 2, 4, 7])("acts as the network of %d levels in every state, which spikes in no order do not", (steps) => {
    const network = levels(steps);
    expect(equal(inPhases(network), network)).toBe(1);
    if (steps > 1) expect(equal(network, network)).toBeLessThan(0.99);
  });

  it("ends with the potentials of the network of levels, to the last bit behind the first layer", () => {
    const network = levels(4, 0.9); // so that some activations are cut off
    const values = levelsLearner(network, { maxBatch: n }).forward(states, n);
    for (const engine of [fastEngine(), referenceEngine]) {
      const { potentials } = engine.load(inPhases(network)).run(states.subarray(0, 900));
      expect(new Float32Array(potentials)).toEqual(values.slice(0, potentials.length));
    }
  });

  it("spikes layer by layer, each neuron in T steps of its own, each clock once", () => {
    const steps = 4;
    const network = inPhases(levels(steps));
    const { spikes } = fastEngine().load(network).run(states, { recordSpikes: true });
    spikes!.forEach(({ step, neuron: which }, l) => {
      const [first, final] = [l * (steps - 1), (l + 1) * (steps - 1)];
      expect(Math.min(...step)).toBeGreaterThanOrEqual(0);
      const clock = network.layers[l].biases!.length - 1;
      const own = step.filter((_, k) => which[k] !== clock);
      expect([own.reduce((a, b) => Math.min(a, b)), own.reduce((a, b) => Math.max(a, b))]).toEqual([first, final]);
      expect([...step.filter((_, k) => which[k] === clock)]).toEqual(new Array(n).fill(final));
    });
    expect(network.coding.steps).toBe((network.layers.length - 1) * (steps - 1) + 1);
  });

  it("is refused where spikes are no counts", () => {
    const lagged = convert(dense, states, balancedConversion).network;
    expect(() => inPhases(lagged)).toThrow(/kind lif/);
    const weights = { synapses: { kind: "dense", inputs: 2, outputs: 2 } as const, weights: new Float32Array(4) };
    const leaky = spikingNetwork([weights, weights], { neuron: neuron("lif", { beta: 0.9 }) });
    expect(() => inPhases(leaky)).toThrow(/leak/);
    expect(() => inPhases(spikingNetwork([weights], { neuron: neuron("lif") }))).toThrow(/hidden layer/);
  });
});

describe("a network of levels that learns", () => {
  it("has the gradient that rounding leaves alone: exact for the output layer, unbiased where counts move", () => {
    const learner = levelsLearner(levels(64), { maxBatch: 32 });
    const few = states.subarray(0, 32 * learner.observationSize);
    const random = Random.stream(1, "slopes");
    const slope = Float32Array.from({ length: 32 * learner.actions }, () => random.normal() / 64);
    const loss = (): number => learner.forward(few, 32).reduce((sum, q, k) => sum + q * slope[k], 0);
    loss();
    learner.backward(slope);
    const gradients = learner.gradients.slice();
    const outputs = learner.parameters.length - learner.actions;
    const numeric = (k: number, by: number): number => {
      const kept = learner.parameters[k];
      learner.parameters[k] = kept + by;
      const above = loss();
      learner.parameters[k] = kept - by;
      const slopeAt = (above - loss()) / (2 * by);
      learner.parameters[k] = kept;
      return slopeAt;
    };
    for (let k = outputs; k < learner.parameters.length; k++) expect(gradients[k]).toBeCloseTo(numeric(k, 0.01), 2);
    // Over a step of many levels the rounded function rises as the smooth one does.
    let [dot, here, there] = [0, 0, 0];
    for (let k = 0; k < 200; k++) {
      const by = numeric(k, 0.2);
      dot += by * gradients[k];
      here += by * by;
      there += gradients[k] ** 2;
    }
    expect(dot / Math.sqrt(here * there)).toBeGreaterThan(0.9);
  });
});
