import { describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../../src/engines/reference/index.ts";
import { withoutValueOutput, withValueOutput } from "../../../src/learning/actor-critic/value-output.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../../src/network/create.ts";
import { neuron } from "../../../src/network/neurons/index.ts";
import { Random } from "../../../src/numeric/random.ts";

const dense = createDenseNetwork([3, 8, 4], new Random(2));
const start = Float32Array.of(0.1, 0.2, 0.3, 0.6);
const lif = createSpikingNetwork([3, 8, 4], new Random(3), { neuron: neuron("lif"), steps: 3, weightScale: 3 });
const spiking = {
  ...lif,
  layers: lif.layers.map((layer, l) =>
    l === 1 ? { ...layer, activation: { ...layer.activation, initial: start } } : layer,
  ),
};
const inputs = Float32Array.of(0.5, -1, 2, 1.5, 0.25, -0.75);

describe.each([
  ["dense", dense],
  ["spiking", spiking],
])("a value output of a %s network", (_, network) => {
  const outputs = referenceEngine.load(network).run(inputs).outputs;

  it("says the mean of action values beside the scaled policy", () => {
    const wider = referenceEngine.load(withValueOutput(network, 10, "action-values")).run(inputs).outputs;
    for (let k = 0; k < 2; k++) {
      const own = outputs.subarray(4 * k, 4 * k + 4);
      const mean = own.reduce((a, b) => a + b) / 4;
      own.forEach((value, j) => expect(wider[5 * k + j]).toBeCloseTo(10 * value, 5));
      expect(wider[5 * k + 4]).toBeCloseTo(mean, 6);
    }
  });

  it("starts at 0 beside logits, and goes away without a trace", () => {
    const wider = withValueOutput(network, 1, "logits");
    expect(referenceEngine.load(wider).run(inputs).outputs[4]).toBe(0);
    expect(withoutValueOutput(wider)).toEqual(network);
  });
});
