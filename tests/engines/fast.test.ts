import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../src/engines/create.ts";
import { unpackLayers } from "../../src/network/parameters.ts";
import { damagedBlocks, usedBytes } from "../../src/engines/fast/kernels/memory.ts";
import { Random } from "../../src/numeric/random.ts";
import { createDecider, fastEngine } from "../../src/engines/fast/index.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine, referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";
import { surrogateNames } from "../../src/network/surrogate.ts";

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 5 });
const dynamics = fc.record({
  alpha: fc.constantFrom(0, 0, 0.5, 1),
  beta: fc.constantFrom(1, 1, 0.9, 0),
  reset: fc.constantFrom("subtraction", "zero"),
  threshold: fc.constantFrom(1, 0.5, -0.1),
  resetBy: fc.constantFrom(1, 0.5),
});
const model = fc.record({
  biasInput: fc.boolean(),
  signedInputs: fc.boolean(),
  steps: fc.integer({ min: 1, max: 40 }),
  encoding: fc.constantFrom("constant", "poisson", "equidistant", "equidistant-original"),
  decoding: fc.constantFrom("potential", "max-potential", "spikes", "first-spike"),
  ties: fc.constantFrom("first", "last", "potential"),
});
const cases = fc.record({
  shape: sizes,
  dynamics,
  model,
  extras: fc.boolean(),
  batch: fc.integer({ min: 1, max: 5 }),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** A network with weights twice as large as usual (so that it spikes), and for half of the cases biases and initial potentials. */
function build({
  shape,
  dynamics,
  model,
  extras,
  seed,
}: Pick<Case, "shape" | "dynamics" | "model" | "extras" | "seed">): SpikingNetwork {
  const random = new Random(seed);
  const network = createSpikingNetwork(shape, random, { ...dynamics, ...model, weightScale: 2 });
  if (!extras) return network;
  const normals = (n: number, scale: number) => Float32Array.from({ length: n }, () => random.normal() * scale);
  return {
    ...network,
    layers: network.layers.map((layer) => ({
      ...layer,
      biases: normals(layer.outputs, 0.2),
      initialPotential: normals(layer.outputs, 0.5),
    })),
  };
}

const normals = (n: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => random.normal());
};

afterAll(() => expect(damagedBlocks()).toEqual([]));

describe("the fast engine", () => {
  it("equals the reference in every spike, potential and count, with all options, in float32 and float64, also when it goes on", () => {
    let spikes = 0;
    fc.assert(
      fc.property(cases, (c) => {
        const network = build(c);
        const observations = normals(c.batch * c.shape[0], c.seed + 1);
        for (const [fast, reference] of [
          [fastEngine(), referenceEngine32],
          [fastEngine("float64"), referenceEngine],
        ]) {
          const options = { recordSpikes: true, recordPotentials: true, keepState: true, seed: c.seed };
          const [a, b] = [fast, reference].map((engine) => engine.run(network, observations, options));
          expect(a).toEqual(b);
          const [later, expected] = [fast, reference].map((engine) =>
            engine.run(network, observations, { ...options, steps: network.steps + 3, state: b.state }),
          );
          expect(later).toEqual(expected);
          const [again, anew] = [fast, reference].map((engine) =>
            engine.run(
              network,
              observations.map((x) => 1 - x),
              { recordSpikes: true, unchanged: true },
            ),
          );
          expect(again).toEqual(anew);
          spikes += b.work.spikes;
        }
      }),
      { numRuns: 60 },
    );
    expect(spikes).toBeGreaterThan(1000);
  });

  it("equals the reference in wide layers, where rows stream through memory", () => {
    const network = createSpikingNetwork([7, 300, 512, 129, 3], new Random(4), {
      steps: 12,
      weightScale: 3,
      biasInput: true,
    });
    const observations = normals(14, 5);
    const [a, b] = [fastEngine(), referenceEngine32].map((engine) =>
      engine.run(network, observations, { recordSpikes: true }),
    );
    expect(a).toEqual(b);
    expect(b.spikeCounts[2].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(100);
    // Nearly everything spikes: the dense product takes over.
    const crowded = {
      ...network,
      layers: network.layers.map((layer) => ({
        ...layer,
        threshold: -1,
        biases: new Float32Array(layer.outputs).fill(5),
      })),
    };
    const [c, d] = [fastEngine(), referenceEngine32].map((engine) =>
      engine.run(crowded, observations, { recordSpikes: true, recordPotentials: true }),
    );
    expect(c).toEqual(d);
    expect(d.spikeCounts[1].reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0.7 * 2 * 12 * 512);
  });

  it("follows weights that change between runs", () => {
    const network = createSpikingNetwork([4, 9, 2], new Random(1), { steps: 10 });
    const observations = normals(4, 2);
    const before = fastEngine().run(network, observations).outputs;
    network.layers[1].weights.forEach((w, k, all) => (all[k] = 2 * w));
    expect([...fastEngine().run(network, observations).outputs]).toEqual([...before].map((x) => 2 * x));
  });

  it("needn't look at a network again that is said to be unchanged", () => {
    const network = createSpikingNetwork([4, 9, 2], new Random(1), { steps: 10 });
    const observations = normals(4, 2);
    const unchanged = { unchanged: true };
    const before = fastEngine().run(network, observations, unchanged).outputs; // the first time it must
    network.layers[1].weights.fill(NaN);
    expect(fastEngine().run(network, observations, unchanged).outputs).toEqual(before);
    expect(() => fastEngine().run(network, observations)).toThrow("NaN");
    expect(() => fastEngine().run({ ...network }, observations, unchanged)).toThrow("NaN");
  });

  it("decides as the engine does, one observation at a time", () => {
    for (const encoding of ["constant", "equidistant"] as const) {
      const network = createSpikingNetwork([4, 17, 17, 2], new Random(3), { steps: 20, biasInput: true, encoding });
      const observations = normals(40, 4);
      const decider = createDecider(network);
      const { actions } = fastEngine().run(network, observations);
      expect(Array.from({ length: 10 }, (_, b) => decider.act(observations.subarray(4 * b, 4 * b + 4)))).toEqual([
        ...actions,
      ]);
      decider.close();
    }
  });

  it("refuses what can't be run", () => {
    const network = createSpikingNetwork([2, 3, 2], new Random(1), {});
    const thrown = (code: string) => expect.objectContaining({ code });
    expect(() => fastEngine().run(network, new Float32Array(3))).toThrow(thrown("OBSERVATION_MISMATCH"));
    expect(() => fastEngine().run(network, new Float32Array(0))).toThrow(thrown("BATCH_EMPTY"));
    expect(() => fastEngine().run(network, new Float32Array(2), { steps: 0 })).toThrow(thrown("BAD_STEPS"));
    const broken = {
      ...network,
      layers: [network.layers[0], { ...network.layers[1], weights: new Float32Array(6).fill(NaN) }],
    };
    expect(() => fastEngine().run(broken, new Float32Array(2))).toThrow(thrown("NETWORK_INVALID"));
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
  const learning = fc.record({
    shape: sizes,
    dynamics: dynamics.filter(({ threshold }) => threshold > 0),
    model: fc.record({ biasInput: fc.boolean(), steps: fc.integer({ min: 1, max: 50 }) }),
    extras: fc.boolean(),
    batch: fc.integer({ min: 1, max: 40 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    surrogate: fc.record({ name: fc.constantFrom(...surrogateNames), scale: fc.constantFrom(1, 10, 100) }),
    detachReset: fc.boolean(),
    threads: fc.integer({ min: 1, max: 3 }),
  });

  it("equal those of the reference, whose forward pass has the same bits", () => {
    let largest = 0;
    fc.assert(
      fc.property(learning, (c) => {
        const network = build({
          ...c,
          model: { ...c.model, signedInputs: false, encoding: "constant", decoding: "potential", ties: "first" },
        });
        const { surrogate, detachReset, threads, batch } = c;
        const learner = createTrainable(network, { maxBatch: batch, surrogate, detachReset, threads });
        const observations = normals(batch * c.shape[0], c.seed + 1);
        const derivatives = normals(batch * c.shape.at(-1)!, c.seed + 2);
        const outputs = learner.forward(observations, batch).slice();
        learner.backward(derivatives);
        const expected = referenceGradients(network, observations, () => derivatives, {
          precision: "float32",
          surrogate,
          detachReset,
        });
        expect(Array.from(outputs)).toEqual(Array.from(expected.outputs));
        unpackLayers(network, learner.gradients).forEach(({ weights, biases }, l) => {
          const pairs: [Float32Array, Float64Array][] = [[weights, expected.layers[l].weights]];
          if (biases) pairs.push([biases, expected.layers[l].biases]);
          for (const [got, wanted] of pairs) {
            const size = wanted.reduce((most, g) => Math.max(most, Math.abs(g)), 1e-3);
            largest = Math.max(largest, size);
            // Sums of hundreds of terms in another order.
            wanted.forEach((g, k) => expect(Math.abs(got[k] - g) / size).toBeLessThan(2e-4));
          }
        });
        learner.close();
      }),
      { numRuns: 40 },
    );
    expect(largest).toBeGreaterThan(1);
  });

  it("are the same bits with 1, 2 and 3 threads", async () => {
    const network = createSpikingNetwork([5, 33, 20, 2], new Random(8), { steps: 20 });
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
      alpha: 0.3,
      beta: 0.9,
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
      layers.flatMap(({ alpha, threshold }) => [Math.fround(alpha), Math.fround(threshold)]),
    );
    expect(layers[0].alpha).not.toBe(0);
    learner.close();
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
