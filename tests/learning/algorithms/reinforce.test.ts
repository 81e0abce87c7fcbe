import { createTrainable } from "../../../src/engines/create.ts";
import { createDenseNetwork } from "../../../src/network/create.ts";
import type { Environments } from "../../../src/environments/worlds.ts";
import { reinforce } from "../../../src/learning/algorithms/index.ts";
import { discountedReturns, type Episode, policyGradient } from "../../../src/learning/algorithms/policy-gradient.ts";
import { reinforceSchema } from "../../../src/learning/algorithms/reinforce-config.ts";
import { Random } from "../../../src/numeric/random.ts";

const episode = (rewards: number[]): Episode => ({
  observations: new Float32Array(rewards.length),
  actions: new Int32Array(rewards.length),
  rewards: Float64Array.from(rewards),
});

describe("discountedReturns", () => {
  it("normalises over an episode or over the update", () => {
    const episodes = [episode([1, 1, 1]), episode([0])];
    const [own] = discountedReturns(episodes, 0.5, "episode"); // 1.75, 1.5, 1: mean 1.41667, deviation 0.38188
    expect(Array.from(own, (x) => Number(x.toFixed(4)))).toEqual([0.8729, 0.2182, -1.0911]);
    const all = discountedReturns(episodes, 0.5, "update").flatMap((values) => Array.from(values));
    expect(all.reduce((a, b) => a + b)).toBeCloseTo(0, 9);
    expect(all.reduce((a, b) => a + b * b, 0) / 3).toBeCloseTo(1, 9);
  });

  it("survives an episode of a single step", () => {
    expect(discountedReturns([episode([5])], 0.9, "episode")[0][0]).toBe(0);
  });
});

describe("policyGradient", () => {
  it("is that of the objective, by finite differences, across chunks of a batch", () => {
    const network = createTrainable(createDenseNetwork([2, 5, 3], new Random(1)), { maxBatch: 4 });
    const random = new Random(2);
    const make = (length: number): Episode => ({
      observations: Float32Array.from({ length: 2 * length }, () => random.normal()),
      actions: Int32Array.from({ length }, () => random.integer(3)),
      rewards: new Float64Array(length),
    });
    const episodes = [make(6), make(3)];
    const returns = episodes.map(({ actions }) => Float64Array.from(actions, () => random.normal()));
    const entropy = 0.3;
    const objective = (): number => {
      let sum = 0;
      episodes.forEach(({ observations, actions }, e) =>
        actions.forEach((action, t) => {
          const row = Array.from(network.forward(observations.subarray(2 * t, 2 * t + 2), 1));
          const logSum = Math.log(row.reduce((s, x) => s + Math.exp(x), 0));
          const h = -row.reduce((s, x) => s + Math.exp(x - logSum) * (x - logSum), 0);
          sum -= returns[e][t] * (row[action] - logSum) + entropy * h;
        }),
      );
      return sum / 9;
    };
    const gradients = new Float32Array(network.parameters.length);
    policyGradient(network, episodes, returns, entropy, gradients);
    for (let i = 0; i < gradients.length; i++) {
      const value = network.parameters[i];
      network.parameters[i] = value + 1e-2;
      const up = objective();
      network.parameters[i] = value - 1e-2;
      const down = objective();
      network.parameters[i] = value;
      expect(gradients[i]).toBeCloseTo((up - down) / 2e-2, 2);
    }
  });
});

/** Observation +1 or -1; the action that names its sign pays 1; twenty steps. */
const signs = (count: number): Promise<Environments> => {
  let random: Random[] = [];
  let step = 0;
  let signs = new Float32Array(count);
  const draw = (): Float32Array => (signs = Float32Array.from(random, (r) => (r.integer(2) === 1 ? 1 : -1)));
  return Promise.resolve({
    id: "Signs",
    count,
    observationSize: 1,
    actions: 2,
    reset({ seed }) {
      random = seed.map((s) => new Random(s));
      step = 0;
      return Promise.resolve(draw());
    },
    step(actions) {
      const rewards = Float64Array.from(actions, (action, i) => Number(action === (signs[i] > 0 ? 1 : 0)));
      step++;
      const ended = new Uint8Array(count).fill(step === 20 ? 1 : 0);
      return Promise.resolve({ observations: draw(), rewards, terminated: new Uint8Array(count), truncated: ended });
    },
    close: () => Promise.resolve(),
  });
};

describe("reinforce", () => {
  const config = reinforceSchema.parse({
    method: "reinforce",
    environment: { id: "Signs", count: 8 },
    network: { kind: "dense", hidden: [8] },
    episodes: 2000,
    gamma: 0,
    learningRate: { kind: "constant", value: 0.02 },
    evaluation: { every: 5, stop: { mean: 20, episodes: 30 } },
  });
  it("solves what can be solved, stops when confirmed, and repeats from its seed", async () => {
    const run = () => reinforce({ ...config, seed: 5 }, { makeEnvironments: signs });
    const result = await run();
    expect(result.confirmed).toBe(true);
    expect(result.chosen.mean).toBe(20);
    expect(result.curve.length).toBeLessThan(2000);
    expect((await run()).curve).toEqual(result.curve);
  });

  it("stops when interrupted", async () => {
    const signal = AbortSignal.abort();
    await expect(reinforce(config, { makeEnvironments: signs, signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
