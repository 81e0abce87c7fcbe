import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../src/engines/create.ts";
import type { Environments } from "../../src/environments/worlds.ts";
import { duelingHead } from "../../src/learning/q-learner/dueling.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import type { Network } from "../../src/network/network.ts";
import { rewardShapings, type RewardShaping } from "../../src/learning/rewards.ts";
import { foldScaling, observedScaling, scaleObservations } from "../../src/learning/scaling.ts";
import { Random } from "../../src/numeric/random.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";

const outputsOf = (network: Network, observations: Float32Array): Float64Array =>
  referenceEngine.load(network).run(observations).outputs;
const numbers = (n: number, random: Random): Float32Array => Float32Array.from({ length: n }, () => random.normal());

describe("observation scaling", () => {
  const scaling = { center: [0.5, -2, 0], scale: [2, 0.25, 10] };

  it("folded into a dense network gives the same outputs on raw observations", () => {
    const random = new Random(1);
    const network = createDenseNetwork([3, 16, 2], random);
    const raw = numbers(60, random);
    const learned = outputsOf(network, scaleObservations(scaling, raw));
    const folded = outputsOf(foldScaling(network, scaling), raw);
    folded.forEach((value, i) => expect(Math.abs(value - learned[i])).toBeLessThan(1e-4));
  });

  it("folded into a spiking network with a bias input, likewise (dyadic numbers: no rounding)", () => {
    const random = new Random(2);
    const network = createSpikingNetwork([3, 12, 2], random, { biasInput: true, steps: 40 });
    network.layers.forEach(({ weights }) => weights.forEach((w, i) => (weights[i] = Math.round(w * 64) / 64)));
    const dyadic = { center: [0.5, -2, 0], scale: [2, 0.25, 4] };
    const raw = numbers(60, random).map((x) => Math.round(x * 64) / 64);
    expect(outputsOf(foldScaling(network, dyadic), raw)).toEqual(outputsOf(network, scaleObservations(dyadic, raw)));
  });

  it("cannot centre without a bias", () => {
    const network = createSpikingNetwork([3, 4, 2], new Random(2));
    expect(() => foldScaling(network, scaling)).toThrow(expect.objectContaining({ code: "SCALING_IMPOSSIBLE" }));
  });
});

describe("a scaling that random play shows", () => {
  /** Observations of known distribution: uniform in [2, 6), a rare 1, a constant, a counter of steps. */
  const environment = async (count: number): Promise<Environments> => {
    const random = Array.from({ length: count }, () => new Random(0));
    const steps = new Int32Array(count);
    const see = (): Float32Array =>
      Float32Array.from(random.flatMap((r, i) => [2 + 4 * r.uniform(), Number(r.uniform() < 0.001), 7, steps[i] / 10]));
    return {
      id: "Known",
      count,
      observationSize: 4,
      actions: 3,
      async reset({ seed, mask }) {
        seed.forEach((one, i) => {
          if (mask && !mask[i]) return;
          random[i] = new Random(one);
          steps[i] = 0;
        });
        return see();
      },
      async step() {
        steps.forEach((n, i) => (steps[i] = n + 1));
        const ended = Uint8Array.from(steps, (n) => Number(n === 40));
        return { observations: see(), rewards: new Float64Array(count), terminated: ended, truncated: ended };
      },
      close: async () => {},
    };
  };

  it("brings each element to mean 0 and deviation 1, keeps what is rare small and what is constant as it is", async () => {
    const { center, scale } = await observedScaling(environment, 1);
    expect(center[0]).toBeCloseTo(4, 1);
    expect(scale[0]).toBeCloseTo(Math.sqrt(12) / 4, 1);
    expect(scale[1]).toBe(8); // its deviation is 0.03: a 1 would be 32
    expect([center[2], scale[2]]).toEqual([7, 1]);
    expect(center[3]).toBeCloseTo(2, 1);
    expect(await observedScaling(environment, 1)).toEqual({ center, scale });
    expect(await observedScaling(environment, 2)).not.toEqual({ center, scale });
  });
});

describe("dueling outputs", () => {
  const random = new Random(5);
  const dense = createDenseNetwork([3, 8, 4], random);
  const spiking = createSpikingNetwork([3, 8, 4], random, { biasInput: true, steps: 8 });
  const observations = numbers(15, random);

  it.each([
    ["dense", dense],
    ["spiking", spiking],
  ])("of a %s network are V + A - mean(A), and the folded network gives the same", (_, network) => {
    const streams = Float32Array.from(outputsOf(network, observations));
    const outputs = duelingHead.values(streams, 5);
    const folded = outputsOf(duelingHead.fold(network), observations);
    for (let k = 0; k < 5; k++)
      for (let a = 0; a < 3; a++) {
        const [value, ...advantages] = streams.subarray(4 * k, 4 * k + 4);
        const q = value + advantages[a] - (advantages[0] + advantages[1] + advantages[2]) / 3;
        expect(outputs[3 * k + a]).toBeCloseTo(q, 5);
        expect(folded[3 * k + a]).toBeCloseTo(q, 4);
      }
  });

  it("have the gradient that finite differences give", () => {
    const trainable = createTrainable(dense, { maxBatch: 5 });
    const weights = numbers(15, new Random(9));
    const loss = (): number =>
      duelingHead.values(trainable.forward(observations, 5), 5).reduce((sum, q, i) => sum + q * weights[i], 0);
    loss();
    trainable.backward(duelingHead.gradient(weights, 5));
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
