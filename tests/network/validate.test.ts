import { describe, expect, it } from "@jest/globals";
import { createDenseNetwork } from "../../src/network/old/dense-network.ts";
import { Random } from "../../src/numeric/random.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine, referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import { createState } from "../../src/network/state.ts";
import { validateNetwork } from "../../src/network/validate.ts";

const network = createSpikingNetwork([3, 4, 2], new Random(1), { steps: 5 });
const withLayer = (l: number, changes: object): SpikingNetwork => ({
  ...network,
  layers: network.layers.map((layer, k) => (k === l ? { ...layer, ...changes } : layer)),
});
const runs = {
  reference: (n: SpikingNetwork, x: Float32Array, options?: object) => referenceEngine.run(n, x, options),
  reference32: (n: SpikingNetwork, x: Float32Array, options?: object) => referenceEngine32.run(n, x, options),
  fast: (n: SpikingNetwork, x: Float32Array, options?: object) => fastEngine().run(n, x, options),
  gradients: (n: SpikingNetwork, x: Float32Array, options?: object) =>
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
      withLayer(0, { initialPotential: Float32Array.of(0, 0, NaN, 0) }),
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
      withLayer(1, { inputs: 5, weights: new Float32Array(10) }),
      /Layer 1 takes 5 inputs, but layer 0 has 4 outputs/,
    ],
    [
      "a layer without neurons",
      withLayer(1, { outputs: 0, weights: new Float32Array(0) }),
      /Layer 1 has 4 inputs and 0 outputs/,
    ],
    ["no layers", { ...network, layers: [] }, /no layers/],
    ["alpha above 1", withLayer(1, { alpha: 1.1 }), /Layer 1 has alpha 1.1/],
    ["alpha NaN", withLayer(0, { alpha: NaN }), /Layer 0 has alpha NaN/],
    ["negative beta", withLayer(0, { beta: -0.1 }), /Layer 0 has beta -0.1/],
    ["an infinite threshold", withLayer(0, { threshold: Infinity }), /Layer 0 has threshold Infinity/],
    ["T of 0 in the network", { ...network, steps: 0 }, /time steps is 0/],
    ["an unknown encoding", { ...network, encoding: "morse" } as unknown as SpikingNetwork, /encoding "morse"/],
    ["only the constant input", createSpikingNetwork([0, 2], new Random(1), { biasInput: true }), /no input besides/],
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
  expect(() => referenceEngine.run(network, Float32Array.of(0, 0, 0, 0, NaN, 0))).toThrow(
    "Value 1 of observation 1 is NaN.",
  );
});

it("refuses a state of another network or batch", () => {
  const other = createSpikingNetwork([3, 5, 2], new Random(1));
  for (const state of [
    createState(other, 2),
    createState(network, 3),
    createState({ ...network, encoding: "poisson" }, 2),
  ])
    for (const engine of [referenceEngine, fastEngine()])
      expect(() => engine.run(network, new Float32Array(6), { state })).toThrow(
        expect.objectContaining({ code: "STATE_MISMATCH" }),
      );
});

it("takes dense networks too", () => {
  const dense = createDenseNetwork([3, 4, 2], new Random(1));
  expect(() => validateNetwork(dense)).not.toThrow();
  const bad = {
    ...dense,
    layers: dense.layers.map((layer) => ({ ...layer, biases: null as unknown as Float32Array })),
  };
  expect(() => validateNetwork(bad)).toThrow("Layer 0 has no biases, which a dense network needs.");
});
