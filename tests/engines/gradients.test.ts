import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createDenseNetwork } from "../../src/network/old/dense-network.ts";
import { referenceDenseForward, referenceDenseGradients } from "../../src/engines/reference/dense.ts";
import { Random } from "../../src/numeric/random.ts";
import { spikingLayers, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import {
  type GradientOptions,
  referenceEngine,
  referenceEngine32,
  referenceGradients,
} from "../../src/engines/reference/index.ts";
import { spikePenalty } from "../../src/network/regulariser.ts";
import { smoothStep, surrogate, surrogateNames } from "../../src/network/surrogate.ts";
import { type Sample, samples } from "./random-networks.ts";

/** A loss that weighs every output differently. */
const outputGradients = (outputs: Float64Array): Float64Array => outputs.map((y, k) => Math.sin(k + 1) + 0.1 * y);
const lossOf = (outputs: Float64Array): number =>
  outputs.reduce((sum, y, k) => sum + Math.sin(k + 1) * y + 0.05 * y * y, 0);

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

describe("backpropagation through time", () => {
  /**
   * With smooth spikes the loss is differentiable, and the gradient must be its slope in every parameter. float64 differences
   * are good to about 1e-6 of the largest slope around.
   */
  function checkSlopes({ network, observations }: Sample, options: GradientOptions): void {
    const settings = { ...options, spike: "smooth" as const, detachReset: false };
    const loss = (changed: SpikingNetwork): number => {
      const { outputs, penalty } = referenceGradients(
        changed,
        observations,
        (values) => new Float64Array(values.length),
        settings,
      );
      return lossOf(outputs) + penalty;
    };
    const { layers } = referenceGradients(network, observations, outputGradients, settings);
    const spiking = spikingLayers(network);
    const with_ = (l: number, changes: object): SpikingNetwork => ({
      ...network,
      layers: network.layers.map((layer, k) => (k === l ? { ...layer, ...changes } : layer)),
    });
    const change = (values: Float32Array | Float64Array, k: number, h: number): Float64Array => {
      const changed = Float64Array.from(values); // float64 steps: the arithmetic takes them as they are
      changed[k] += h;
      return changed;
    };
    network.layers.forEach((layer, l) => {
      const g = layers[l];
      const checks: [string, number, (h: number) => SpikingNetwork][] = [
        ["alpha", g.alpha, (h) => with_(l, { alpha: layer.alpha + h })],
        ["beta", g.beta, (h) => with_(l, { beta: layer.beta + h })],
        ["weight", g.weights[0], (h) => with_(l, { weights: change(layer.weights, 0, h) })],
        [
          "last weight",
          g.weights.at(-1)!,
          (h) => with_(l, { weights: change(layer.weights, layer.weights.length - 1, h) }),
        ],
      ];
      if (l < spiking)
        checks.push(
          ["threshold", g.threshold, (h) => with_(l, { threshold: layer.threshold + h })],
          ["resetBy", g.resetBy, (h) => with_(l, { resetBy: layer.resetBy + h })],
        );
      if (layer.biases) checks.push(["bias", g.biases[0], (h) => with_(l, { biases: change(layer.biases!, 0, h) })]);
      if (layer.initialPotential)
        checks.push([
          "initial potential",
          g.initialPotential[0],
          (h) => with_(l, { initialPotential: change(layer.initialPotential!, 0, h) }),
        ]);
      for (const [name, gradient, at] of checks) {
        const h = 1e-6;
        const slope = (loss(at(h)) - loss(at(-h))) / (2 * h);
        if (Math.abs(gradient - slope) > 2e-4 * (1 + Math.abs(slope)))
          throw new Error(`${name} of layer ${l}: gradient ${gradient}, slope ${slope}`);
      }
    });
  }

  const inner = (layer: SpikingNetwork["layers"][number]): SpikingNetwork["layers"][number] => ({
    ...layer,
    // away from the ends of [0, 1], which a difference would step across
    alpha: 0.1 + 0.8 * layer.alpha,
    beta: 0.1 + 0.8 * layer.beta,
  });
  // Which step a maximum or a first spike is read from jumps: those two are tested below.
  const smooth = samples({ size: 5, steps: 8, batch: 3 }).map(({ network, ...rest }) => ({
    ...rest,
    network: {
      ...network,
      layers: network.layers.map(inner),
      decoding:
        network.decoding === "first-spike"
          ? ("spikes" as const)
          : network.decoding === "max-potential"
            ? ("potential" as const)
            : network.decoding,
    },
  }));

  it.each([
    ["fast-sigmoid", 2],
    ["arctan", 2],
    ["sigmoid", 3],
  ] as const)("equals the slope of a network with smooth spikes: %s", (name, scale) => {
    fc.assert(
      fc.property(smooth, fc.boolean(), (sample, priced) =>
        checkSlopes(sample, {
          surrogate: { name, scale },
          seed: 5,
          regulariser: priced ? { strength: 3, rate: 0.05 } : undefined,
        }),
      ),
      { numRuns: 60 },
    );
  });

  it("detached, leaves out exactly the path through the reset", () => {
    fc.assert(
      fc.property(samples({ size: 5, steps: 8 }), ({ network, observations }) => {
        const zeroed = {
          ...network,
          layers: network.layers.map((layer) => ({ ...layer, reset: "subtraction" as const, resetBy: 0 })),
        };
        const [detached, attached] = [true, false].map((detachReset) =>
          referenceGradients(zeroed, observations, outputGradients, { detachReset }),
        );
        // nothing to leave out when nothing is taken off
        attached.layers.forEach((layer, l) =>
          expect({ ...layer, resetBy: 0 }).toEqual({ ...detached.layers[l], resetBy: 0 }),
        );
      }),
      { numRuns: 50 },
    );
    const neuron = {
      inputs: 1,
      outputs: 1,
      biases: null,
      alpha: 0,
      beta: 1,
      threshold: 1,
      reset: "subtraction",
      resetBy: 1,
      initialPotential: null,
    } as const;
    const one: SpikingNetwork = {
      kind: "spiking",
      layers: [
        { ...neuron, weights: Float32Array.of(0.7) },
        { ...neuron, weights: Float32Array.of(1) },
      ],
      biasInput: false,
      signedInputs: false,
      encoding: "constant",
      decoding: "potential",
      ties: "first",
      steps: 9,
    };
    const gradient = (detachReset: boolean): number =>
      referenceGradients(one, Float64Array.of(1), (y) => y.map(() => 1), {
        detachReset,
        surrogate: { name: "fast-sigmoid", scale: 1 },
      }).layers[0].weights[0];
    expect(gradient(true)).not.toBeCloseTo(gradient(false), 3);
  });

  it.each([
    ["float64", referenceEngine],
    ["float32", referenceEngine32],
  ] as const)("has the outputs of the %s engine", (precision, engine) => {
    fc.assert(
      fc.property(samples({ size: 8, steps: 8 }), ({ network, observations }) => {
        const { outputs } = referenceGradients(network, observations, outputGradients, { precision, seed: 2 });
        expect(outputs).toEqual(engine.run(network, observations, { seed: 2 }).outputs);
      }),
    );
  });

  it("sums over the batch", () => {
    fc.assert(
      fc.property(
        samples({ size: 6, steps: 8, only: { encoding: "constant" } }),
        ({ network, batch, observations }) => {
          const actions = network.layers.at(-1)!.outputs;
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
    const layer = {
      inputs: 1,
      outputs: 2,
      weights: Float32Array.of(0.9, 1.4),
      biases: null,
      alpha: 0,
      beta: 1,
      threshold: 1,
      reset: "subtraction",
      resetBy: 1,
      initialPotential: null,
    } as const;
    const network: SpikingNetwork = {
      kind: "spiking",
      layers: [layer],
      biasInput: false,
      signedInputs: false,
      encoding: "constant",
      decoding: "max-potential",
      ties: "first",
      steps: 6,
    };
    const max = referenceGradients(network, Float64Array.of(-1), (y) => y.map(() => 1));
    expect(Array.from(max.layers[0].weights)).toEqual([0, 0]); // the largest potential, 0, comes before any input does
    expect(
      Array.from(referenceGradients(network, Float64Array.of(1), (y) => y.map(() => 1)).layers[0].weights),
    ).toEqual([5, 5]);
    const first = referenceGradients({ ...network, decoding: "first-spike" }, Float64Array.of(1), (y) =>
      y.map(() => 1),
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

describe("dense reference", () => {
  it("has the slopes of its loss as gradients", () => {
    const network = createDenseNetwork([3, 6, 5, 2], new Random(4));
    const x = Float64Array.from({ length: 12 }, (_, k) => Math.cos(3 * k));
    const { layers } = referenceDenseGradients(network, x, outputGradients);
    network.layers.forEach((layer, l) => {
      for (const [name, values] of [
        ["weights", layer.weights],
        ["biases", layer.biases],
      ] as const)
        values.forEach((_, k) => {
          const at = (h: number): number => {
            const changed = Float64Array.from(values) as unknown as Float32Array;
            changed[k] += h;
            return lossOf(
              referenceDenseForward(
                {
                  ...network,
                  layers: network.layers.map((other, m) => (m === l ? { ...layer, [name]: changed } : other)),
                },
                x,
              ),
            );
          };
          expect(layers[l][name][k]).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 6);
        });
    });
  });
});
