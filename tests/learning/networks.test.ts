import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../src/engines/create.ts";
import { denseForward } from "../../src/engines/reference/dense-forward.ts";
import { createDenseNetwork, type DenseNetwork } from "../../src/network/old/dense-network.ts";
import { dueling } from "../../src/learning/dqn/dueling.ts";
import { rewardShapings, type RewardShaping } from "../../src/learning/rewards.ts";
import { foldScaling, scaleObservations } from "../../src/learning/scaling.ts";
import { Random } from "../../src/numeric/random.ts";
import { createSpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";

const numbers = (n: number, random: Random): Float32Array => Float32Array.from({ length: n }, () => random.normal());

describe("observation scaling", () => {
  const scaling = { center: [0.5, -2, 0], scale: [2, 0.25, 10] };

  it("folded into a dense network gives the same outputs on raw observations", () => {
    const random = new Random(1);
    const network = createDenseNetwork([3, 16, 2], random);
    const raw = numbers(60, random);
    const learned = denseForward(network, scaleObservations(scaling, raw, new Float32Array(60)), 20).outputs;
    const folded = denseForward(foldScaling(network, scaling), raw, 20).outputs;
    folded.forEach((value, i) => expect(Math.abs(value - learned[i])).toBeLessThan(1e-4));
  });

  it("folded into a spiking network with a bias input, likewise (dyadic numbers: no rounding)", () => {
    const random = new Random(2);
    const network = createSpikingNetwork([3, 12, 2], random, { biasInput: true, steps: 40 });
    network.layers.forEach(({ weights }) => weights.forEach((w, i) => (weights[i] = Math.round(w * 64) / 64)));
    const dyadic = { center: [0.5, -2, 0], scale: [2, 0.25, 4] };
    const raw = numbers(60, random).map((x) => Math.round(x * 64) / 64);
    const learned = referenceEngine.run(network, scaleObservations(dyadic, raw, new Float32Array(60)));
    const folded = referenceEngine.run(foldScaling(network, dyadic), raw);
    expect(folded.outputs).toEqual(learned.outputs);
  });

  it("cannot centre without a bias", () => {
    const network = createSpikingNetwork([3, 4, 2], new Random(2));
    expect(() => foldScaling(network, scaling)).toThrow(expect.objectContaining({ code: "SCALING_IMPOSSIBLE" }));
  });
});

describe("dueling outputs", () => {
  const random = new Random(5);
  const inner = createDenseNetwork([3, 8, 4], random);
  const observations = numbers(15, random);

  it("are V + A - mean(A), and the folded network gives the same", () => {
    const streams = denseForward(inner, observations, 5).outputs;
    const trainable = dueling(createTrainable(inner, { maxBatch: 5 }));
    const outputs = trainable.forward(observations, 5).slice();
    const folded = denseForward(trainable.toNetwork() as DenseNetwork, observations, 5).outputs;
    for (let k = 0; k < 5; k++)
      for (let a = 0; a < 3; a++) {
        const [value, ...advantages] = streams.subarray(4 * k, 4 * k + 4);
        const q = value + advantages[a] - (advantages[0] + advantages[1] + advantages[2]) / 3;
        expect(outputs[3 * k + a]).toBeCloseTo(q, 5);
        expect(folded[3 * k + a]).toBeCloseTo(q, 5);
      }
  });

  it("have the gradient that finite differences give", () => {
    const trainable = dueling(createTrainable(inner, { maxBatch: 5 }));
    const weights = numbers(15, new Random(9));
    const loss = (): number => trainable.forward(observations, 5).reduce((sum, q, i) => sum + q * weights[i], 0);
    loss();
    trainable.backward(weights);
    const gradients = trainable.gradients.slice();
    for (let i = 0; i < gradients.length; i += 7) {
      const kept = trainable.parameters[i];
      const at = (x: number): number => ((trainable.parameters[i] = x), loss());
      const slope = (at(kept + 1e-3) - at(kept - 1e-3)) / 2e-3;
      trainable.parameters[i] = kept;
      expect(Math.abs(slope - gradients[i])).toBeLessThan(2e-2 * (1 + Math.abs(slope)));
    }
  });
});

describe("reward shaping", () => {
  it("MountainCar's original: min(r + |x + 0.5|, -0.1)", () => {
    const shape: RewardShaping = rewardShapings["mountaincar-original"];
    expect(shape(-1, Float32Array.of(0, 0), Float32Array.of(-0.5, 0), false, 1)).toBe(-1);
    expect(shape(-1, Float32Array.of(0, 0), Float32Array.of(0.25, 0), false, 1)).toBe(-0.25);
    expect(shape(-1, Float32Array.of(0, 0), Float32Array.of(0.5, 0), true, 1)).toBe(-0.1);
  });

  it("potential-based shaping changes the return of every path between two states by the same amount", () => {
    const shape = rewardShapings["mountaincar-energy"];
    const state = fc
      .tuple(
        fc.float({ min: -1, max: Math.fround(0.5), noNaN: true }),
        fc.float({ min: Math.fround(-0.07), max: Math.fround(0.07), noNaN: true }),
      )
      .map(([x, v]) => Float32Array.of(x, v));
    fc.assert(
      fc.property(
        state,
        state,
        fc.array(state, { minLength: 3, maxLength: 3 }),
        fc.array(state, { minLength: 3, maxLength: 3 }),
        (from, to, one, other) => {
          const gain = (middle: Float32Array[]): number => {
            const path = [from, ...middle, to];
            return path.slice(1).reduce((sum, next, t) => sum + 0.9 ** t * shape(-1, path[t], next, false, 0.9), 0);
          };
          expect(gain(one)).toBeCloseTo(gain(other), 6);
        },
      ),
    );
  });
});
