import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../src/engines/create.ts";
import { kernelsLearn } from "../../src/engines/fast/learner.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { damagedBlocks, usedBytes } from "../../src/engines/fast/kernels/memory.ts";
import { referenceEngine, referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import {
  createDenseNetwork,
  createNetwork,
  createSpikingNetwork,
  spikingNetwork,
  type Weighted,
} from "../../src/network/create.ts";
import { outputsOf, type SpikingLayer } from "../../src/network/layer.ts";
import { actionsOf, observationSize, type SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { unpackLayers } from "../../src/network/parameters.ts";
import { surrogateNames } from "../../src/network/surrogate.ts";
import { Random } from "../../src/numeric/random.ts";
import { convolutionSamples } from "./random-convolutions.ts";
import { described, everyNeuron, populated, samples } from "./random-networks.ts";
import { runOn } from "./run-on.ts";

const normals = (n: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => random.normal());
};

/** Everything in it as plain lists; -0 counts as 0. */
const unsigned = (result: unknown): unknown =>
  JSON.parse(
    JSON.stringify(result, (_key, value: unknown) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float64Array, (x) => (x === 0 ? 0 : x)) : value,
    ),
  );

afterAll(() => expect(damagedBlocks()).toEqual([]));

describe("the fast engine", () => {
  it("goes on from any state, and again from rest after it, as the reference does, with all options, in float32 and float64", () => {
    let spikes = 0;
    fc.assert(
      fc.property(
        samples({ size: 40, steps: 40, batch: 5, lif: "several" }),
        fc.nat(),
        ({ network, observations }, seed) => {
          for (const engines of [
            [fastEngine(), referenceEngine32],
            [fastEngine("float64"), referenceEngine],
          ]) {
            const options = { recordSpikes: true, recordPotentials: true, keepState: true, seed };
            const [a, b] = engines.map((engine) => {
              const loaded = engine.load(network);
              const first = loaded.run(observations, options);
              const steps = network.coding.steps + 3;
              const later = loaded.run(observations, { ...options, steps, state: first.state });
              const going = loaded.run(observations, { state: later.state });
              const again = loaded.run(
                observations.map((x) => 1 - x),
                { recordSpikes: true },
              );
              const decided = loaded.decide(observations.subarray(0, observationSize(network)), seed);
              const values = Array.from(loaded.values);
              loaded.close();
              return { first, later, going, again, decided, values };
            });
            expect(unsigned(a)).toEqual(unsigned(b));
            spikes += b.first.work!.spikes;
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(spikes).toBeGreaterThan(1000);
  });

  it("equals the reference through convolutions and pooling, also where layers share room for their currents", () => {
    const limits = { size: 6, channels: 5, steps: 12, pooling: true, lif: "several" } as const;
    fc.assert(
      fc.property(convolutionSamples(limits), fc.nat(), (sample, seed) => {
        const network = seed % 3 ? sample.network : populated(sample.network, seed);
        const options = { recordSpikes: true, recordPotentials: seed % 2 === 0, keepState: true, seed };
        const [a, b] = [fastEngine(), referenceEngine32].map((engine) => {
          const loaded = engine.load(network);
          const first = loaded.run(sample.observations, options);
          const later = loaded.run(sample.observations, { ...options, state: first.state, steps: 3 });
          loaded.close();
          return { first, later };
        });
        expect(unsigned(a)).toEqual(unsigned(b));
      }),
      { numRuns: 100 },
    );
  });

  it("never lets what pads a convolution's neurons to whole vectors spike", () => {
    // Six neurons whose currents lie where the potentials of the layer before, 8 neurons far below their threshold, were.
    const wide = convolution([1, 2, 4], { filters: 4, kernel: [1, 1] });
    const narrow = convolution(wide.output, { filters: 3, kernel: [1, 1] });
    const identity = Float32Array.from({ length: 16 }, (_, k) => Number(k % 5 === 0));
    const weights: Weighted[] = [
      { synapses: { kind: "convolution", ...wide }, weights: identity },
      { synapses: { kind: "convolution", ...narrow }, weights: Float32Array.from({ length: 12 }, (_, k) => k) },
      { synapses: { kind: "dense", inputs: 6, outputs: 1 }, weights: new Float32Array(6) },
    ];
    const drawn = spikingNetwork(weights, { steps: 9 });
    const layers = drawn.layers.map((layer, l): SpikingLayer => ({
      ...layer,
      activation: neuron("lagged-lif", { threshold: l === 0 ? 1000 : 1 }),
    }));
    const { spikes } = runOn(fastEngine(), { ...drawn, layers }, new Float32Array(8).fill(5), { recordSpikes: true });
    expect(spikes!.map(({ neuron }) => neuron.length)).toEqual([0, 0]);
  });

  it("equals the reference in wide layers, where rows stream through memory", () => {
    const network = createSpikingNetwork([7, 300, 512, 129, 3], new Random(4), {
      steps: 12,
      weightScale: 3,
      biasInput: true,
    });
    const observations = normals(14, 5);
    const [a, b] = [fastEngine(), referenceEngine32].map((engine) =>
      runOn(engine, network, observations, { recordSpikes: true }),
    );
    expect(a).toEqual(b);
    expect(b.spikeCounts[2].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(100);
    // Nearly everything spikes: the dense product takes over.
    const crowded: SpikingNetwork = {
      ...network,
      layers: network.layers.map((layer) => ({
        ...layer,
        activation: neuron("lagged-lif", { threshold: -1 }),
        biases: new Float32Array(outputsOf(layer)).fill(5),
      })),
    };
    const [c, d] = [fastEngine(), referenceEngine32].map((engine) =>
      runOn(engine, crowded, observations, { recordSpikes: true, recordPotentials: true }),
    );
    expect(c).toEqual(d);
    expect(d.spikeCounts[1].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0.7 * 2 * 12 * 512);
  });

  it("keeps the weights that a network had when it was loaded", () => {
    const network = createSpikingNetwork([4, 9, 2], new Random(1), { steps: 10 });
    const observations = normals(4, 2);
    const loaded = fastEngine().load(network);
    const before = loaded.run(observations).outputs;
    network.layers[1].weights.forEach((w, k, all) => (all[k] = 2 * w));
    expect(loaded.run(observations).outputs).toEqual(before);
    expect(loaded.run(observations, { steps: 10, recordPotentials: true }).outputs).toEqual(before);
    expect([...runOn(fastEngine(), network, observations).outputs]).toEqual([...before].map((x) => 2 * x));
    loaded.close();
  });

  it.each(["constant", "equidistant"] as const)("decides one observation at a time as it runs many: %s", (encoding) => {
    const network = createSpikingNetwork([4, 17, 17, 2], new Random(3), { steps: 20, biasInput: true, encoding });
    const observations = normals(40, 4);
    const loaded = fastEngine().load(network);
    const { actions, outputs } = loaded.run(observations);
    for (let b = 0; b < 10; b++) {
      expect(loaded.decide(observations.subarray(4 * b, 4 * b + 4))).toBe(actions[b]);
      expect(Array.from(loaded.values)).toEqual([...outputs.subarray(2 * b, 2 * b + 2)]);
    }
    loaded.close();
  });

  it("gives back what it took, however many numbers of steps were asked for, and then refuses", () => {
    const before = usedBytes();
    const loaded = fastEngine().load(createSpikingNetwork([4, 60, 2], new Random(1), { steps: 10 }));
    const x = normals(4, 2);
    loaded.decide(x);
    const one = usedBytes();
    for (let steps = 1; steps < 20; steps++) loaded.run(x, { steps, recordPotentials: steps % 2 === 0 });
    expect(usedBytes() - before).toBeLessThan(4 * (one - before));
    loaded.close();
    loaded.close();
    expect(usedBytes()).toBe(before);
    for (const use of [() => loaded.run(x), () => loaded.decide(x)])
      expect(use).toThrow(expect.objectContaining({ code: "NETWORK_CLOSED" }));
  });

  it("is loaded side by side with others", () => {
    const [a, b] = [1, 2].map((seed) => createSpikingNetwork([3, 11, 2], new Random(seed), { steps: 9 }));
    const x = normals(6, 3);
    const [first, second] = [a, b].map((network) => fastEngine().load(network));
    for (let k = 0; k < 3; k++) {
      expect(first.run(x)).toEqual(runOn(referenceEngine32, a, x));
      expect(second.run(x)).toEqual(runOn(referenceEngine32, b, x));
    }
    first.close();
    second.close();
  });

  it("refuses what can't be run", () => {
    const network = createSpikingNetwork([2, 3, 2], new Random(1), {});
    const thrown = (code: string) => expect.objectContaining({ code });
    for (const made of [network, createDenseNetwork([2, 3, 2], new Random(1))]) {
      const loaded = fastEngine().load(made);
      expect(() => loaded.run(new Float32Array(3))).toThrow(thrown("OBSERVATION_MISMATCH"));
      expect(() => loaded.decide(new Float32Array(3))).toThrow(thrown("OBSERVATION_MISMATCH"));
      expect(() => loaded.run(new Float32Array(0))).toThrow(thrown("BATCH_EMPTY"));
      expect(() => loaded.run(new Float32Array(2), { steps: 0 })).toThrow(thrown("BAD_STEPS"));
      loaded.close();
      expect(() => loaded.run(new Float32Array(2))).toThrow(thrown("NETWORK_CLOSED"));
    }
    const broken = {
      ...network,
      layers: [network.layers[0], { ...network.layers[1], weights: new Float32Array(6).fill(NaN) }],
    };
    expect(() => fastEngine().load(broken)).toThrow(thrown("NETWORK_INVALID"));
    expect(() => createTrainable(broken, { maxBatch: 1 })).toThrow(thrown("NETWORK_INVALID"));
    expect(() => createTrainable(network, { maxBatch: 0 })).toThrow(thrown("BATCH_EMPTY"));
    const learner = createTrainable(network, { maxBatch: 2 });
    expect(() => learner.forward(new Float32Array(6), 3)).toThrow(thrown("BATCH_TOO_LARGE"));
    expect(() => learner.forward(new Float32Array(3), 2)).toThrow(thrown("OBSERVATION_MISMATCH"));
    expect(() => learner.backward(new Float32Array(4))).toThrow(thrown("NO_FORWARD"));
    learner.close();
    expect(() => learner.forward(new Float32Array(2), 1)).toThrow(thrown("NETWORK_CLOSED"));
  });
});

describe("gradients of the fast engine", () => {
  const learnable = samples({
    size: 40,
    steps: 50,
    batch: 40,
    only: { encoding: "constant", decoding: "potential", signedInputs: false },
    lif: "plain",
  });

  it("equal those of the reference, whose forward pass has the same bits", () => {
    let largest = 0;
    const learned = new Map(everyNeuron.map((kind) => [kind as string, 0]));
    fc.assert(
      fc.property(
        learnable,
        fc.record({ name: fc.constantFrom(...surrogateNames), scale: fc.constantFrom(1, 10, 100) }),
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        fc.option(fc.constant({ strength: 3, rate: 0.05 }), { nil: undefined, freq: 2 }),
        (sample, surrogate, detachReset, threads, regulariser) => {
          const { network, batch, observations } = sample;
          const options = { maxBatch: batch, surrogate, detachReset, threads, regulariser };
          if (kernelsLearn(network, options))
            for (const { activation } of network.layers)
              learned.set(activation.kind, learned.get(activation.kind)! + 1);
          const learner = createTrainable(network, options);
          const derivatives = normals(batch * actionsOf(network), 2);
          const outputs = learner.forward(observations, batch).slice();
          learner.backward(derivatives);
          const expected = referenceGradients(network, observations, () => derivatives, {
            precision: "float32",
            surrogate,
            detachReset,
            regulariser,
          });
          expect(Array.from(outputs)).toEqual(Array.from(expected.outputs));
          unpackLayers(network, learner.gradients).forEach(({ weights, biases }, l) => {
            const pairs: [Float32Array, Float64Array][] = [[weights, expected.layers[l].weights]];
            if (biases) pairs.push([biases, expected.layers[l].biases]);
            for (const [got, wanted] of pairs) {
              const size = wanted.reduce((most, g) => Math.max(most, Math.abs(g)), 1e-3);
              largest = Math.max(largest, size);
              // Sums of hundreds of terms in another order.
              wanted.forEach((g, k) => {
                if (!(Math.abs(got[k] - g) / size < 2e-4))
                  throw new Error(`${described(sample)}: gradient ${k} of layer ${l} is ${got[k]}, not ${g}`);
              });
            }
          });
          learner.close();
        },
      ),
      { numRuns: 240 },
    );
    expect(largest).toBeGreaterThan(1);
    for (const [, layers] of learned) expect(layers).toBeGreaterThan(15);
  });

  it.each(everyNeuron)("are the same bits with 1, 2 and 3 threads: %s", async (kind) => {
    const network = createSpikingNetwork([5, 33, 20, 2], new Random(8), {
      steps: 20,
      neuron: neuron(kind, { beta: 0.9 }),
    });
    const observations = normals(5 * 100, 9);
    const derivatives = normals(200, 10);
    const runs = [];
    for (const threads of [1, 2, 3]) {
      const learner = createTrainable(network, { maxBatch: 100, threads });
      // Threads take a while to start; before that the caller's thread does all the work.
      if (threads > 1) await new Promise((resolve) => setTimeout(resolve, 300));
      for (let k = 0; k < 20; k++) {
        learner.forward(observations, 100);
        learner.backward(derivatives);
      }
      runs.push({ outputs: learner.forward(observations, 100).slice(), gradients: learner.gradients.slice() });
      learner.close();
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    expect(runs[0].gradients.some((g) => g !== 0)).toBe(true);
  });

  it("permute with the batch, and the order of the batch does not matter to the outputs", () => {
    const network = createSpikingNetwork([3, 20, 2], new Random(1), { steps: 15, weightScale: 2 });
    const learner = createTrainable(network, { maxBatch: 16 });
    const observations = normals(48, 2);
    const forward = learner.forward(observations, 16).slice();
    const reversed = Float32Array.from({ length: 48 }, (_, k) => observations[3 * (15 - Math.floor(k / 3)) + (k % 3)]);
    const backward = learner.forward(reversed, 16);
    for (let b = 0; b < 16; b++)
      for (let a = 0; a < 2; a++) expect(backward[2 * b + a]).toBe(forward[2 * (15 - b) + a]);
    learner.close();
  });

  it("of what the kernels don't know come from the reference: learned decays, a price on spikes, other decodings", () => {
    const network = createSpikingNetwork([3, 8, 2], new Random(1), {
      steps: 12,
      decoding: "spikes",
      neuron: neuron("lagged-lif", { alpha: 0.3, beta: 0.9 }),
      weightScale: 3,
    });
    const regulariser = { strength: 0.1, rate: 0.05 };
    const learner = createTrainable(network, {
      maxBatch: 4,
      learn: ["alpha", "threshold"],
      regulariser,
      surrogate: { name: "sigmoid", scale: 5 },
    });
    const observations = normals(12, 3);
    const derivatives = normals(8, 4);
    learner.forward(observations, 4);
    learner.backward(derivatives);
    const { layers } = referenceGradients(network, observations, () => derivatives, {
      precision: "float32",
      regulariser,
      surrogate: { name: "sigmoid", scale: 5 },
    });
    expect([...learner.gradients.slice(-4)]).toEqual(
      layers.flatMap(({ parameters: { alpha, threshold } }) => [...alpha, ...threshold].map(Math.fround)),
    );
    expect(layers[0].parameters.alpha[0]).not.toBe(0);
    learner.close();
  });

  it("of networks whose layers have different neurons come from the reference too", () => {
    const drawn = createSpikingNetwork([3, 8, 2], new Random(1), { steps: 6 });
    const layers = drawn.layers.map((layer, l): SpikingLayer => ({ ...layer, activation: neuron(everyNeuron[l]) }));
    const options = { maxBatch: 1, threads: 1, surrogate: { name: "arctan", scale: 2 }, detachReset: true } as const;
    expect(kernelsLearn({ ...drawn, layers }, options)).toBe(false);
    expect(kernelsLearn(drawn, options)).toBe(true);
  });

  it("keep within 8 bytes per batch, step and neuron", () => {
    const before = usedBytes();
    const [batch, steps, neurons] = [512, 100, 260];
    const learner = createTrainable(createSpikingNetwork([4, 128, 128, 4], new Random(1), { steps }), {
      maxBatch: batch,
    });
    expect(usedBytes() - before).toBeLessThan(8 * batch * steps * neurons);
    learner.close();
    expect(usedBytes()).toBe(before);
  });
});

describe("networks without spikes on the fast engine", () => {
  it.each(["float32", "float64"] as const)("have the reference's bits and work: dense, in %s", (precision) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 4 }), fc.nat(70), (shape, n) => {
        const network = createDenseNetwork(shape, new Random(n));
        const x = normals((n + 1) * shape[0], n).map((value) => (value > 1 ? 0 : value));
        const reference = precision === "float32" ? referenceEngine32 : referenceEngine;
        expect(runOn(fastEngine(precision), network, x)).toEqual(runOn(reference, network, x));
      }),
      { numRuns: 40 },
    );
  });

  it("decide as they run", () => {
    const network = createNetwork(
      [6, 5, 2],
      [
        { kind: "convolution", filters: 5, kernel: [3, 2] },
        { kind: "dense", outputs: 4 },
      ],
      new Random(1),
      0.5,
    );
    const loaded = fastEngine().load(network);
    const x = normals(3 * 60, 2);
    const { actions, outputs } = loaded.run(x);
    expect(loaded.decide(x.subarray(60, 120))).toBe(actions[1]);
    expect(Array.from(loaded.values)).toEqual([...outputs.subarray(4, 8)]);
    loaded.close();
  });
});
