import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  type GradientOptions,
  type LayerGradients,
  referenceActivations,
  referenceEngine,
  referenceEngine32,
  referenceGradients,
} from "../../src/engines/reference/index.ts";
import type { SynapticGradients } from "../../src/engines/reference/synapses.ts";
import { convolution } from "../../src/network/convolution.ts";
import { createNetwork, spikingNetwork } from "../../src/network/create.ts";
import { columnsOf, type Layer, outputsOf, type SpikingLayer } from "../../src/network/layer.ts";
import { type Coding, type Network, type SpikingNetwork } from "../../src/network/network.ts";
import { type Lif, type Neuron, neuron, type NeuronModel, neuronModels } from "../../src/network/neurons/index.ts";
import { spikePenalty } from "../../src/network/regulariser.ts";
import { smoothStep, surrogate, surrogateNames } from "../../src/network/surrogate.ts";
import { denseEquivalent } from "../../src/network/synapses.ts";
import { Random } from "../../src/numeric/random.ts";
import { convolutionSamples } from "./random-convolutions.ts";
import { everyNeuron, type Sample, samples, withNeurons } from "./random-networks.ts";

/** A loss that weighs every output differently. */
const outputGradients = (outputs: Float64Array): Float64Array => outputs.map((y, k) => Math.sin(k + 1) + 0.1 * y);
const lossOf = (outputs: Float64Array): number =>
  outputs.reduce((sum, y, k) => sum + Math.sin(k + 1) * y + 0.05 * y * y, 0);

/** Neurons of a kind with their defaults; `weights` of each layer from one input. */
function chain(kind: Neuron["kind"], weights: readonly (readonly number[])[], coding: Partial<Coding>): SpikingNetwork {
  const layers = weights.map((of) => ({
    synapses: { kind: "dense", inputs: 1, outputs: of.length } as const,
    weights: Float32Array.from(of),
  }));
  return spikingNetwork(layers, { ...coding, neuron: neuron(kind) });
}

describe("surrogates", () => {
  it.each(surrogateNames)("%s is the derivative of its smooth step, 1 at the threshold, symmetric", (name) => {
    for (const scale of [0.7, 5, 100]) {
      expect(surrogate({ name, scale }, 0)).toBe(1);
      for (const x of [-2, -0.3, -0.011, 0.004, 0.2, 1.7]) {
        const h = 1e-6;
        const slope = (smoothStep({ name, scale }, x + h) - smoothStep({ name, scale }, x - h)) / (2 * h);
        expect(surrogate({ name, scale }, x)).toBeCloseTo(slope, 5);
        expect(surrogate({ name, scale }, -x)).toBe(surrogate({ name, scale }, x));
      }
    }
  });
});

/** A change of one number of a layer: its gradient, and the layer with h more. */
interface Change {
  readonly name: string;
  readonly gradient: number;
  readonly layer: (h: number) => Layer;
}

/** `values` with h more at index k, in float64: the arithmetic takes them as they are. */
function moved(values: Float32Array, k: number, h: number): Float32Array {
  const changed = Float64Array.from(values);
  changed[k] += h;
  return changed as unknown as Float32Array;
}

/**
 * Throws unless each gradient is the slope of the loss, which float64 differences give to about 1e-6 of the largest
 * slope around.
 */
function checkSlopes(
  network: Network,
  changes: (l: number) => readonly Change[],
  loss: (changed: Network) => number,
): void {
  network.layers.forEach((_, l) => {
    for (const { name, gradient, layer } of changes(l)) {
      const at = (h: number): number =>
        loss({ ...network, layers: network.layers.map((other, k) => (k === l ? layer(h) : other)) });
      const slope = (at(1e-6) - at(-1e-6)) / 2e-6;
      if (!(Math.abs(gradient - slope) <= 2e-4 * (1 + Math.abs(slope))))
        throw new Error(`${name} of layer ${l}: gradient ${gradient}, slope ${slope}`);
    }
  });
}

const ofSynapses = (layer: Layer, gradients: SynapticGradients): Change[] => {
  const { weights, biases, recurrent } = layer;
  const change = (name: keyof SynapticGradients, values: Float32Array, k: number): Change => ({
    name: `${name} ${k}`,
    gradient: gradients[name][k],
    layer: (h) => ({ ...layer, [name]: moved(values, k, h) }),
  });
  const some = [0, weights.length >> 1, weights.length - 1].map((k) => change("weights", weights, k));
  if (biases) some.push(change("biases", biases, biases.length - 1));
  if (recurrent) some.push(change("recurrent", recurrent, 0), change("recurrent", recurrent, recurrent.length >> 1));
  return some;
};

describe("backpropagation through time", () => {
  /** With smooth spikes the loss is differentiable, and the gradient must be its slope in every parameter. */
  function checkSample({ network, observations }: Sample, options: GradientOptions): void {
    const settings = { ...options, spike: "smooth" as const, detachReset: false };
    const loss = (changed: Network): number => {
      const zero = (values: Float64Array): Float64Array => new Float64Array(values.length);
      const { outputs, penalty } = referenceGradients(changed, observations, zero, settings);
      return lossOf(outputs) + penalty;
    };
    const { layers } = referenceGradients(network, observations, outputGradients, settings);
    const changes = (l: number): Change[] => {
      const layer = network.layers[l];
      const { activation } = layer;
      const own = activation as unknown as Record<string, number | Float32Array>;
      const moving = Object.entries(layers[l].parameters).filter(([name]) => name !== "maxSpikes");
      const dynamics = moving.map(([name, gradients]): Change => {
        const value = own[name];
        const k = gradients.length - 1;
        const at = (h: number): unknown => (typeof value === "number" ? value + h : moved(value, k, h));
        return {
          name,
          gradient: gradients[k],
          layer: (h) => ({ ...layer, activation: { ...activation, [name]: at(h) } }),
        };
      });
      const { initial } = activation;
      if (initial)
        dynamics.push({
          name: "initial potential",
          gradient: layers[l].initial[0],
          layer: (h) => ({ ...layer, activation: { ...activation, initial: moved(initial, 0, h) } }),
        });
      return [...ofSynapses(layer, layers[l]), ...dynamics];
    };
    checkSlopes(network, changes, loss);
  }

  /** Away from the ends of a parameter's range, which a difference would step across. */
  function inner(own: Neuron): Neuron {
    const { parameters } = neuronModels[own.kind] as NeuronModel;
    const values = own as unknown as Record<string, number | Float32Array>;
    const moved = Object.entries(parameters).flatMap(([name, { range }]) => {
      if (!range.every(Number.isFinite)) return [];
      const value = values[name];
      const inside = (x: number): number => 0.1 + 0.8 * x;
      return [[name, typeof value === "number" ? inside(value) : value.map(inside)]];
    });
    // A potential that lies exactly on its lower bound has no slope.
    const apart = (x: number): number => x - 0.0137;
    const { lowest } = own as Lif;
    const bound =
      own.kind === "lif" ? [["lowest", typeof lowest === "number" ? apart(lowest) : lowest.map(apart)]] : [];
    return { ...own, ...Object.fromEntries([...moved, ...bound]) };
  }

  // Which step a maximum or a first spike is read from jumps: those two are tested below.
  const continuous = (sample: Sample): Sample => {
    const { coding } = sample.network;
    const decoding =
      ({ "first-spike": "spikes", "max-potential": "potential" } as const)[coding.decoding as string] ??
      coding.decoding;
    return { ...sample, network: withNeurons({ ...sample.network, coding: { ...coding, decoding } }, inner) };
  };

  describe.each([...everyNeuron.map((kind) => [kind, [kind]] as const), ["mixed", everyNeuron] as const])(
    "%s",
    (_, neurons) => {
      it.each([
        ["fast-sigmoid", 2],
        ["arctan", 2],
        ["sigmoid", 3],
      ] as const)("equals the slope of a network with smooth spikes: %s", (name, scale) => {
        fc.assert(
          fc.property(
            samples({ size: 5, steps: 8, batch: 3, neurons }).map(continuous),
            fc.boolean(),
            (sample, priced) =>
              checkSample(sample, {
                surrogate: { name, scale },
                seed: 5,
                regulariser: priced ? { strength: 3, rate: 0.05 } : undefined,
              }),
          ),
          { numRuns: 40 },
        );
      });

      it("equals it through convolutions and the means of windows", () => {
        // Which input of a window has spiked most jumps: windows of maxima are tested below.
        const averaged = (sample: Sample): Sample => {
          const layers = sample.network.layers.map(({ pooling, ...layer }): SpikingLayer =>
            pooling ? { ...layer, pooling: { ...pooling, kind: pooling.kind === "sum" ? "sum" : "average" } } : layer,
          );
          return continuous({ ...sample, network: { ...sample.network, layers } });
        };
        const limits = { size: 4, channels: 2, steps: 6, pooling: true, neurons };
        fc.assert(
          fc.property(convolutionSamples(limits).map(averaged), (sample) =>
            checkSample(sample, { surrogate: { name: "arctan", scale: 2 }, seed: 5 }),
          ),
          { numRuns: 30 },
        );
      });
    },
  );

  it("has the gradients of the matrix that a convolution stands for", () => {
    fc.assert(
      fc.property(
        convolutionSamples({ size: 5, channels: 3, steps: 8, pooling: false }),
        ({ network, observations }) => {
          const [own, matrix] = [network, denseEquivalent(network)].map((n) =>
            referenceGradients(n, observations, outputGradients, { surrogate: { name: "arctan", scale: 2 }, seed: 3 }),
          );
          expect(own.outputs).toEqual(matrix.outputs);
          own.layers.forEach((layer, l) => {
            expect(layer.parameters).toEqual(matrix.layers[l].parameters);
            const channels = columnsOf(network.layers[l]);
            const sums = new Float64Array(channels);
            matrix.layers[l].biases.forEach((g, j) => (sums[j % channels] += g));
            const per = new Float64Array(channels);
            layer.biases.forEach((g, j) => (per[j % channels] += g));
            per.forEach((g, c) => expect(g).toBeCloseTo(sums[c], 6));
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it("passes a maximum of spikes to the first of a window's busiest inputs", () => {
    // Three inputs that spike at the steps given: the second is the busiest from its second spike on, else the first.
    const window = convolution([1, 3, 1], { filters: 1, kernel: [1, 3] });
    const passing = {
      synapses: { kind: "dense", inputs: 3, outputs: 3 },
      weights: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      biases: null,
    } as const;
    const last = {
      pooling: { kind: "max", window },
      synapses: { kind: "dense", inputs: 1, outputs: 1 },
      weights: Float32Array.of(1),
      biases: null,
    } as const;
    const integrate = neuron("lif", { reset: "value", fires: "at" });
    const network = spikingNetwork([passing, last], { neuron: integrate, steps: 4, decoding: "potential" }, [3]);
    const x = Float64Array.of(0.5, 1, 0.25); // spikes in steps 1 and 3, in all, and in step 3
    const flat = { name: "fast-sigmoid", scale: 0 } as const; // a derivative of 1 everywhere
    const { layers, outputs } = referenceGradients(network, x, (y) => y.map(() => 1), { surrogate: flat });
    expect([...outputs]).toEqual([4]);
    expect(layers[0].initial[1]).toBeGreaterThan(0);
    expect([layers[0].initial[0], layers[0].initial[2]]).toEqual([0, 0]);
  });

  it("detached, leaves out exactly the path through the reset", () => {
    fc.assert(
      fc.property(samples({ size: 5, steps: 8 }), ({ network, observations }) => {
        const zeroed = withNeurons(network, (own) => ({ ...own, reset: "subtraction", resetBy: 0 }));
        const [detached, attached] = [true, false].map((detachReset) =>
          referenceGradients(zeroed, observations, outputGradients, { detachReset }),
        );
        // nothing to leave out when nothing is taken off
        const known = ({ weights, biases, initial, parameters: { resetBy: _, ...rest } }: LayerGradients): object => ({
          weights,
          biases,
          initial,
          ...rest,
        });
        attached.layers.forEach((layer, l) => expect(known(layer)).toEqual(known(detached.layers[l])));
      }),
      { numRuns: 50 },
    );
    for (const kind of everyNeuron) {
      const one = chain(kind, [[0.7], [1]], { steps: 9 });
      const gradient = (detachReset: boolean): number =>
        referenceGradients(one, Float64Array.of(1), (y) => y.map(() => 1), {
          detachReset,
          surrogate: { name: "fast-sigmoid", scale: 1 },
        }).layers[0].weights[0];
      expect(gradient(true)).not.toBeCloseTo(gradient(false), 3);
    }
  });

  it.each([
    ["float64", referenceEngine],
    ["float32", referenceEngine32],
  ] as const)("has the outputs of the %s engine", (precision, engine) => {
    fc.assert(
      fc.property(samples({ size: 8, steps: 8 }), ({ network, observations }) => {
        const { outputs } = referenceGradients(network, observations, outputGradients, { precision, seed: 2 });
        expect(outputs).toEqual(engine.load(network).run(observations, { seed: 2 }).outputs);
      }),
    );
  });

  it("sums over the batch", () => {
    fc.assert(
      fc.property(
        samples({ size: 6, steps: 8, only: { encoding: "constant" } }),
        ({ network, batch, observations }) => {
          const actions = outputsOf(network.layers.at(-1)!);
          const weights = (y: Float64Array, first: number): Float64Array => y.map((_, k) => Math.sin(first + k));
          const whole = referenceGradients(network, observations, (y) => weights(y, 0));
          const size = observations.length / batch;
          const parts = Array.from({ length: batch }, (_, b) =>
            referenceGradients(network, observations.subarray(b * size, (b + 1) * size), (y) =>
              weights(y, b * actions),
            ),
          );
          whole.layers.forEach((layer, l) =>
            layer.weights.forEach((g, k) =>
              expect(g).toBeCloseTo(
                parts.reduce((sum, part) => sum + part.layers[l].weights[k], 0),
                6,
              ),
            ),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("reads a maximum from the step where it was, a first spike from the step it came in", () => {
    const network = chain("lagged-lif", [[0.9, 1.4]], { decoding: "max-potential", steps: 6 });
    const max = referenceGradients(network, Float64Array.of(-1), (y) => y.map(() => 1));
    expect(Array.from(max.layers[0].weights)).toEqual([0, 0]); // the largest potential, 0, comes before any input does
    expect(
      Array.from(referenceGradients(network, Float64Array.of(1), (y) => y.map(() => 1)).layers[0].weights),
    ).toEqual([5, 5]);
    const first = referenceGradients(
      chain("lagged-lif", [[0.9, 1.4]], { decoding: "first-spike", steps: 6 }),
      Float64Array.of(1),
      (y) => y.map(() => 1),
    );
    expect(Array.from(first.outputs)).toEqual([0, 1]); // in step 2, from v[1] = input of one step
    const slope = (v: number): number => surrogate({ name: "fast-sigmoid", scale: 100 }, v - 1);
    expect(first.layers[0].weights[1]).toBeCloseTo(slope(Math.fround(1.4)), 9);
  });

  it("prices spikes above a rate only", () => {
    expect(spikePenalty({ strength: 2, rate: 0.5 }, 4, 10, 3, 5)).toEqual({ penalty: 0, gradient: 0 });
    const { penalty, gradient } = spikePenalty({ strength: 2, rate: 0.5 }, 8, 10, 3, 5);
    expect(penalty).toBeCloseTo((2 / 15) * 0.09, 12);
    const slope = (spikePenalty({ strength: 2, rate: 0.5 }, 8 + 1e-6, 10, 3, 5).penalty - penalty) / 1e-6;
    expect(gradient).toBeCloseTo(slope, 6);
  });
});

describe("networks without spikes", () => {
  it.each([
    [
      "dense",
      [3],
      [
        { kind: "dense", outputs: 6 },
        { kind: "dense", outputs: 5 },
        { kind: "dense", outputs: 2 },
      ],
    ],
    [
      "convolutional",
      [5, 4, 2],
      [
        { kind: "convolution", filters: 3, kernel: [2, 3], padding: "same" },
        { kind: "dense", outputs: 2 },
      ],
    ],
  ] as const)("have the slopes of the loss as gradients: %s", (_, input, specs) => {
    const network = createNetwork(input, specs, new Random(4), 0.5);
    const size = input.reduce((product: number, n) => product * n, 1);
    const x = Float64Array.from({ length: 4 * size }, (_, k) => Math.cos(3 * k));
    const pooled = (kind: "average" | "max"): Network => {
      const [first, ...rest] = network.layers;
      if (input.length === 1) return network;
      const window = convolution([5, 4, 3], { filters: 3, kernel: [2, 2], strides: [2, 1] });
      const flat = { kind: "dense", inputs: 18, outputs: 2 } as const;
      const weights = Float32Array.from({ length: 36 }, (_, k) => Math.sin(k));
      return { ...network, layers: [first, { ...rest[0], pooling: { kind, window }, synapses: flat, weights }] };
    };
    for (const net of [network, pooled("average"), pooled("max")]) {
      const { layers } = referenceGradients(net, x, outputGradients);
      checkSlopes(
        net,
        (l) => ofSynapses(net.layers[l], layers[l]),
        (changed) => lossOf(referenceActivations(changed, x).at(-1)!),
      );
    }
  });
});
