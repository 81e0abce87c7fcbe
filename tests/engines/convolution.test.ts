import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { convolution } from "../../src/network/convolution.ts";
import { damagedBlocks } from "../../src/engines/fast/kernels/memory.ts";
import { Random } from "../../src/numeric/random.ts";
import type { RunResult, SpikingEngine } from "../../src/network/engine.ts";
import { createDecider, fastEngine } from "../../src/engines/fast/index.ts";
import { spikingDefaults, type SpikingLayer, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { populationOf } from "../../src/network/populations.ts";
import { denseEquivalent } from "../../src/network/synapses.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { convolutionSamples } from "./random-convolutions.ts";
import { described, populated, type Sample } from "./random-networks.ts";

const pairs = [
  { precision: "float32", reference: referenceEngine32, fast: fastEngine("float32") },
  { precision: "float64", reference: referenceEngine, fast: fastEngine("float64") },
] as const;
const small = { size: 6, channels: 5, steps: 16, pooling: true } as const;

afterAll(() => expect(damagedBlocks()).toEqual([]));

/** Everything that a run returns, exactly; -0 counts as 0. */
function plain(result: RunResult): unknown {
  return JSON.parse(
    JSON.stringify(result, (_key, value: unknown) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float64Array, (x) => (x === 0 ? 0 : x)) : value,
    ),
  );
}

const everything = { recordSpikes: true, recordPotentials: true, keepState: true, seed: 3 } as const;

function expectSame(a: [SpikingEngine, SpikingNetwork], b: [SpikingEngine, SpikingNetwork], sample: Sample): number {
  const [first, second] = [a, b].map(([engine, network]) => engine.run(network, sample.observations, everything));
  try {
    expect(plain(first)).toEqual(plain(second));
  } catch (error) {
    throw new Error(`${described(sample)}\n${(error as Error).message}`);
  }
  return second.work.spikes;
}

describe.each(pairs)("convolution in $precision", ({ reference, fast }) => {
  it("is the dense layer with the matrix that it stands for, bit for bit", () => {
    let spikes = 0;
    fc.assert(
      fc.property(convolutionSamples({ ...small, pooling: false }), (sample) => {
        const { network } = sample;
        spikes += expectSame([reference, network], [reference, denseEquivalent(network)], sample);
      }),
      { numRuns: 60 },
    );
    expect(spikes).toBeGreaterThan(500);
  });

  it("on the kernels equals the reference, bit for bit", () => {
    let spikes = 0;
    fc.assert(
      fc.property(convolutionSamples(small), (sample) => {
        spikes += expectSame([fast, sample.network], [reference, sample.network], sample);
      }),
      { numRuns: 120 },
    );
    expect(spikes).toBeGreaterThan(1000);
  });

  it.each([5, 24])("on the kernels equals the reference where up to %i channels have equal synapses", (channels) => {
    let shared = 0;
    fc.assert(
      fc.property(convolutionSamples({ ...small, channels, steps: 10 }), fc.nat(), (sample, seed) => {
        const network = populated(sample.network, seed);
        shared += network.layers.filter((layer) => populationOf(layer) > 1).length;
        expectSame([fast, network], [reference, network], sample);
      }),
      { numRuns: 60 },
    );
    expect(shared).toBeGreaterThan(50);
  });

  it("on the kernels equals the reference with many channels, where vectors and words are full", () => {
    fc.assert(
      fc.property(convolutionSamples({ size: 5, channels: 70, steps: 5, pooling: true }), (sample) => {
        expectSame([fast, sample.network], [reference, sample.network], sample);
      }),
      { numRuns: 12 },
    );
  });

  it("goes on from a state as if it had never stopped", () => {
    fc.assert(
      fc.property(convolutionSamples(small), ({ network, observations }) => {
        if (network.decoding !== "potential" || network.encoding === "poisson") return;
        for (const engine of [reference, fast]) {
          const { state } = engine.run(network, observations, { steps: 3, keepState: true });
          const { potentials } = engine.run(network, observations, { steps: 5, state });
          expect(potentials).toEqual(engine.run(network, observations, { steps: 8 }).potentials);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const pool = convolution([2, 2, 1], { filters: 1, kernel: [2, 2] });
const passing: SpikingLayer = {
  ...spikingDefaults,
  inputs: 4,
  outputs: 1,
  weights: Float32Array.of(1),
  biases: null,
  pooling: pool,
};
/** Four neurons that fire at rates x, pooled into one potential. */
function pooled(steps: number): SpikingNetwork {
  const identity = Float32Array.from({ length: 16 }, (_, k) => Number(k % 5 === 0));
  const layers = [{ ...passing, outputs: 4, weights: identity, pooling: undefined }, passing];
  return { ...spikingDefaults, kind: "spiking", layers, steps };
}

describe("max pooling", () => {
  it.each([referenceEngine, fastEngine()])(
    "sends as many spikes as the busiest input, at every time ($name)",
    (engine) => {
      const random = new Random(5);
      for (let k = 0; k < 20; k++) {
        const x = Float32Array.from({ length: 4 }, () => random.uniform());
        const { spikes, membranes } = engine.run(pooled(60), x, { recordSpikes: true, recordPotentials: true });
        for (let t = 0; t < 58; t++) {
          const counts = [0, 0, 0, 0];
          spikes![0].neuron.forEach((n, e) => (counts[n] += Number(spikes![0].step[e] <= t)));
          expect(membranes![1][t + 1]).toBe(Math.max(...counts)); // input of step t is in the potential of step t + 1
        }
      }
    },
  );

  it("passes the largest of constant currents", () => {
    const network: SpikingNetwork = { ...spikingDefaults, kind: "spiking", layers: [passing], steps: 3 };
    for (const engine of [referenceEngine, referenceEngine32, fastEngine(), fastEngine("float64")])
      expect(engine.run(network, Float32Array.of(-1, -0.25, -3, -0.5)).outputs[0]).toBe(-0.5);
  });

  it("has no matrix", () => {
    expect(() => denseEquivalent(pooled(4))).toThrow(
      expect.objectContaining({ code: "LAYER_UNSUPPORTED", message: expect.stringContaining("Layer 1") }),
    );
  });
});

it("a decider decides as the engine does", () => {
  fc.assert(
    fc.property(convolutionSamples(small), ({ network, batch, observations }) => {
      const decider = createDecider({ ...network, encoding: "constant", decoding: "potential", signedInputs: false });
      const size = observations.length / batch;
      const { actions } = fastEngine().run(
        { ...network, encoding: "constant", decoding: "potential", signedInputs: false },
        observations,
      );
      for (let b = 0; b < batch; b++)
        expect(decider.act(observations.subarray(b * size, (b + 1) * size))).toBe(actions[b]);
      decider.close();
    }),
    { numRuns: 30 },
  );
});

describe("validateNetwork names the layer and what is wrong with", () => {
  const geometry = convolution([4, 4, 2], { filters: 3, kernel: [2, 2] });
  const layer: SpikingLayer = {
    ...spikingDefaults,
    inputs: 32,
    outputs: 27,
    weights: new Float32Array(24),
    biases: null,
    convolution: geometry,
  };
  const network = (changes: object, options: object = {}): SpikingNetwork => ({
    ...spikingDefaults,
    kind: "spiking",
    layers: [{ ...layer, ...changes }],
    ...options,
  });

  it("nothing, if all fits", () => expect(() => validateNetwork(network({}))).not.toThrow());

  it.each([
    [
      "an image of another size than the inputs",
      network({ inputs: 31 }),
      /Layer 0 has 31 inputs, but the image of its convolution 4 x 4 x 2 = 32/,
    ],
    [
      "an image of another size than the outputs",
      network({ outputs: 28 }),
      /Layer 0 has 28 outputs, but .* 3 x 3 x 3 = 27/,
    ],
    [
      "a kernel of another size",
      network({ weights: new Float32Array(23) }),
      /layers.0.weight has 23 values instead of 24 for shape \[2, 2, 2, 3\]/,
    ],
    [
      "strides of 0",
      network({ convolution: { ...geometry, strides: [0, 1] } }),
      /Layer 0: of its convolution its strides is \[0, 1\]/,
    ],
    [
      "windows outside of the image",
      network({ convolution: { ...geometry, padding: [2, 0] } }),
      /Layer 0: of its convolution its padding/,
    ],
    [
      "a pooling that changes channels",
      network({ pooling: { ...geometry, output: [4, 4, 2], input: [5, 5, 1] }, inputs: 25 }),
      /makes 2 channels of 1/,
    ],
    [
      "the constant input of biasInput",
      network({}, { biasInput: true }),
      /Layer 0 takes an image, to which the constant 1/,
    ],
    [
      "signed inputs before max pooling",
      network({ pooling: { ...geometry, output: [4, 4, 2], input: [5, 5, 2] }, inputs: 50 }, { signedInputs: true }),
      /Layer 0 has max pooling, which signed inputs/,
    ],
  ] as const)("%s", (_what, bad, message) => {
    expect(() => validateNetwork(bad)).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringMatching(message) }),
    );
  });
});
