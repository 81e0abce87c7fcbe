import { describe, expect, it } from "@jest/globals";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine, referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import type { RunOptions } from "../../src/network/engine.ts";
import { linear } from "../../src/network/layer.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { type LaggedLif, neuron } from "../../src/network/neurons/index.ts";
import { createState } from "../../src/network/state.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { Random } from "../../src/numeric/random.ts";

const network = createSpikingNetwork([3, 4, 2], new Random(1), { steps: 5 });
const withLayer = (l: number, changes: object): SpikingNetwork => ({
  ...network,
  layers: network.layers.map((layer, k) => (k === l ? { ...layer, ...changes } : layer)),
});
const withNeuron = (l: number, changes: Partial<LaggedLif>): SpikingNetwork =>
  withLayer(l, { activation: neuron("lagged-lif", changes) });
const synapses = (inputs: number, outputs: number) => ({ kind: "dense", inputs, outputs }) as const;
const runs = {
  reference: (n: SpikingNetwork, x: Float32Array, options?: RunOptions) => referenceEngine.load(n).run(x, options),
  reference32: (n: SpikingNetwork, x: Float32Array, options?: RunOptions) => referenceEngine32.load(n).run(x, options),
  fast: (n: SpikingNetwork, x: Float32Array, options?: RunOptions) => fastEngine().load(n).run(x, options),
  gradients: (n: SpikingNetwork, x: Float32Array, options?: RunOptions) =>
    referenceGradients(n, x, (outputs) => outputs, options),
};

describe.each(Object.entries(runs))("%s refuses", (_name, run) => {
  const x = new Float32Array(6);

  it.each([
    [
      "NaN weights",
      withLayer(1, { weights: new Float32Array(8).fill(NaN, 3, 4) }),
      /layers.1.weight holds NaN at index 3/,
    ],
    [
      "infinite weights",
      withLayer(0, { weights: new Float32Array(12).fill(-Infinity, 0, 1) }),
      /layers.0.weight holds -Infinity at index 0/,
    ],
    ["NaN biases", withLayer(1, { biases: Float32Array.of(0, NaN) }), /layers.1.bias holds NaN/],
    [
      "a NaN initial potential",
      withNeuron(0, { initial: Float32Array.of(0, 0, NaN, 0) }),
      /layers.0.initial_potential holds NaN/,
    ],
    [
      "weights that don't fit",
      withLayer(0, { weights: new Float32Array(11) }),
      /layers.0.weight has 11 values instead of 12/,
    ],
    ["biases that don't fit", withLayer(0, { biases: new Float32Array(5) }), /layers.0.bias has 5 values instead of 4/],
    [
      "layers that don't chain",
      withLayer(1, { synapses: synapses(5, 2), weights: new Float32Array(10) }),
      /Layer 1 takes 5 inputs, but layer 0 has 4 outputs/,
    ],
    [
      "a layer without neurons",
      withLayer(1, { synapses: synapses(4, 0), weights: new Float32Array(0) }),
      /Layer 1 has 4 inputs and 0 outputs/,
    ],
    ["no layers", { ...network, layers: [] }, /no layers/],
    ["alpha above 1", withNeuron(1, { alpha: 1.1 }), /Layer 1 has alpha 1.1/],
    ["alpha NaN", withNeuron(0, { alpha: NaN }), /Layer 0 has alpha NaN/],
    ["negative beta", withNeuron(0, { beta: -0.1 }), /Layer 0 has beta -0.1/],
    ["an infinite threshold", withNeuron(0, { threshold: Infinity }), /Layer 0 has threshold Infinity/],
    ["T of 0 in the network", { ...network, coding: { ...network.coding, steps: 0 } }, /time steps is 0/],
    [
      "an unknown encoding",
      { ...network, coding: { ...network.coding, encoding: "morse" as "constant" } },
      /encoding "morse"/,
    ],
    [
      "an unknown neuron",
      withLayer(0, { activation: { ...network.layers[0].activation, kind: "izhikevich" } }),
      /neuron "izhikevich"/,
    ],
    ["a layer that is no neuron", withLayer(1, { activation: linear }), /Layer 1 is linear in a network of neurons/],
    ["a scaled input", { ...network, inputScale: 0.5 }, /inputScale 1, not 0.5/],
    ["only the constant input", createSpikingNetwork([0, 2], new Random(1), { biasInput: true }), /input is \[0\]/],
  ] as const)("%s", (_what, bad, message) => {
    expect(() => run(bad, x)).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ["T of 0", x, { steps: 0 }, "BAD_STEPS"],
    ["a fraction of steps", x, { steps: 2.5 }, "BAD_STEPS"],
    ["negative steps", x, { steps: -1 }, "BAD_STEPS"],
    ["an empty batch", new Float32Array(0), {}, "BATCH_EMPTY"],
    ["a part of an observation", new Float32Array(7), {}, "OBSERVATION_MISMATCH"],
    ["a NaN observation", Float32Array.of(0, 0, 0, 0, NaN, 0), {}, "OBSERVATION_NOT_FINITE"],
    ["a negative seed", x, { seed: -1 }, "BAD_ARGUMENT"],
  ] as const)("%s", (_what, observations, options, code) => {
    expect(() => run(network, observations, options)).toThrow(expect.objectContaining({ code, exitCode: 2 }));
  });
});

it("names the observation and the value that is not finite", () => {
  expect(() => referenceEngine.load(network).run(Float32Array.of(0, 0, 0, 0, NaN, 0))).toThrow(
    "Value 1 of observation 1 is NaN.",
  );
});

it("refuses a state of another network or batch", () => {
  const other = createSpikingNetwork([3, 5, 2], new Random(1));
  for (const state of [
    createState(other, 2),
    createState(network, 3),
    createState({ ...network, coding: { ...network.coding, encoding: "poisson" } }, 2),
  ])
    for (const engine of [referenceEngine, fastEngine()])
      expect(() => engine.load(network).run(new Float32Array(6), { state })).toThrow(
        expect.objectContaining({ code: "STATE_MISMATCH" }),
      );
});

describe("networks without spikes", () => {
  const dense = createDenseNetwork([3, 4, 2], new Random(1));

  it("may do without biases", () => {
    expect(() => validateNetwork(dense)).not.toThrow();
    const layers = dense.layers.map((layer) => ({ ...layer, biases: null }));
    expect(() => validateNetwork({ ...dense, layers })).not.toThrow();
  });

  it.each([
    ["a last layer that rectifies", { ...dense, layers: [dense.layers[0]] }, /Layer 0, the last, must be linear/],
    [
      "neurons without a coding",
      { ...dense, layers: network.layers },
      /Layer 0 is lagged-lif in a network without a coding/,
    ],
    ["an input scale of 0", { ...dense, inputScale: 0 }, /inputScale is 0/],
    [
      "an input of two sizes",
      { ...dense, input: [1, 3] as unknown as [number] },
      /input is \[1, 3\] instead of one size/,
    ],
    [
      "pooling of other channels",
      {
        ...dense,
        layers: [
          {
            ...dense.layers[0],
            pooling: { kind: "max", window: convolution([1, 1, 3], { filters: 2, kernel: [1, 1] }) },
          },
        ],
      } as const,
      /max pooling makes 2 channels of 3/,
    ],
  ])("are refused with %s", (_what, bad, message) => {
    expect(() => validateNetwork(bad)).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringMatching(message) }),
    );
  });
});
