import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { sizeOf } from "../../src/network/convolution.ts";
import { convolutionalRunner } from "../../src/engines/fast/convolutional.ts";
import { referenceConvolutionalActivations } from "../../src/engines/reference/convolutional.ts";
import {
  architectures,
  createConvolutionalNetwork,
  type ConvolutionalNetwork,
} from "../../src/network/old/convolutional-network.ts";
import { validateConvolutional } from "../../src/network/old/convolutional-validate.ts";
import { createDenseNetwork } from "../../src/network/old/dense-network.ts";
import { referenceDenseForward } from "../../src/engines/reference/dense.ts";
import { valuesOf } from "../../src/engines/values.ts";
import { damagedBlocks, usedBytes } from "../../src/engines/fast/kernels/memory.ts";
import { Random } from "../../src/numeric/random.ts";
import { everyKind, normals, sketched } from "../fixtures/convolutional/networks.ts";

afterAll(() => expect(damagedBlocks()).toEqual([]));

const images = (network: ConvolutionalNetwork, batch: number, seed = 9): Float32Array =>
  normals(batch * sizeOf(network.input), new Random(seed));

describe("convolutional networks, the reference", () => {
  it("correlate: a kernel with one 1 picks a shifted image", () => {
    const network: ConvolutionalNetwork = {
      kind: "convolutional",
      input: [3, 3, 1],
      inputScale: 2,
      layers: [
        {
          kind: "convolution",
          // Below and right of the middle, zeros outside.
          convolution: { input: [3, 3, 1], output: [3, 3, 1], kernel: [3, 3], strides: [1, 1], padding: [1, 1] },
          weights: Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1),
          biases: Float32Array.of(10),
          activation: "linear",
        },
      ],
    };
    const whole: ConvolutionalNetwork = {
      ...network,
      layers: [
        ...network.layers,
        {
          kind: "dense",
          inputs: 9,
          outputs: 1,
          weights: new Float32Array(9).fill(1),
          biases: new Float32Array(1),
          activation: "linear",
        },
      ],
    };
    const [image] = referenceConvolutionalActivations(whole, Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    expect([...image]).toEqual([20, 22, 10, 26, 28, 10, 10, 10, 10]);
  });

  it("pool over what lies in the image", () => {
    const kinds = (["average-pooling", "max-pooling"] as const).map((kind) =>
      sketched(
        [3, 3, 1],
        [
          { kind, kernel: [2, 2], strides: [2, 2], padding: "same" },
          { kind: "dense", outputs: 1 },
        ],
      ),
    );
    const image = Float64Array.of(-1, -2, -3, -4, -5, -6, -7, -8, -9);
    const [average, max] = kinds.map((network) => [...referenceConvolutionalActivations(network, image)[0]]);
    expect(average).toEqual([-3, -4.5, -7.5, -9]);
    expect(max).toEqual([-1, -3, -7, -9]);
  });

  it("of dense layers alone are a dense network", () => {
    const dense = createDenseNetwork([12, 8, 3], new Random(4));
    const network: ConvolutionalNetwork = {
      kind: "convolutional",
      input: [2, 3, 2],
      inputScale: 1,
      layers: dense.layers.map((layer, l) => ({ ...layer, kind: "dense", activation: l === 0 ? "relu" : "linear" })),
    };
    const states = images(network, 5);
    const ours = referenceConvolutionalActivations(network, states).at(-1)!;
    const theirs = referenceDenseForward(dense, states);
    ours.forEach((value, k) => expect(value).toBeCloseTo(theirs[k], 12)); // sums start from the bias or end with it
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
          const runner = convolutionalRunner(network, { threads });
          const expected = referenceConvolutionalActivations(network, states);
          for (const [l, values] of runner.activations(states, batch).entries()) {
            const scale = expected[l].reduce((most, x) => Math.max(most, Math.abs(x)), 1);
            const worst = values.reduce((most, x, k) => Math.max(most, Math.abs(x - expected[l][k])), 0);
            expect({ l, off: worst / scale < 1e-5 }).toEqual({ l, off: true });
          }
          expect(runner.forward(states, batch).outputs).toEqual(runner.activations(states, batch).at(-1));
          runner.close();
        },
      ),
      { numRuns: 25 },
    );
  });

  it("give their memory back", () => {
    const before = usedBytes();
    const runner = convolutionalRunner(sketched([8, 8, 2], everyKind));
    expect(usedBytes()).toBeGreaterThan(before);
    runner.close();
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
    const hidden = referenceConvolutionalActivations(network, image)[0].filter((x) => x !== 0).length;
    expect(valuesOf(network).forward(image, 1).multiplyAccumulates).toBe((4 + 9) * 3 + hidden * 2);
  });

  it("give the frames of a game their values", () => {
    const random = new Random(3);
    const network = createConvolutionalNetwork([84, 84, 4], architectures.small(4), random);
    const frames = Float32Array.from({ length: sizeOf(network.input) }, () => random.integer(256));
    const { outputs } = valuesOf(network).forward(frames, 1);
    const expected = referenceConvolutionalActivations(network, frames).at(-1)!;
    expect(outputs).toHaveLength(4);
    outputs.forEach((value, k) => expect(Math.abs(value - expected[k])).toBeLessThan(1e-6));
  });

  it("name both shapes when an observation does not fit", () => {
    const { forward } = valuesOf(sketched([4, 4, 1], [{ kind: "dense", outputs: 2 }]));
    expect(() => forward(new Float32Array(15), 1)).toThrow(
      expect.objectContaining({
        code: "OBSERVATION_MISMATCH",
        message: "15 values are not 1 observation(s) of 4 x 4 x 1 = 16 values each, which the network takes.",
      }),
    );
  });
});

describe("validation of convolutional networks", () => {
  const network = sketched([12, 11, 2], everyKind);
  const changed = (l: number, change: object): ConvolutionalNetwork => ({
    ...network,
    layers: network.layers.map((layer, k) => (k === l ? { ...layer, ...change } : layer)),
  });
  const geometry = (network.layers[0] as { convolution: object }).convolution;

  it("takes what is well", () => validateConvolutional(network));

  it.each([
    ["no layers", { ...network, layers: [] }, "The network has no layers."],
    ["a flat input", { ...network, input: [24] as never }, "input is [24] instead of height, width and channels"],
    ["a scale of 0", { ...network, inputScale: 0 }, "inputScale is 0"],
    [
      "another image",
      { ...network, input: [12, 11, 3] as const },
      "Layer 0 (convolution) takes 12 x 11 x 2, but the network's input is 12 x 11 x 3",
    ],
    [
      "a stride of 0",
      changed(0, { convolution: { ...geometry, strides: [0, 1] } }),
      "Layer 0 (convolution): its strides is [0, 1]",
    ],
    [
      "windows outside",
      changed(0, { convolution: { ...geometry, output: [9, 11, 5] } }),
      "Layer 0 (convolution): its output [9, 11, 5] has windows beyond the input [12, 11, 2]",
    ],
    [
      "padding beyond the kernel",
      changed(0, { convolution: { ...geometry, padding: [4, 0] } }),
      "padding [4, 0] holds a whole window",
    ],
    [
      "weights of another shape",
      changed(3, { weights: new Float32Array(7) }),
      "layers.3.weight has 7 values instead of 180 for shape [2, 3, 5, 6]",
    ],
    [
      "a bias that is not finite",
      changed(7, { biases: Float32Array.of(0, NaN, 0) }),
      "layers.7.bias holds NaN at index 1",
    ],
    [
      "a batch norm of another shape",
      changed(1, { shape: [1, 1, 5] }),
      "Layer 1 (batch-norm) takes 1 x 1 x 5, but layer 0 puts out 6 x 11 x 5",
    ],
    [
      "a negative variance",
      changed(1, { variance: Float32Array.of(1, 1, -1, 1, 1) }),
      "Layer 1 (batch-norm) has a variance below 0",
    ],
    [
      "a dense layer that does not fit",
      changed(5, { inputs: 3 }),
      "Layer 5 (dense) takes 3 values, but layer 4 puts out",
    ],
    ["a last layer with a ReLU", changed(7, { activation: "relu" }), "Layer 7, the last, must be dense and linear"],
    ["an unknown layer", changed(2, { kind: "lstm" }), 'Layer 2 has the unknown kind "lstm"'],
    ["an unknown activation", changed(5, { activation: "tanh" }), 'Layer 5 has the activation "tanh"'],
  ])("refuses %s", (_, bad, message) => {
    expect(() => validateConvolutional(bad)).toThrow(
      expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringContaining(message) }),
    );
  });
});
