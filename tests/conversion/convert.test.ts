import { createDenseNetwork, type DenseNetwork } from "../../src/network/old/dense-network.ts";
import { denseActivations } from "../../src/conversion/activations.ts";
import { convert } from "../../src/conversion/convert.ts";
import { normalise } from "../../src/conversion/normalise.ts";
import { layerScales, percentileOf } from "../../src/conversion/scales.ts";
import { Random } from "../../src/numeric/random.ts";

const dense: DenseNetwork = {
  kind: "dense",
  layers: [
    { inputs: 2, outputs: 3, weights: Float32Array.of(1, -2, 0.5, 3, 1, -1), biases: Float32Array.of(0.5, -1, 0) },
    { inputs: 3, outputs: 2, weights: Float32Array.of(2, -1, 0, 4, -3, 1), biases: Float32Array.of(-0.25, 6) },
  ],
};
const states = Float32Array.of(1, 0, 0, 1, 2, 1, -1, -1);

describe("denseActivations", () => {
  it("rectifies hidden layers and leaves the output raw", () => {
    const [hidden, output] = denseActivations(dense, states);
    expect(Array.from(hidden)).toEqual([1.5, 0, 0.5, 3.5, 0, 0, 5.5, 0, 0, 0, 0, 0.5]);
    expect(Array.from(output)).toEqual([1.25, 5, 6.75, 2.5, 10.75, 0.5, -1.75, 6.5]);
  });

  it("refuses states that aren't the network's", () => {
    expect(() => denseActivations(dense, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: "REPLAY_MISMATCH" }),
    );
    expect(() => denseActivations(dense, new Float32Array(0))).toThrow(
      expect.objectContaining({ code: "REPLAY_MISMATCH" }),
    );
  });
});

describe("layerScales", () => {
  it("data: the largest activation, never below the largest weight or bias", () => {
    expect(layerScales(dense, states, { method: "data" }).map((s) => s[0])).toEqual([5.5, 10.75]);
    expect(layerScales(dense, states.subarray(0, 2), { method: "data" }).map((s) => s[0])).toEqual([3, 6]); // weight 3, bias 6
  });

  it("robust: sorted[floor(p (n - 1))] of the layer's maxima", () => {
    expect(layerScales(dense, states, { percentile: 0.7 }).map((s) => s[0])).toEqual([3.5, 6.75]);
  });

  it("model: positive weights and bias summed, the largest neuron", () => {
    expect(layerScales(dense, states, { method: "model" }).map((s) => s[0])).toEqual([4.5, 11]);
  });

  it("looks only at the first maxStates states", () => {
    expect(layerScales(dense, states, { method: "data", maxStates: 2 }).map((s) => s[0])).toEqual([3.5, 6.75]);
  });

  it("keeps scales positive where no neuron is ever active", () => {
    const silent: DenseNetwork = {
      kind: "dense",
      layers: [{ inputs: 1, outputs: 2, weights: Float32Array.of(-1, -2), biases: Float32Array.of(-1, -1) }],
    };
    for (const method of ["robust", "model"] as const)
      for (const scale of layerScales(silent, Float32Array.of(1, 2), { method, granularity: "neuron" })[0])
        expect(scale).toBeGreaterThan(0);
  });

  it("refuses a percentile outside (0, 1]", () => {
    for (const percentile of [0, 1.01, NaN])
      expect(() => layerScales(dense, states, { percentile })).toThrow(
        expect.objectContaining({ code: "BAD_ARGUMENT" }),
      );
  });
});

describe("percentileOf", () => {
  it("sorts numerically and doesn't touch its argument", () => {
    const values = Float32Array.of(10, 9, -2, 1);
    expect(percentileOf(values, 1)).toBe(10);
    expect(percentileOf(values, 0.34)).toBe(1);
    expect(values[0]).toBe(10);
  });
});

describe("normalise", () => {
  it.each(["layer", "neuron"] as const)("keeps the function up to the output's scale, per %s", (granularity) => {
    const network = createDenseNetwork([4, 16, 16, 3], new Random(7));
    const random = new Random(8);
    const inputs = Float32Array.from({ length: 4 * 50 }, () => random.normal());
    const scales = layerScales(network, inputs, { granularity, percentile: 0.9 });
    const before = denseActivations(network, inputs);
    const after = denseActivations(normalise(network, scales), inputs);
    for (const [l, layer] of network.layers.entries())
      for (let k = 0; k < after[l].length; k++) {
        const scale = scales[l].length === 1 ? scales[l][0] : scales[l][k % layer.outputs];
        expect(after[l][k] * scale).toBeCloseTo(before[l][k], 4);
      }
  });
});

describe("convert", () => {
  it("scales the output layer alike for all actions", () => {
    const { scales } = convert(dense, states, { granularity: "neuron" });
    expect(scales.map((s) => s.length)).toEqual([3, 1]);
  });

  it("starts at zero by default", () => {
    expect(convert(dense, states).network.layers.map((layer) => layer.initialPotential)).toEqual([null, null]);
  });

  it("starts a population's neurons at different potentials, which share what they send", () => {
    const { network } = convert(dense, states, { start: "half", population: 2 });
    expect(Array.from(network.layers[0].initialPotential!)).toEqual([0.25, 0.75, 0.25, 0.75, 0.25, 0.75]);
    const single = convert(dense, states).network;
    expect(network.layers[1].inputs).toBe(6);
    expect(network.layers[1].weights[0]).toBe(single.layers[1].weights[0] / 2);
    expect(network.layers[1].weights[2]).toBe(single.layers[1].weights[0] / 2);
    expect(network.layers[0].weights[1]).toBe(single.layers[0].weights[0]);
    expect(() => convert(dense, states, { population: 2 })).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
    expect(() => convert(dense, states, { population: 1.5, start: "half" })).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
  });

  it("balanced: takes early biases off, and never starts above the threshold", () => {
    const { network } = convert(dense, states, { start: "balanced", output: "unscaled" });
    expect(Array.from(network.layers[0].initialPotential!)).toEqual([0.5, 0.5, 0.5]);
    expect(Array.from(network.layers[1].initialPotential!)).toEqual([0.5, -12]); // -2 b
    const deep = {
      ...dense,
      layers: [
        ...dense.layers,
        { inputs: 2, outputs: 2, weights: Float32Array.of(1, 0, 0, 1), biases: new Float32Array(2) },
      ],
    };
    const negative = { ...deep, layers: deep.layers.with(1, { ...deep.layers[1], biases: Float32Array.of(-30, 6) }) };
    const steps = 41; // N = 36
    const hidden = convert(negative, states, { start: "balanced", spiking: { steps } }).network.layers[1];
    const plain = convert(negative, states).network.layers[1];
    expect(hidden.initialPotential![0]).toBe(1);
    expect(hidden.initialPotential![0] + 38 * hidden.biases![0]).toBeCloseTo(0.5 + 36 * plain.biases![0], 4);
    expect(hidden.initialPotential![1]).toBeCloseTo(0.5 - 2 * plain.biases![1], 6);
    expect(hidden.biases![1]).toBe(plain.biases![1]);
  });

  it("centres the outputs without changing their differences", () => {
    const plain = convert(dense, states, { output: "unscaled" }).network.layers[1];
    const centred = convert(dense, states, { output: "centred" }).network.layers[1];
    for (let i = 0; i < 3; i++) {
      expect(centred.weights[2 * i] + centred.weights[2 * i + 1]).toBeCloseTo(0, 5);
      expect(centred.weights[2 * i] - centred.weights[2 * i + 1]).toBeCloseTo(
        plain.weights[2 * i] - plain.weights[2 * i + 1],
        5,
      );
    }
    expect(centred.biases![0] - centred.biases![1]).toBeCloseTo(-6.25, 5);
  });
});
