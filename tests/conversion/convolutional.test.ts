import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { convolution, forEachSynapse, type ImageShape, sizeOf } from "../../src/network/convolution.ts";
import { referenceConvolutionalActivations } from "../../src/engines/reference/convolutional.ts";
import {
  architectures,
  type ConvolutionalLayer,
  type ConvolutionalNetwork,
  createConvolutionalNetwork,
} from "../../src/network/old/convolutional-network.ts";
import { stageScales } from "../../src/conversion/convolutional/scales.ts";
import { type Stage, stageInputs, stagesOf } from "../../src/conversion/convolutional/stages.ts";
import { balancedConvolution, convert } from "../../src/conversion/convert.ts";
import { Random } from "../../src/numeric/random.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { windowMaxima } from "../../src/network/pooling.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { convertible } from "./random-images.ts";

/** A stage as a function, its ReLU left out. */
function applied(stage: Stage, x: Float64Array): Float64Array {
  const { pooling, convolution, weights, biases } = stage;
  let input = x;
  if (pooling) windowMaxima(pooling, x, (input = new Float64Array(sizeOf(pooling.output))));
  const y = biases.slice();
  if (convolution) forEachSynapse(convolution, (source, target, k) => void (y[target] += input[source] * weights[k]));
  else
    for (let i = 0; i < input.length; i++)
      for (let j = 0; j < y.length; j++) y[j] += input[i] * weights[i * y.length + j];
  return y;
}

describe("stagesOf", () => {
  it("is the network: normalisations, averages and inputScale folded away", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(convertible, ({ network, states }) => {
        const stages = stagesOf(network);
        const size = sizeOf(network.input);
        const activations = referenceConvolutionalActivations(network, states.subarray(0, size));
        let x = Float64Array.from(states.subarray(0, size));
        for (const [l, stage] of stages.entries()) {
          expect(stageInputs(stage)).toBe(x.length);
          x = applied(stage, x).map((y) => (l < stages.length - 1 ? Math.max(y, 0) : y));
          const expected = activations[stage.layer];
          for (let j = 0; j < x.length; j++) expect(x[j]).toBeCloseTo(expected[j], 4);
        }
        network.layers.forEach(({ kind }) => kinds.add(kind));
      }),
      { numRuns: 80 },
    );
    expect([...kinds].sort()).toEqual(["average-pooling", "batch-norm", "convolution", "dense", "max-pooling"]);
  });

  const image: ImageShape = [8, 8, 2];
  const random = new Random(1);
  const conv = (
    input: ImageShape,
    options: object = {},
    activation: "relu" | "linear" = "relu",
  ): ConvolutionalLayer => {
    const geometry = convolution(input, { filters: 2, kernel: [3, 3], ...options });
    return {
      kind: "convolution",
      convolution: geometry,
      weights: new Float32Array(36).map(() => random.normal()),
      biases: new Float32Array(2),
      activation,
    };
  };
  const pool = (
    kind: "average-pooling" | "max-pooling",
    input: ImageShape,
    options: object = {},
  ): ConvolutionalLayer => ({
    kind,
    window: convolution(input, { filters: 2, kernel: [2, 2], strides: [2, 2], ...options }),
  });
  const norm = (shape: ImageShape, gamma: number, activation: "relu" | "linear" = "linear"): ConvolutionalLayer => {
    const of = (x: number): Float32Array => new Float32Array(2).fill(x);
    return {
      kind: "batch-norm",
      shape,
      gamma: of(gamma),
      beta: of(0),
      mean: of(0),
      variance: of(1),
      epsilon: 1e-3,
      activation,
    };
  };
  const network = (layers: ConvolutionalLayer[], last: ImageShape): ConvolutionalNetwork => ({
    kind: "convolutional",
    input: image,
    inputScale: 1,
    layers: [
      ...layers,
      {
        kind: "dense",
        inputs: sizeOf(last),
        outputs: 3,
        weights: new Float32Array(sizeOf(last) * 3),
        biases: new Float32Array(3),
        activation: "linear",
      },
    ],
  });

  it("keeps whole windows of averages before a convolution a convolution, of kernel (k - 1) s + w", () => {
    const [stage] = stagesOf(network([pool("average-pooling", image), conv([4, 4, 2])], [2, 2, 2]));
    expect(stage.convolution).toMatchObject({ kernel: [6, 6], strides: [2, 2], input: image, output: [2, 2, 2] });
  });

  it("makes one max pooling of two", () => {
    const [, stage] = stagesOf(
      network(
        [conv(image), pool("max-pooling", [6, 6, 2]), pool("max-pooling", [3, 3, 2], { strides: [1, 1] })],
        [2, 2, 2],
      ),
    );
    expect(stage.pooling).toMatchObject({ kernel: [4, 4], strides: [2, 2], input: [6, 6, 2], output: [2, 2, 2] });
  });

  it.each([
    [
      "a hidden layer without a ReLU",
      network([conv(image, {}, "linear"), conv([6, 6, 2])], [4, 4, 2]),
      0,
      /nothing rectifies/,
    ],
    [
      "a normalisation with a ReLU of its own",
      network([conv(image), norm([6, 6, 2], 1, "relu")], [6, 6, 2]),
      1,
      /neurons of its own/,
    ],
    [
      "the largest of averages",
      network([conv(image), pool("average-pooling", [6, 6, 2]), pool("max-pooling", [3, 3, 2])], [1, 1, 2]),
      2,
      /largest of averages/,
    ],
    [
      "the largest of negated values",
      network([conv(image), norm([6, 6, 2], -1), pool("max-pooling", [6, 6, 2])], [3, 3, 2]),
      2,
      /smallest/,
    ],
    [
      "two max poolings, one padded",
      network(
        [conv(image), pool("max-pooling", [6, 6, 2]), pool("max-pooling", [3, 3, 2], { padding: "same" })],
        [2, 2, 2],
      ),
      2,
      /padded/,
    ],
  ] as const)("refuses %s by name", (_what, bad, layer, why) => {
    expect(() => stagesOf(bad)).toThrow(
      expect.objectContaining({
        code: "LAYER_UNCONVERTIBLE",
        message: expect.stringMatching(new RegExp(`Layer ${layer} \\(${bad.layers[layer].kind}\\).*${why.source}`)),
        facts: expect.objectContaining({ layer }),
      }),
    );
  });
});

describe("convert", () => {
  it.each([
    ["the thesis's way, without its cut-off", { method: "data", start: "half", output: "unscaled" }],
    ["calibrated", { ...balancedConvolution, output: "unscaled" }],
    ["in populations", { ...balancedConvolution, output: "unscaled", population: 3 }],
  ] as const)("has rates that approach the activations: %s", (_name, options) => {
    const steps = 1500;
    let worst = 0;
    fc.assert(
      fc.property(convertible, ({ network, states }) => {
        const { network: spiking } = convert(network, states, { ...options, spiking: { steps } });
        validateNetwork(spiking);
        const size = sizeOf(network.input);
        const expected = referenceConvolutionalActivations(network, states.subarray(0, 2 * size)).at(-1)!;
        const { outputs } = fastEngine().run(spiking, states.subarray(0, 2 * size));
        const n = steps - 1 - 2 * (spiking.layers.length - 1);
        const spread = Math.max(...expected) - Math.min(...expected) + 0.1;
        for (let a = 0; a < expected.length; a++)
          worst = Math.max(worst, Math.abs(outputs[a] / n - expected[a]) / spread);
        expect(worst).toBeLessThan(0.06);
      }),
      { numRuns: 25 },
    );
  });

  it("is closer to the source when hidden layers are held back, where spikes come unevenly", () => {
    const drawn = createConvolutionalNetwork(
      [20, 20, 2],
      [
        { kind: "convolution", filters: 8, kernel: [4, 4], strides: [2, 2] },
        { kind: "convolution", filters: 8, kernel: [3, 3] },
        { kind: "dense", outputs: 32 },
        { kind: "dense", outputs: 4 },
      ],
      new Random(3),
    );
    const source: ConvolutionalNetwork = {
      ...drawn,
      layers: drawn.layers.map((layer) =>
        "weights" in layer ? { ...layer, weights: layer.weights.map((w) => 4 * w) } : layer,
      ),
    };
    const random = new Random(4);
    // Blots on a dark ground: images whose activations differ from state to state.
    const states = new Float32Array(120 * 800);
    for (let k = 0; k < 120; k++)
      for (let blot = 0; blot < 30; blot++) states[k * 800 + random.integer(800)] = 100 + random.integer(156);
    const wanted = referenceConvolutionalActivations(source, states).at(-1)!;
    const errorOf = (holdBack: number): number => {
      const { network } = convert(source, states, { ...balancedConvolution, holdBack, spiking: { steps: 60 } });
      const { outputs } = fastEngine().run(network, states);
      let sum = 0;
      for (let k = 0; k < 120; k++) {
        const mean = wanted.subarray(4 * k, 4 * k + 4).reduce((a, b) => a + b) / 4;
        for (let a = 0; a < 4; a++) sum += (outputs[4 * k + a] / 53 - (wanted[4 * k + a] - mean)) ** 2;
      }
      return Math.sqrt(sum / 480);
    };
    expect(errorOf(1)).toBeLessThan(errorOf(0));
  });

  it("takes Nature's network: three convolutions, then two dense layers", () => {
    const source = createConvolutionalNetwork([84, 84, 4], architectures.nature(4), new Random(1));
    const { network, scales } = convert(source, new Float32Array(0), { method: "model", granularity: "neuron" });
    validateNetwork(network);
    expect(network.layers.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
      [28224, 12800],
      [12800, 5184],
      [5184, 3136],
      [3136, 512],
      [512, 4],
    ]);
    expect(scales.map((s) => s.length)).toEqual([32, 64, 64, 512, 1]);
  });
});

describe("stageScales", () => {
  const source = createConvolutionalNetwork(
    [5, 5, 1],
    [
      { kind: "convolution", filters: 2, kernel: [2, 2] },
      { kind: "dense", outputs: 2 },
    ],
    new Random(2),
    1,
  );
  const random = new Random(5);
  const states = Float32Array.from({ length: 10 * 25 }, () => random.uniform());
  const [first] = referenceConvolutionalActivations(source, states);
  const channel = (c: number): number[] => Array.from(first).filter((_, k) => k % 2 === c);

  it("data: the largest activation, of the layer or of each channel", () => {
    const [layer] = stageScales(source, stagesOf(source), states, { method: "data" });
    expect(layer[0]).toBeCloseTo(Math.max(...first), 5);
    const [channels] = stageScales(source, stagesOf(source), states, { method: "data", granularity: "neuron" });
    // a channel that hardly ever does anything: a twentieth of the largest
    const largest = Math.max(...first);
    expect(Array.from(channels)).toEqual([0, 1].map((c) => expect.closeTo(Math.max(...channel(c), 0.05 * largest), 5)));
  });

  it("percentiles of all activations look at all positions", () => {
    const [scale] = stageScales(source, stagesOf(source), states, { percentile: 0.9, percentileOf: "activations" });
    const sorted = Array.from(first).sort((a, b) => a - b);
    expect(scale[0]).toBeCloseTo(sorted[Math.floor(0.9 * (sorted.length - 1))], 5);
  });

  it("headroom grows from layer to layer", () => {
    const [a, b] = [1, 1.5].map((headroom) =>
      stageScales(source, stagesOf(source), states, { method: "data", headroom }),
    );
    expect(b[0][0]).toBeCloseTo(a[0][0], 6);
    expect(b[1][0]).toBeCloseTo(1.5 * a[1][0], 6);
  });

  it("refuses states of another size, and percentiles outside (0, 1]", () => {
    expect(() => stageScales(source, stagesOf(source), new Float32Array(26))).toThrow(
      expect.objectContaining({ code: "REPLAY_MISMATCH" }),
    );
    expect(() => stageScales(source, stagesOf(source), states, { percentile: 0 })).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
  });
});
