import {
  balancedConversion,
  balancedConvolution,
  convert,
  type ConversionOptions,
  originalConversion,
} from "../../src/conversion/convert.ts";
import { normalise } from "../../src/conversion/normalise.ts";
import { layerScales, percentileOf } from "../../src/conversion/scales.ts";
import { stagesOf } from "../../src/conversion/stages.ts";
import { effectiveSteps, startingPoint } from "../../src/conversion/start.ts";
import { referenceActivations } from "../../src/engines/reference/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import { createDenseNetwork } from "../../src/network/create.ts";
import { type Layer, linear, outputsOf, relu, type SpikingLayer } from "../../src/network/layer.ts";
import type { Network } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";

function denseLayer(inputs: number, weights: number[], biases: number[], activation = relu): Layer {
  const synapses = { kind: "dense", inputs, outputs: biases.length } as const;
  return { synapses, weights: Float32Array.from(weights), biases: Float32Array.from(biases), activation };
}
const denseNetwork = (...layers: Layer[]): Network => ({
  input: [(layers[0].synapses as { inputs: number }).inputs],
  inputScale: 1,
  layers,
});
const initial = ({ activation }: SpikingLayer): number[] | null => activation.initial && Array.from(activation.initial);

const dense = denseNetwork(
  denseLayer(2, [1, -2, 0.5, 3, 1, -1], [0.5, -1, 0]),
  denseLayer(3, [2, -1, 0, 4, -3, 1], [-0.25, 6], linear),
);
const states = Float32Array.of(1, 0, 0, 1, 2, 1, -1, -1);

describe("layerScales", () => {
  it("refuses states that aren't the network's", () => {
    for (const numbers of [0, 3])
      expect(() => layerScales(dense, new Float32Array(numbers))).toThrow(
        expect.objectContaining({ code: "REPLAY_MISMATCH" }),
      );
  });

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

  it("floor largest-weight, per neuron: its own weights and bias", () => {
    const neurons = { method: "data", granularity: "neuron", floor: "largest-weight" } as const;
    // activations of the first state: [1.5, 0, 0.5] and [1.25, 5]
    const scales = layerScales(dense, states.subarray(0, 2), neurons);
    expect(scales.map((s) => Array.from(s))).toEqual([
      [3, 1, 0.5],
      [2, 6],
    ]);
  });

  it("floor share: a twentieth of the layer's largest, which one scale for a layer never meets", () => {
    const share = { method: "data", floor: "share" } as const;
    expect(layerScales(dense, states.subarray(0, 2), share).map((s) => s[0])).toEqual([1.5, 5]);
    const scales = layerScales(dense, states.subarray(0, 2), { ...share, granularity: "neuron" });
    expect(scales.map((s) => Array.from(s))).toEqual([
      [1.5, expect.closeTo(0.075, 12), 0.5],
      [1.25, 5],
    ]);
  });

  it("takes weights as they meet inputs of at most 1, whatever the inputScale", () => {
    const bytes = { ...dense, inputScale: 1 / 256 };
    const loud = states.map((x) => 256 * x);
    for (const method of ["robust", "data", "model"] as const)
      for (const floor of ["largest-weight", "share"] as const)
        expect(layerScales(bytes, loud, { method, floor })).toEqual(layerScales(dense, states, { method, floor }));
  });

  it("keeps scales positive where no neuron is ever active", () => {
    const silent = denseNetwork(denseLayer(1, [-1, -2], [-1, -1], linear));
    for (const method of ["robust", "model"] as const)
      for (const floor of ["largest-weight", "share"] as const)
        for (const granularity of ["layer", "neuron"] as const)
          for (const scale of layerScales(silent, Float32Array.of(1, 2), { method, granularity, floor })[0])
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
    const scales = layerScales(network, inputs, { granularity, percentile: 0.9, floor: "share" });
    const before = referenceActivations(network, inputs);
    const layers = normalise(stagesOf(network), scales).map((stage, l) => ({
      ...network.layers[l],
      weights: Float32Array.from(stage.weights),
      biases: Float32Array.from(stage.biases),
    }));
    const after = referenceActivations({ ...network, layers }, inputs);
    for (const [l, layer] of network.layers.entries())
      for (let k = 0; k < after[l].length; k++) {
        const scale = scales[l].length === 1 ? scales[l][0] : scales[l][k % outputsOf(layer)];
        expect(after[l][k] * scale).toBeCloseTo(before[l][k], 4);
      }
  });
});

describe("startingPoint", () => {
  it("counts the steps that reach the readout by the neuron's lag", () => {
    expect([1, 2, 3].map((layers) => effectiveSteps(layers, 10))).toEqual([9, 7, 5]);
    expect([1, 2, 3].map((layers) => effectiveSteps(layers, 10, 0))).toEqual([10, 10, 10]);
    expect(effectiveSteps(4, 5)).toBe(0);
  });

  it("has no early bias to make up for where neurons have no lag", () => {
    const options = { start: "balanced", population: 1, steps: 20, holdBack: 0, lag: 0 } as const;
    const started = startingPoint(stagesOf(dense), options);
    expect(started.map(({ potentials }) => Array.from(potentials!))).toEqual([
      [0.5, 0.5, 0.5],
      [0, 0],
    ]);
    expect(started.map(({ biases }) => Array.from(biases))).toEqual([
      [0.5, -1, 0],
      [-0.25, 6],
    ]);
  });
});

describe("convert", () => {
  it("scales the output layer alike for all actions", () => {
    const { scales } = convert(dense, states, { granularity: "neuron" });
    expect(scales.map((s) => s.length)).toEqual([3, 1]);
  });

  it("starts at zero by default", () => {
    expect(convert(dense, states).network.layers.map(initial)).toEqual([null, null]);
  });

  it("starts a population's neurons at different potentials, which share what they send", () => {
    const { network } = convert(dense, states, { start: "half", population: 2 });
    expect(initial(network.layers[0])).toEqual([0.25, 0.75, 0.25, 0.75, 0.25, 0.75]);
    const single = convert(dense, states).network;
    expect(network.layers[1].synapses).toEqual({ kind: "dense", inputs: 6, outputs: 2 });
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
    expect(initial(network.layers[0])).toEqual([0.5, 0.5, 0.5]);
    expect(initial(network.layers[1])).toEqual([0.5, -12]); // -2 b
    const deep = [...dense.layers, denseLayer(2, [1, 0, 0, 1], [0, 0], linear)];
    const negative = denseNetwork(deep[0], { ...deep[1], biases: Float32Array.of(-30, 6), activation: relu }, deep[2]);
    const steps = 41; // N = 36
    const hidden = convert(negative, states, { start: "balanced", spiking: { steps } }).network.layers[1];
    const plain = convert(negative, states).network.layers[1];
    expect(initial(hidden)![0]).toBe(1);
    expect(initial(hidden)![0] + 38 * hidden.biases![0]).toBeCloseTo(0.5 + 36 * plain.biases![0], 4);
    expect(initial(hidden)![1]).toBeCloseTo(0.5 - 2 * plain.biases![1], 6);
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

  it("is the thesis's without options", () => {
    expect(convert(dense, states)).toEqual(convert(dense, states, originalConversion));
    expect(convert(dense, states).scales.map((s) => s[0])).toEqual([3.5, 6.75]);
  });

  it("keeps no weight behind its scale: they are rounded once, at the end", () => {
    const { network, scales } = convert(dense, states, { percentile: 0.7, output: "centred" });
    const [w, b] = [dense.layers[1].weights, dense.layers[1].biases!];
    const factor = scales[0][0];
    for (let i = 0; i < 3; i++) {
      const mean = (w[2 * i] * factor + w[2 * i + 1] * factor) / 2;
      expect(network.layers[1].weights[2 * i]).toBe(Math.fround(w[2 * i] * factor - mean));
    }
    expect(network.layers[1].biases![0]).toBe(Math.fround(b[0] - (b[0] + b[1]) / 2));
  });

  it("refuses a hidden layer without a ReLU, and what spikes already", () => {
    const flat = { ...dense, layers: [{ ...dense.layers[0], activation: linear }, dense.layers[1]] };
    expect(() => convert(flat, states)).toThrow(expect.objectContaining({ code: "LAYER_UNCONVERTIBLE" }));
    expect(() => convert(convert(dense, states).network, states)).toThrow(
      expect.objectContaining({ code: "MODEL_KIND" }),
    );
  });
});

describe("one conversion for all networks", () => {
  const random = new Random(22);
  /** Multiples of 1/8: every sum is exact, in whatever order and precision activations are computed. */
  const eighths = (n: number): number[] => Array.from({ length: n }, () => (random.integer(25) - 12) / 8);
  const network = denseNetwork(
    denseLayer(4, eighths(48), eighths(12)),
    denseLayer(12, eighths(120), eighths(10)),
    denseLayer(10, eighths(30), eighths(3), linear),
  );
  const seen = Float32Array.from(eighths(4 * 200));
  /** The same layers over images of one place: dense, or as kernels of one place. */
  const images = (kernels: boolean): Network => ({
    ...network,
    input: [1, 1, 4],
    layers: network.layers.map((layer) => {
      const { inputs, outputs } = layer.synapses as { inputs: number; outputs: number };
      if (!kernels) return layer;
      const geometry = convolution([1, 1, inputs], { filters: outputs, kernel: [1, 1] });
      return { ...layer, synapses: { kind: "convolution", ...geometry } };
    }),
  });
  const numbers = (source: Network, options: ConversionOptions) => {
    const { network: spiking, scales } = convert(source, seen, options);
    const layers = spiking.layers.map(({ weights, biases, activation }) => ({ weights, biases, activation }));
    return { scales, layers, coding: spiking.coding };
  };

  it("gives the same spiking network for dense layers and for images of one place", () => {
    const all: ConversionOptions[] = [originalConversion, balancedConversion, balancedConvolution];
    for (const method of ["robust", "data", "model"] as const)
      for (const floor of ["largest-weight", "share"] as const)
        for (const granularity of ["layer", "neuron"] as const)
          for (const percentileOf of ["layer-maxima", "activations"] as const)
            for (const output of ["scaled", "centred"] as const)
              all.push(
                { method, floor, granularity, percentileOf, output, percentile: 0.9 },
                { ...balancedConvolution, method, floor, granularity, percentileOf, output },
              );
    for (const options of all) {
      const expected = numbers(network, options);
      expect(numbers(images(false), options)).toEqual(expected);
      expect(numbers(images(true), options)).toEqual(expected);
    }
  });
});
