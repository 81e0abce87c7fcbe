import { readFileSync } from "node:fs";
import { createSpikingNetwork } from "../../src/network/create.ts";
import { neuron, neuronModels } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { networkMessage } from "../../src/simulators/message.ts";

describe("neurons on their way to Python", () => {
  it("are compared there with the records here (scripts/write-neurons.ts writes them)", () => {
    const file = new URL("../../py-bridge/tests/simulators/neurons.json", import.meta.url);
    const words = (_: string, value: unknown): unknown =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(neuronModels, words)));
  });

  it("are what the record names: numbers and choices in the message, one value for each neuron as an array", () => {
    const threshold = Float32Array.of(1, 2, 3);
    const lif = neuron("lif", { beta: 0.5, threshold, fires: "at" });
    const network = createSpikingNetwork([4, 3], new Random(0), { neuron: lif, steps: 7 });
    const message = networkMessage(network);
    expect(message.network).toEqual({
      layers: [
        {
          synapses: { kind: "dense", inputs: 4, outputs: 3 },
          pooling: null,
          activation: { kind: "lif", beta: 0.5, fires: "at", reset: "subtraction", resetBy: 1, resetTo: 0 },
        },
      ],
      coding: network.coding,
    });
    expect(Object.keys(message.arrays)).toEqual(["layers.0.weight", "layers.0.threshold"]);
    expect(message.arrays["layers.0.threshold"].data).toBe(threshold);
  });
});
