import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { balancedConvolution, convert } from "../../src/conversion/convert.ts";
import { layerScales } from "../../src/conversion/scales.ts";
import { type Stage, stagesOf } from "../../src/conversion/stages.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceActivations } from "../../src/engines/reference/index.ts";
import { convolution, forEachSynapse, type ImageShape, sizeOf } from "../../src/network/convolution.ts";
import { architectures, createNetwork } from "../../src/network/create.ts";
import { inputsOf, type Layer, linear, outputsOf, type Pooling, relu } from "../../src/network/layer.ts";
import { type Network, observationSize } from "../../src/network/network.ts";
import { poolValues } from "../../src/network/pooling.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { Random } from "../../src/numeric/random.ts";
import { convertible } from "./random-images.ts";

/** A stage as a function, its ReLU left out. */
function applied({ pooling, synapses, weights, biases }: Stage, x: Float64Array): Float64Array {
  let input = x;
  if (pooling) poolValues(pooling, x, (input = new Float64Array(sizeOf(pooling.window.output))));
  const y = biases.slice();
  if (synapses.kind === "convolution")
    forEachSynapse(synapses, (source, target, k) => void (y[target] += input[source] * weights[k]));
  else
    for (let i = 0; i < input.length; i++)
      for (let j = 0; j < y.length; j++) y[j] += input[i] * weights[i * y.length + j];
  return y;
}

describe("stagesOf", () => {
  it("is the network: averages and inputScale folded away", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(convertible, ({ network, states }) => {
        const stages = stagesOf(network);
        const size = observationSize(network);
        const activations = referenceActivations(network, states.subarray(0, size));
        let x = Float64Array.from(states.subarray(0, size));
        for (const [l, stage] of stages.entries()) {
          expect(inputsOf(stage)).toBe(x.length);
          expect(stage.pooling?.kind).not.toBe("average");
          x = applied(stage, x).map((y) => (l < stages.length - 1 ? Math.max(y, 0) : y));
          for (let j = 0; j < x.length; j++) expect(x[j]).toBeCloseTo(activations[l][j], 10);
        }
        for (const { pooling, synapses } of network.layers) kinds.add(`${pooling?.kind ?? "no"} ${synapses.kind}`);
      }),
      { numRuns: 80 },
    );
    const pooled = ["average", "max", "no"].flatMap((kind) => [`${kind} convolution`, `${kind} dense`]);
    expect([...kinds].sort()).toEqual(pooled);
  });

  const image: ImageShape = [8, 8, 2];
  const random = new Random(1);
  const pool = (kind: Pooling["kind"], input: ImageShape, options: object = {}): Pooling => ({
    kind,
    window: convolution(input, { filters: 2, kernel: [2, 2], strides: [2, 2], ...options }),
  });
  const conv = (input: ImageShape, pooling?: Pooling, options: object = {}): Layer => ({
    ...(pooling && { pooling }),
    synapses: { kind: "convolution", ...convolution(input, { filters: 2, kernel: [3, 3], ...options }) },
    weights: new Float32Array(36).map(() => random.normal()),
    biases: new Float32Array(2),
    activation: relu,
  });
  const network = (input: ImageShape, layers: readonly Layer[], inputScale = 1): Network => {
    const inputs = outputsOf(layers.at(-1)!);
    const weights = new Float32Array(inputs * 3);
    const synapses = { kind: "dense", inputs, outputs: 3 } as const;
    return { input, inputScale, layers: [...layers, { synapses, weights, biases: null, activation: linear }] };
  };

  it("keeps whole windows of averages before a convolution a convolution, of kernel (k - 1) s + w", () => {
    const [stage] = stagesOf(network(image, [conv([4, 4, 2], pool("average", image))]));
    expect(stage.synapses).toMatchObject({ kernel: [6, 6], strides: [2, 2], input: image, output: [2, 2, 2] });
  });

  const large: ImageShape = [160, 160, 2];
  it.each([
    ["a hidden layer without a ReLU", network(image, [{ ...conv(image), activation: linear }]), /nothing rectifies/],
    [
      "averages before a padded convolution too large for a matrix",
      network(large, [conv([80, 80, 2], pool("average", large), { padding: "same" })]),
      /as a matrix/,
    ],
    ["sums of windows", network(image, [conv([4, 4, 2], pool("sum", image))]), /sum pooling/],
    ["the largest of negated values", network(image, [conv([4, 4, 2], pool("max", image))], -1), /smallest/],
  ] as const)("refuses %s by name", (_what, bad, why) => {
    expect(() => stagesOf(bad)).toThrow(
      expect.objectContaining({
        code: "LAYER_UNCONVERTIBLE",
        message: expect.stringMatching(new RegExp(`Layer 0 \\(convolution\\).*${why.source}`)),
        facts: { layer: 0, kind: "convolution" },
      }),
    );
  });

  it("takes the mean off the outputs of a dense layer only", () => {
    const open = { input: image, inputScale: 1, layers: [{ ...conv(image), activation: linear }] };
    const options = { method: "model", output: "centred" } as const;
    expect(() => convert(open, new Float32Array(0), options)).toThrow(
      expect.objectContaining({ code: "LAYER_UNCONVERTIBLE" }),
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
        const size = observationSize(network);
        const expected = referenceActivations(network, states.subarray(0, 2 * size)).at(-1)!;
        const { outputs } = fastEngine()
          .load(spiking)
          .run(states.subarray(0, 2 * size));
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
    const drawn = createNetwork(
      [20, 20, 2],
      [
        { kind: "convolution", filters: 8, kernel: [4, 4], strides: [2, 2] },
        { kind: "convolution", filters: 8, kernel: [3, 3] },
        { kind: "dense", outputs: 32 },
        { kind: "dense", outputs: 4 },
      ],
      new Random(3),
      1 / 255,
    );
    const source: Network = {
      ...drawn,
      layers: drawn.layers.map((layer) => ({ ...layer, weights: layer.weights.map((w) => 4 * w) })),
    };
    const random = new Random(4);
    // Blots on a dark ground: images whose activations differ from state to state.
    const states = new Float32Array(120 * 800);
    for (let k = 0; k < 120; k++)
      for (let blot = 0; blot < 30; blot++) states[k * 800 + random.integer(800)] = 100 + random.integer(156);
    const wanted = referenceActivations(source, states).at(-1)!;
    const errorOf = (holdBack: number): number => {
      const { network } = convert(source, states, { ...balancedConvolution, holdBack, spiking: { steps: 60 } });
      const { outputs } = fastEngine().load(network).run(states);
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
    const source = createNetwork([84, 84, 4], architectures.nature(4), new Random(1), 1 / 255);
    const { network, scales } = convert(source, new Float32Array(0), { method: "model", granularity: "neuron" });
    validateNetwork(network);
    expect(network.layers.map((layer) => [inputsOf(layer), outputsOf(layer)])).toEqual([
      [28224, 12800],
      [12800, 5184],
      [5184, 3136],
      [3136, 512],
      [512, 4],
    ]);
    expect(scales.map((s) => s.length)).toEqual([32, 64, 64, 512, 1]);
  });
});

describe("layerScales", () => {
  const source = createNetwork(
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
  const [first] = referenceActivations(source, states);
  const channel = (c: number): number[] => Array.from(first).filter((_, k) => k % 2 === c);

  it("data: the largest activation, of the layer or of each channel", () => {
    const [layer] = layerScales(source, states, { method: "data" });
    expect(layer[0]).toBeCloseTo(Math.max(...first), 5);
    const [channels] = layerScales(source, states, { method: "data", granularity: "neuron", floor: "share" });
    // a channel that hardly ever does anything: a twentieth of the largest
    const largest = Math.max(...first);
    expect(Array.from(channels)).toEqual([0, 1].map((c) => expect.closeTo(Math.max(...channel(c), 0.05 * largest), 5)));
  });

  it("percentiles of all activations look at all positions", () => {
    const [scale] = layerScales(source, states, {
      percentile: 0.9,
      percentileOf: "activations",
      floor: "share",
    });
    const sorted = Array.from(first).sort((a, b) => a - b);
    expect(scale[0]).toBeCloseTo(sorted[Math.floor(0.9 * (sorted.length - 1))], 5);
  });

  it("headroom grows from layer to layer", () => {
    const [a, b] = [1, 1.5].map((headroom) => layerScales(source, states, { method: "data", headroom }));
    expect(b[0][0]).toBeCloseTo(a[0][0], 6);
    expect(b[1][0]).toBeCloseTo(1.5 * a[1][0], 6);
  });

  it("refuses states of another size, and percentiles outside (0, 1]", () => {
    expect(() => layerScales(source, new Float32Array(26))).toThrow(
      expect.objectContaining({ code: "REPLAY_MISMATCH" }),
    );
    expect(() => layerScales(source, states, { percentile: 0 })).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
  });
});
