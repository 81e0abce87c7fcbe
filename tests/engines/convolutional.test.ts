import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createRunner } from "../../src/engines/fast/artificial.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { damagedBlocks, usedBytes } from "../../src/engines/fast/kernels/memory.ts";
import { referenceActivations, referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import { architectures, createDenseNetwork, createNetwork } from "../../src/network/create.ts";
import { linear, type Pooling } from "../../src/network/layer.ts";
import { type Network, observationSize } from "../../src/network/network.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { Random } from "../../src/numeric/random.ts";
import { everyKind, normals, sketched } from "../fixtures/convolutional/networks.ts";
import { runOn } from "./run-on.ts";

afterAll(() => expect(damagedBlocks()).toEqual([]));

const images = (network: Network, batch: number, seed = 9): Float32Array =>
  normals(batch * observationSize(network), new Random(seed));

/** A layer that sees an image of one channel and puts out what it sees. */
const passing = (size: number, pooling?: Pooling): Network["layers"][number] => ({
  synapses: { kind: "dense", inputs: size, outputs: size },
  weights: Float32Array.from({ length: size * size }, (_, k) => Number(k % (size + 1) === 0)),
  biases: null,
  activation: linear,
  ...(pooling && { pooling }),
});

describe("networks without spikes, the reference", () => {
  it("correlate: a kernel with one 1 picks a shifted image", () => {
    // Below and right of the middle, zeros outside.
    const shifting = {
      synapses: {
        kind: "convolution",
        input: [3, 3, 1],
        output: [3, 3, 1],
        kernel: [3, 3],
        strides: [1, 1],
        padding: [1, 1],
      },
      weights: Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1),
      biases: Float32Array.of(10),
      activation: linear,
    } as const;
    const network: Network = { input: [3, 3, 1], inputScale: 2, layers: [shifting, passing(9)] };
    const [image] = referenceActivations(network, Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    expect([...image]).toEqual([20, 22, 10, 26, 28, 10, 10, 10, 10]);
  });

  it("pool over what lies in the image", () => {
    const window = convolution([3, 3, 1], { filters: 1, kernel: [2, 2], strides: [2, 2], padding: "same" });
    const image = Float64Array.of(-1, -2, -3, -4, -5, -6, -7, -8, -9);
    const [average, max] = (["average", "max"] as const).map((kind) => {
      const network: Network = { input: [3, 3, 1], inputScale: 1, layers: [passing(4, { kind, window })] };
      return [...referenceActivations(network, image)[0]];
    });
    expect(average).toEqual([-3, -4.5, -7.5, -9]);
    expect(max).toEqual([-1, -3, -7, -9]);
  });

  it("are the same over a list and over an image, where all layers are dense", () => {
    const dense = createDenseNetwork([12, 8, 3], new Random(4));
    const states = images(dense, 5);
    for (const engine of [referenceEngine, referenceEngine32, fastEngine(), fastEngine("float64")])
      expect(runOn(engine, { ...dense, input: [2, 3, 2] }, states)).toEqual(runOn(engine, dense, states));
  });
});

describe("convolutional networks on the kernels", () => {
  const shapes = fc.tuple(
    fc.integer({ min: 5, max: 13 }),
    fc.integer({ min: 5, max: 13 }),
    fc.integer({ min: 1, max: 5 }),
  );

  it("put out what the reference does, layer by layer, with any number of threads", () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 0, max: 1e6 }),
        (input, batch, threads, seed) => {
          const network = sketched(input, everyKind, seed, 0.5);
          const states = images(network, batch, seed);
          const runner = createRunner(network, { threads });
          const expected = referenceActivations(network, states);
          const all = expected.map(({ length }) => new Float32Array(length));
          runner.run(states, batch, (first, count) =>
            runner.outputs.forEach((values, l) => {
              const size = all[l].length / batch;
              all[l].set(values.subarray(0, count * size), first * size);
            }),
          );
          for (const [l, values] of all.entries()) {
            const scale = expected[l].reduce((most, x) => Math.max(most, Math.abs(x)), 1);
            const worst = values.reduce((most, x, k) => Math.max(most, Math.abs(x - expected[l][k])), 0);
            expect({ l, off: worst / scale < 1e-5 }).toEqual({ l, off: true });
          }
          expect(runOn(fastEngine(), network, states).outputs).toEqual(Float64Array.from(all.at(-1)!));
          runner.close();
        },
      ),
      { numRuns: 25 },
    );
  });

  it("give their memory back", () => {
    const before = usedBytes();
    const loaded = fastEngine().load(sketched([8, 8, 2], everyKind));
    expect(usedBytes()).toBeGreaterThan(before);
    loaded.close();
    expect(usedBytes()).toBe(before);
  });

  it("count the effective multiply-accumulates: nonzero inputs times outgoing connections", () => {
    const network = sketched(
      [4, 4, 1],
      [
        { kind: "convolution", filters: 3, kernel: [3, 3], padding: "same", activation: "linear" },
        { kind: "dense", outputs: 2 },
      ],
    );
    const image = new Float32Array(16);
    image[0] = 1; // a corner: 4 positions see it
    image[5] = 1; // inside: 9 do
    const hidden = referenceActivations(network, image)[0].filter((x) => x !== 0).length;
    const multiplyAccumulates = (4 + 9) * 3 + hidden * 2;
    for (const engine of [fastEngine(), referenceEngine])
      expect(runOn(engine, network, image).work).toEqual({
        spikes: 0,
        accumulates: 0,
        multiplyAccumulates,
        synOps: multiplyAccumulates,
        active: hidden,
      });
  });

  it("give the frames of a game their values", () => {
    const random = new Random(3);
    const network = createNetwork([84, 84, 4], architectures.small(4), random, 1 / 255);
    const frames = Float32Array.from({ length: observationSize(network) }, () => random.integer(256));
    const { outputs } = runOn(fastEngine(), network, frames);
    const expected = referenceActivations(network, frames).at(-1)!;
    expect(outputs).toHaveLength(4);
    outputs.forEach((value, k) => expect(Math.abs(value - expected[k])).toBeLessThan(1e-6));
  });

  it("equal the reference bit for bit, in float32 and float64, and decide as they run", () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 1e6 }), (input, seed) => {
        const network = sketched(input, everyKind, seed, 0.5);
        const states = images(network, 3, seed);
        for (const [fast, reference] of [
          [fastEngine(), referenceEngine32],
          [fastEngine("float64"), referenceEngine],
        ])
          expect(runOn(fast, network, states)).toEqual(runOn(reference, network, states));
        const loaded = fastEngine().load(network);
        const size = observationSize(network);
        const { outputs, actions, potentials } = loaded.run(states);
        expect(potentials).toEqual(outputs);
        for (let b = 0; b < 3; b++) {
          expect(loaded.decide(states.subarray(b * size, (b + 1) * size))).toBe(actions[b]);
          expect(Array.from(loaded.values)).toEqual(Array.from(outputs.subarray(b * 3, (b + 1) * 3)));
        }
        loaded.close();
      }),
      { numRuns: 25 },
    );
  });

  it("refuse an observation of another length", () => {
    const loaded = fastEngine().load(sketched([4, 4, 1], [{ kind: "dense", outputs: 2 }]));
    for (const wrong of [() => loaded.run(new Float32Array(15)), () => loaded.decide(new Float32Array(15))])
      expect(wrong).toThrow(expect.objectContaining({ code: "OBSERVATION_MISMATCH" }));
    loaded.close();
  });
});

describe("validation of networks without spikes", () => {
  const network = sketched([12, 11, 2], everyKind);
  const changed = (l: number, change: object): Network => ({
    ...network,
    layers: network.layers.map((layer, k) => (k === l ? { ...layer, ...change } : layer)),
  });
  const [first, second, third] = network.layers.map(({ synapses }) => synapses);
  const last = network.layers.length - 1;

  it("takes what is well", () => validateNetwork(network));

  it.each([
    ["no layers", { ...network, layers: [] }, "The network has no layers."],
    [
      "an input of two sizes",
      { ...network, input: [24, 2] as never },
      "input is [24, 2] instead of one size, or height",
    ],
    ["a scale of 0", { ...network, inputScale: 0 }, "inputScale is 0"],
    [
      "another image of the same size",
      { ...network, input: [11, 12, 2] as const },
      "Layer 0 takes an image of 12 x 11 x 2, but gets one of 11 x 12 x 2",
    ],
    [
      "another image",
      { ...network, input: [12, 11, 3] as const },
      "Layer 0 takes 264 inputs, but the observation has 396 values",
    ],
    [
      "a stride of 0",
      changed(0, { synapses: { ...first, strides: [0, 1] } }),
      "Layer 0: of its convolution its strides is [0, 1]",
    ],
    [
      "windows outside",
      changed(0, { synapses: { ...first, output: [9, 11, 5] } }),
      "Layer 0: of its convolution its output [9, 11, 5] has windows beyond the input [12, 11, 2]",
    ],
    [
      "padding beyond the kernel",
      changed(0, { synapses: { ...first, padding: [4, 0] } }),
      "padding [4, 0] holds a whole window",
    ],
    [
      "weights of another shape",
      changed(1, { weights: new Float32Array(7) }),
      "layers.1.weight has 7 values instead of 180 for shape [2, 3, 5, 6]",
    ],
    [
      "a bias that is not finite",
      changed(last, { biases: Float32Array.of(0, NaN, 0) }),
      `layers.${last}.bias holds NaN at index 1`,
    ],
    [
      "a dense layer that does not fit",
      changed(2, { synapses: { ...third, inputs: 3 } }),
      "windows, but synapses from 3 values",
    ],
    [
      "a last layer with a ReLU",
      changed(last, { activation: { kind: "relu" } }),
      `Layer ${last}, the last, must be linear`,
    ],
    [
      "unknown synapses",
      changed(1, { synapses: { ...second, kind: "lstm" } }),
      'Layer 1 has synapses of the unknown kind "lstm"',
    ],
    ["an unknown activation", changed(2, { activation: { kind: "tanh" } }), 'Layer 2 has the unknown neuron "tanh"'],
  ])("refuses %s", (_, bad, message) => {
    expect(() => validateNetwork(bad)).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringContaining(message) }),
    );
  });
});
