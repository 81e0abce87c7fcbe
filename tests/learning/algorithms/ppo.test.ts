import { createTrainable } from "../../../src/engines/create.ts";
import type { Environments } from "../../../src/environments/worlds.ts";
import { ppo } from "../../../src/learning/algorithms/index.ts";
import {
  explainedVariance,
  generalisedAdvantages,
  type Minibatch,
  ppoSlopes,
} from "../../../src/learning/algorithms/ppo-gradient.ts";
import { ppoSchema } from "../../../src/learning/algorithms/ppo-config.ts";
import { separateActorCritic } from "../../../src/learning/actor-critic/separate.ts";
import { createDenseNetwork } from "../../../src/network/create.ts";
import { isSpiking } from "../../../src/network/network.ts";
import { Random } from "../../../src/numeric/random.ts";

describe("generalisedAdvantages", () => {
  const rollout = {
    rewards: Float64Array.of(1, 0, 2, 5, 3, 0), // [3, 2]: rows are steps, columns environments
    values: Float32Array.of(0.5, 1, 0.25, 2, 1, -1),
    ended: Uint8Array.of(0, 0, 1, 0, 0, 0),
  };
  const next = Float32Array.of(4, 2);

  it("is followed on paper", () => {
    // Environment 0, gamma 1/2, lambda 1/2: deltas 1 + 0.125 - 0.5, 2 - 0.25 (it ended), 3 + 2 - 1.
    const a = generalisedAdvantages(rollout, next, 0.5, 0.5);
    expect([a[0], a[2], a[4]]).toEqual([0.625 + 0.25 * 1.75, 1.75, 4]);
    // Environment 1: deltas 0 + 1 - 1, 5 - 0.5 - 2, 0 + 1 + 1.
    expect([a[1], a[3], a[5]]).toEqual([0 + 0.25 * 3, 2.5 + 0.25 * 2, 2]);
  });

  it("is the discounted return less the value where lambda is 1, and one step of it where lambda is 0", () => {
    const whole = generalisedAdvantages(rollout, next, 0.5, 1);
    expect(whole[1]).toBe(0 + 0.5 * 5 + 0.25 * 0 + 0.125 * 2 - 1);
    const single = generalisedAdvantages(rollout, next, 0.5, 0);
    expect(single[1]).toBe(0 + 0.5 * 2 - 1);
  });
});

describe("ppoSlopes", () => {
  it("is the gradient of the objective, by finite differences, ratios beyond the range included", () => {
    const random = new Random(3);
    const [size, n] = [40, 3];
    const logits = Float32Array.from({ length: size * n }, () => random.normal());
    const values = Float32Array.from({ length: size }, () => random.normal());
    const batch: Minibatch = {
      actions: Int32Array.from({ length: size }, () => random.integer(n)),
      logProbabilities: Float32Array.from({ length: size }, () => -1.1 + 0.5 * random.normal()),
      advantages: Float64Array.from({ length: size }, () => random.normal()),
      returns: Float64Array.from({ length: size }, () => random.normal()),
    };
    const objective = { clipRange: 0.2, entropy: 0.05, valueWeight: 0.7 };
    const mean = batch.advantages.reduce((a, b) => a + b) / size;
    const deviation = Math.sqrt(batch.advantages.reduce((s, a) => s + (a - mean) ** 2, 0) / size);
    // The paper's words once more, in float64.
    const loss = (z: number[], v: number[]): number => {
      let sum = 0;
      for (let k = 0; k < size; k++) {
        const row = z.slice(k * n, (k + 1) * n);
        const logSum = Math.log(row.reduce((s, x) => s + Math.exp(x), 0));
        const rho = Math.exp(row[batch.actions[k]] - logSum - batch.logProbabilities[k]);
        const a = (batch.advantages[k] - mean) / deviation;
        const entropy = -row.reduce((s, x) => s + Math.exp(x - logSum) * (x - logSum), 0);
        sum -= Math.min(rho * a, Math.min(1.2, Math.max(0.8, rho)) * a) + objective.entropy * entropy;
        sum += (objective.valueWeight / 2) * (v[k] - batch.returns[k]) ** 2;
      }
      return sum / size;
    };
    const slopes = ppoSlopes({ logits, values }, batch, objective);
    const [z, v] = [Array.from(logits), Array.from(values)];
    const slope = (list: number[], i: number): number => {
      const kept = list[i];
      list[i] = kept + 1e-5;
      const up = loss(z, v);
      list[i] = kept - 1e-5;
      const down = loss(z, v);
      list[i] = kept;
      return (up - down) / 2e-5;
    };
    z.forEach((_, i) => expect(slopes.logits[i]).toBeCloseTo(slope(z, i), 6));
    v.forEach((_, i) => expect(slopes.values[i]).toBeCloseTo(slope(v, i), 6));
    const held = z.filter((_, i) => slopes.logits[i] === 0).length;
    expect(held).toBe(0); // the entropy pulls everywhere
    const without = ppoSlopes({ logits, values }, batch, { ...objective, entropy: 0 });
    expect(without.logits.filter((slope) => slope === 0).length).toBeGreaterThan(n);

    // A teacher's cross-entropy comes on top: by differences too.
    const taught = Float32Array.from({ length: size * n }, (_, k) => [0.7, 0.2, 0.1][k % n]);
    const crossEntropy = (row: number[], k: number): number => {
      const logSum = Math.log(row.reduce((s, x) => s + Math.exp(x), 0));
      return -row.reduce((s, x, j) => s + taught[k * n + j] * (x - logSum), 0) / size;
    };
    const drawn = ppoSlopes({ logits, values }, { ...batch, taught }, { ...objective, teaching: 2 });
    for (let i = 0; i < 12; i++) {
      const [k, row] = [Math.floor(i / n), z.slice(Math.floor(i / n) * n, Math.floor(i / n) * n + n)];
      const moved = (by: number): number =>
        crossEntropy(
          row.map((x, j) => (j === i % n ? x + by : x)),
          k,
        );
      const own = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      expect(drawn.logits[i]).toBeCloseTo(slopes.logits[i] + 2 * own, 6);
    }
  });
});

describe("what a run of PPO reports", () => {
  it("is entropy, divergence and share beyond the range, in closed form for a coin", () => {
    const logits = Float32Array.of(0, 0, Math.log(3), 0); // 1/2, 1/2; 3/4, 1/4
    const batch: Minibatch = {
      actions: Int32Array.of(0, 0),
      logProbabilities: Float32Array.of(Math.log(0.5), Math.log(0.5)),
      advantages: Float64Array.of(1, -1),
      returns: Float64Array.of(0, 0),
    };
    const objective = { clipRange: 0.2, entropy: 0, valueWeight: 1 };
    const { showed } = ppoSlopes({ logits, values: Float32Array.of(0, 0) }, batch, objective);
    const coin = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(showed.entropy).toBeCloseTo((Math.LN2 + coin) / 2, 6);
    expect(showed.divergence).toBeCloseTo((1.5 - 1 - Math.log(1.5)) / 2, 6); // the first has not moved
    expect(showed.clipped).toBe(0.5);
  });

  it("says how much of the returns the critic foretold", () => {
    const returns = [1, 2, 3, 6];
    const off = (values: number[]): Float64Array => Float64Array.from(returns, (value, k) => value - values[k]);
    for (const [values, explained] of [
      [returns, 1],
      [[3, 3, 3, 3], 0],
      [[6, 3, 2, 1], -19 / 7],
    ] as const)
      expect(explainedVariance(Float32Array.from(values), off([...values]))).toBeCloseTo(explained, 6);
    expect(explainedVariance(Float32Array.of(1, 2), Float64Array.of(1, 0))).toBe(0);
  });
});

describe("an actor-critic", () => {
  it("goes on from what it saved as if nothing had been", () => {
    const open = () =>
      separateActorCritic(
        createTrainable(createDenseNetwork([2, 5, 3], new Random(1)), { maxBatch: 4 }),
        createTrainable(createDenseNetwork([2, 4, 1], new Random(2)), { maxBatch: 4 }),
        { epsilon: 1e-5, clip: 0.5 },
      );
    const observations = Float32Array.from({ length: 8 }, (_, k) => k / 4 - 1);
    const slopes = { logits: new Float32Array(12).fill(0.3), values: new Float32Array(4).fill(-1) };
    const [one, other] = [open(), open()];
    one.update(observations, 4, () => slopes, 0.01);
    other.restore(one.save());
    for (const learner of [one, other]) learner.update(observations, 4, () => slopes, 0.01);
    expect(other.weights()).toEqual(one.weights());
    expect(other.judge(observations, 4).values.slice(0, 4)).toEqual(one.judge(observations, 4).values.slice(0, 4));
    one.close();
    other.close();
  });
});

/** Observation +1 or -1; the action that names its sign pays 1; twenty steps, then time is over. */
const signs = (count: number): Promise<Environments> => {
  const random: Random[] = [];
  const steps = new Int32Array(count);
  let shown = new Float32Array(count);
  const draw = (i: number): number => (random[i].integer(2) === 1 ? 1 : -1);
  return Promise.resolve({
    id: "Signs",
    count,
    observationSize: 1,
    actions: 2,
    reset({ seed, mask }) {
      shown = shown.map((value, i) => {
        if (mask && mask[i] === 0) return value;
        random[i] = new Random(seed[i]);
        steps[i] = 0;
        return draw(i);
      });
      return Promise.resolve(shown.slice());
    },
    step(actions) {
      const rewards = Float64Array.from(actions, (action, i) => Number(action === (shown[i] > 0 ? 1 : 0)));
      shown = shown.map((_, i) => draw(i));
      const truncated = Uint8Array.from(steps, (_, i) => Number(++steps[i] === 20));
      return Promise.resolve({ observations: shown.slice(), rewards, terminated: new Uint8Array(count), truncated });
    },
    close: () => Promise.resolve(),
  });
};

describe("ppo", () => {
  const config = ppoSchema.parse({
    method: "ppo",
    environment: { id: "Signs", count: 8 },
    network: { kind: "dense", hidden: [8] },
    critic: { hidden: [8] },
    steps: 40_000,
    gamma: 0.5,
    horizon: 32,
    learningRate: { kind: "constant", value: 0.01 },
    evaluation: { every: 1000, episodes: 10, stop: { mean: 20, episodes: 30 } },
  });
  const spiking = { kind: "spiking", hidden: [4], steps: 1, neuron: "lif", surrogateScale: 10 };

  it.each(["dense", "spiking"])(
    "solves what can be solved with a %s policy, and repeats from its seed",
    async (kind) => {
      const network = kind === "dense" ? config.network : ppoSchema.parse({ ...config, network: spiking }).network;
      const run = () => ppo({ ...config, network, seed: 5 }, { makeEnvironments: signs });
      const result = await run();
      expect(result.confirmed).toBe(true);
      expect(result.chosen.mean).toBe(20);
      expect(result.environmentSteps).toBeLessThan(40_000);
      expect(isSpiking(result.network)).toBe(kind === "spiking");
      expect((await run()).curve).toEqual(result.curve);
    },
  );

  it("refuses a rollout that does not fall into its minibatches", () => {
    const wrong = ppoSchema.safeParse({ ...config, horizon: 33, minibatches: 5 });
    expect(wrong.error?.issues[0]).toMatchObject({
      path: ["minibatches"],
      message: "does not divide 264 steps (environments x horizon)",
    });
  });
});
