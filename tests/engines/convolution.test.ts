import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { damagedBlocks } from "../../src/engines/fast/kernels/memory.ts";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import { spikingNetwork, type Weighted } from "../../src/network/create.ts";
import type { LocalEngine, RunResult } from "../../src/network/engine.ts";
import { type Coding, observationSize, type Shape, type SpikingNetwork } from "../../src/network/network.ts";
import { type Neuron, neuron } from "../../src/network/neurons/index.ts";
import { populationOf } from "../../src/network/populations.ts";
import { denseEquivalent } from "../../src/network/synapses.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { Random } from "../../src/numeric/random.ts";
import { convolutionSamples } from "./random-convolutions.ts";
import { described, populated, type Sample } from "./random-networks.ts";
import { runOn } from "./run-on.ts";

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

function expectSame(a: [LocalEngine, SpikingNetwork], b: [LocalEngine, SpikingNetwork], sample: Sample): number {
  const [first, second] = [a, b].map(([engine, network]) => runOn(engine, network, sample.observations, everything));
  try {
    expect(plain(first)).toEqual(plain(second));
  } catch (error) {
    throw new Error(`${described(sample)}\n${(error as Error).message}`);
  }
  return second.work!.spikes;
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
      fc.property(convolutionSamples({ ...small, channels, steps: 10, lif: "several" }), fc.nat(), (sample, seed) => {
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
      fc.property(convolutionSamples({ size: 5, channels: 70, steps: 5, pooling: true, lif: "several" }), (sample) => {
        expectSame([fast, sample.network], [reference, sample.network], sample);
      }),
      { numRuns: 12 },
    );
  });

  it("goes on from a state as if it had never stopped", () => {
    fc.assert(
      fc.property(convolutionSamples(small), ({ network, observations }) => {
        const { decoding, encoding } = network.coding;
        if (decoding !== "potential" || encoding === "poisson") return;
        for (const engine of [reference, fast]) {
          const { state } = runOn(engine, network, observations, { steps: 3, keepState: true });
          const { potentials } = runOn(engine, network, observations, { steps: 5, state });
          expect(potentials).toEqual(runOn(engine, network, observations, { steps: 8 }).potentials);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const window = convolution([2, 2, 1], { filters: 1, kernel: [2, 2] });
/** One window's value, as it is, into one neuron. */
const passing = (kind: "average" | "max"): Weighted => ({
  pooling: { kind, window },
  synapses: { kind: "dense", inputs: 1, outputs: 1 },
  weights: Float32Array.of(1),
});
/** Four neurons that fire at rates x, pooled into one potential. */
function pooled(kind: "average" | "max", steps: number, of: Neuron = neuron("lagged-lif")): SpikingNetwork {
  const weights = Float32Array.from({ length: 16 }, (_, k) => Number(k % 5 === 0));
  return spikingNetwork([{ synapses: { kind: "dense", inputs: 4, outputs: 4 }, weights }, passing(kind)], {
    steps,
    neuron: of,
  });
}

describe("max pooling", () => {
  it.each([referenceEngine, fastEngine()])(
    "sends as many spikes as the busiest input, at every time ($name)",
    (engine) => {
      const random = new Random(5);
      for (let k = 0; k < 20; k++) {
        const x = Float32Array.from({ length: 4 }, () => random.uniform());
        const all = { recordSpikes: true, recordPotentials: true };
        const { spikes, membranes } = runOn(engine, pooled("max", 60), x, all);
        for (let t = 0; t < 58; t++) {
          const counts = [0, 0, 0, 0];
          spikes![0].neuron.forEach((n, e) => (counts[n] += Number(spikes![0].step[e] <= t)));
          expect(membranes![1][t + 1]).toBe(Math.max(...counts)); // input of step t is in the potential of step t + 1
        }
      }
    },
  );

  it("passes the largest of constant currents", () => {
    const network = spikingNetwork([passing("max")], { steps: 3 });
    for (const engine of [referenceEngine, referenceEngine32, fastEngine(), fastEngine("float64")])
      expect(runOn(engine, network, Float32Array.of(-1, -0.25, -3, -0.5)).outputs[0]).toBe(-0.5);
  });
});

describe("average pooling", () => {
  it.each([referenceEngine, fastEngine()])(
    "sends the share of its inputs that spike, step by step ($name)",
    (engine) => {
      const x = Float32Array.of(0.3, 0.8, 1, 0.55);
      for (const kind of ["lagged-lif", "lif"] as const) {
        const { spikes, membranes, work } = runOn(engine, pooled("average", 40, neuron(kind)), x, {
          recordSpikes: true,
          recordPotentials: true,
        });
        const late = kind === "lif" ? 0 : 1; // input of step t is in the potential of step t + 1
        for (let t = 0; t < 38; t++)
          expect(membranes![1][t + late]).toBe(spikes![0].step.filter((step) => step <= t).length / 4);
        const steps = new Set(spikes![0].step).size;
        // 4 of them in the first layer, whose other weights are 0
        expect(work).toMatchObject({ accumulates: 0, multiplyAccumulates: 4 + steps });
      }
    },
  );

  it("passes the mean of constant currents", () => {
    const network = spikingNetwork([passing("average")], { steps: 3 });
    for (const engine of [referenceEngine, referenceEngine32, fastEngine(), fastEngine("float64")])
      expect(runOn(engine, network, Float32Array.of(-1, -0.25, -3, -0.75)).outputs[0]).toBe(-2.5);
  });
});

it.each(["average", "max"] as const)("%s pooling has no matrix", (kind) => {
  expect(() => denseEquivalent(pooled(kind, 4))).toThrow(
    expect.objectContaining({ code: "LAYER_UNSUPPORTED", message: expect.stringContaining("Layer 1") }),
  );
});

it("decides as it runs, one observation after the other", () => {
  fc.assert(
    fc.property(convolutionSamples(small), fc.boolean(), ({ network, batch, observations }, plainly) => {
      const plain: Partial<Coding> = plainly ? { encoding: "constant", decoding: "potential" } : {};
      const coding = { ...network.coding, ...plain };
      const size = observationSize(network);
      for (const engine of [fastEngine(), referenceEngine32]) {
        const loaded = engine.load({ ...network, coding });
        for (let b = 0; b < batch; b++) {
          const own = observations.subarray(b * size, (b + 1) * size);
          const { actions, outputs } = loaded.run(own, { seed: 4 });
          expect(loaded.decide(own, 4)).toBe(actions[0]);
          expect(Array.from(loaded.values)).toEqual(Array.from(outputs));
        }
        loaded.close();
      }
    }),
    { numRuns: 30 },
  );
});

describe("validateNetwork names the layer and what is wrong with", () => {
  const geometry = convolution([4, 4, 2], { filters: 3, kernel: [2, 2] });
  const layer: Weighted = { synapses: { kind: "convolution", ...geometry }, weights: new Float32Array(24) };
  const network = (changes: object, options: object = {}, input: Shape = [4, 4, 2]): SpikingNetwork =>
    spikingNetwork([{ ...layer, ...changes }], options, input);
  const synapses = (changes: object) => ({ synapses: { ...layer.synapses, ...changes } });
  const pooling = (changes: object) => ({
    pooling: { kind: "max", window: { ...geometry, output: [4, 4, 2], input: [5, 5, 2], ...changes } },
  });

  it("nothing, if all fits", () => expect(() => validateNetwork(network({}))).not.toThrow());

  it.each([
    [
      "an image of another size than what comes",
      network({ ...synapses({ input: [4, 4, 3] }), weights: new Float32Array(36) }),
      /Layer 0 takes 48 inputs, but the observation has 32 values/,
    ],
    [
      "an image of another shape than what comes",
      network(synapses({ input: [2, 8, 2], output: [1, 7, 3] })),
      /Layer 0 takes an image of 2 x 8 x 2, but gets one of 4 x 4 x 2/,
    ],
    [
      "a kernel of another size",
      network({ weights: new Float32Array(23) }),
      /layers.0.weight has 23 values instead of 24 for shape \[2, 2, 2, 3\]/,
    ],
    ["strides of 0", network(synapses({ strides: [0, 1] })), /Layer 0: of its convolution its strides is \[0, 1\]/],
    ["windows outside of the image", network(synapses({ padding: [2, 0] })), /Layer 0: of its convolution its padding/],
    ["a pooling that changes channels", network(pooling({ input: [5, 5, 1] })), /makes 2 channels of 1/],
    ["a pooling of no kind", network({ pooling: { kind: "min", window: geometry } }), /unknown pooling "min"/],
    [
      "the constant input of biasInput",
      network({}, { biasInput: true }, [31]),
      /Layer 0 takes an image, to which the constant 1/,
    ],
    [
      "signed inputs before pooling",
      network(pooling({}), { signedInputs: true }, [5, 5, 2]),
      /Layer 0 pools, which signed inputs/,
    ],
  ] as const)("%s", (_what, bad, message) => {
    expect(() => validateNetwork(bad)).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringMatching(message) }),
    );
  });
});
