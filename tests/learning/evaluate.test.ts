// tier: python
import { describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { readdirSync } from "node:fs";
import { createDenseNetwork, createSpikingNetwork, spikingNetwork } from "../../src/network/create.ts";
import { linear, relu } from "../../src/network/layer.ts";
import type { Network } from "../../src/network/network.ts";
import { collectReplay, collectStates } from "../../src/learning/collect.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import { policyOf, type Policy } from "../../src/learning/policy.ts";
import { mean } from "../../src/numeric/statistics.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";
import { corridor } from "../fixtures/corridor.ts";

const always = (action: number): Policy => ({
  actions: 2,
  observationSize: 2,
  act: (_o, batch) => new Int32Array(batch).fill(action),
});

describe("evaluation", () => {
  it("scores whole episodes, in seed order, whatever steps beside them", async () => {
    const together = await evaluate(always(1), corridor(), { episodes: 12 });
    const alone = await Promise.all(
      Array.from({ length: 12 }, (_, i) => evaluate(always(1), corridor(), { episodes: 1, firstSeed: 100000 + i })),
    );
    expect(together.returns).toEqual(alone.map(({ returns }) => returns[0]));
    expect(together.decisions).toBe(together.lengths.reduce((a, b) => a + b));
    // Every step costs 1 but the one that arrives.
    together.returns.forEach((value, i) => expect([1 - together.lengths[i], -together.lengths[i]]).toContain(value));
  });

  it("compares on the states visited", async () => {
    const same = await evaluate(always(1), corridor(), { episodes: 10, compare: always(1) });
    expect([same.similarity, same.similarityCi95]).toEqual([1, [1, 1]]);
    expect((await evaluate(always(1), corridor(), { episodes: 10, compare: always(0) })).similarity).toBe(0);
    // Agrees right of the middle only: observation 0 is the position.
    const half: Policy = {
      ...always(0),
      act: (o, batch) => Int32Array.from({ length: batch }, (_, k) => Number(o[2 * k] > 0)),
    };
    const { similarity, similarityCi95 } = await evaluate(always(1), corridor({ slip: 0.3 }), {
      episodes: 200,
      compare: half,
    });
    expect(similarityCi95![0]).toBeLessThan(similarity!);
    expect(similarityCi95![1]).toBeGreaterThan(similarity!);
  });

  it("tells what the actions cost by the other's values", async () => {
    // Q(s) = (x, 0.25): going right loses max(x, 0.25) - 0.25, x being the position.
    const source: Network = {
      input: [2],
      inputScale: 1,
      layers: [
        {
          synapses: { kind: "dense", inputs: 2, outputs: 2 },
          weights: Float32Array.of(1, 0, 0, 0),
          biases: Float32Array.of(0, 0.25),
          activation: linear,
        },
      ],
    };
    const positions: number[] = [];
    const watched: Policy = {
      ...always(1),
      act(observations, batch) {
        for (let k = 0; k < batch; k++) positions.push(observations[2 * k]);
        return new Int32Array(batch).fill(1);
      },
    };
    const { regret, decisions } = await evaluate(watched, corridor({ slip: 0.3 }), {
      episodes: 50,
      compare: policyOf(source),
    });
    const losses = positions.map((x) => Math.max(x - 0.25, 0));
    expect(regret!.largest).toBeCloseTo(Math.max(...losses), 6);
    expect(regret!.largest).toBeGreaterThan(0.1);
    expect(regret!.mean).toBeCloseTo(mean(losses), 6);
    expect(regret!.margin).toBeCloseTo(mean(positions.map((x) => Math.abs(x - 0.25))), 6);
    expect(decisions).toBe(positions.length);
    expect(regret!.ci95[0]).toBeLessThan(regret!.mean);
    expect(regret!.ci95[1]).toBeGreaterThan(regret!.mean);
    // The network itself loses nothing, whatever it decides; who has no values tells nothing.
    const own = await evaluate(policyOf(source), corridor(), { episodes: 5, compare: policyOf(source) });
    expect(own).toMatchObject({ similarity: 1, regret: { mean: 0, ci95: [0, 0], largest: 0 } });
    expect((await evaluate(always(1), corridor(), { episodes: 5, compare: always(0) })).regret).toBeNull();
  });

  it("does not count random actions as decisions", async () => {
    const random = await evaluate(always(1), corridor(), { episodes: 20, epsilon: 1 });
    expect(random).toMatchObject({ decisions: 0, similarity: null, spikesPerDecision: null });
    const mixed = await evaluate(always(1), corridor(), { episodes: 400, epsilon: 0.25 });
    const steps = mixed.lengths.reduce((a, b) => a + b);
    expect(Math.abs(mixed.decisions / steps - 0.75)).toBeLessThan(0.04);
  });

  it("refuses a model of another shape", async () => {
    const policy = policyOf(createDenseNetwork([3, 4, 2], new Random(1)));
    await expect(evaluate(policy, corridor())).rejects.toMatchObject({
      code: "MODEL_DOES_NOT_FIT",
      message: expect.stringContaining("Corridor"),
    });
  });
});

describe("policies", () => {
  it("break ties as told", () => {
    const network = createDenseNetwork([2, 3, 4], new Random(1));
    network.layers.forEach(({ weights, biases }) => (weights.fill(0), biases!.fill(0)));
    const act = (ties: "first" | "last"): unknown =>
      Array.from(policyOf(network, { ties }).act(new Float32Array(4), 2) as Int32Array);
    expect([act("first"), act("last")]).toEqual([
      [0, 0],
      [3, 3],
    ]);
  });

  it("count effective work", () => {
    const layer = (inputs: number, outputs: number, ...weights: number[]) => ({
      synapses: { kind: "dense", inputs, outputs } as const,
      weights: Float32Array.from(weights),
      biases: new Float32Array(outputs),
    });
    const policy = policyOf({
      input: [2],
      inputScale: 1,
      layers: [
        { ...layer(2, 3, 1, -1, -1, 1, 1, 1), activation: relu },
        { ...layer(3, 2, 1, 1, 1, 1, 1, 1), activation: linear },
      ],
    });
    // One nonzero input feeds 3; of the hidden (1, -1, -1) after the ReLU only the first feeds 2.
    void policy.act(Float32Array.of(1, 0), 1);
    expect(policy.work).toEqual({
      decisions: 1,
      spikes: 0,
      accumulates: 0,
      multiplyAccumulates: 5,
      synOps: 5,
      active: 1,
    });
    const spiking = policyOf(createSpikingNetwork([2, 8, 2], new Random(3), { steps: 30 }));
    void spiking.act(Float32Array.of(1, 0.5, 0.3, 1), 2);
    expect(spiking.work!.decisions).toBe(2);
    expect(spiking.work!.synOps).toBeGreaterThan(spiking.work!.spikes);
  });

  it("run a spiking network for as many steps as asked", () => {
    const pass = spikingNetwork(
      [
        { synapses: { kind: "dense", inputs: 1, outputs: 1 }, weights: Float32Array.of(0.5) },
        { synapses: { kind: "dense", inputs: 1, outputs: 2 }, weights: Float32Array.of(1, -1) },
      ],
      { steps: 100 },
    );
    const short = policyOf(pass, { steps: 4 });
    const long = policyOf(pass);
    for (const policy of [short, long]) void policy.act(Float32Array.of(1), 1);
    expect(short.work!.spikes).toBeLessThan(2);
    expect(long.work!.spikes).toBeGreaterThan(40);
  });
});

describe("collecting states", () => {
  it("a smaller set is the beginning of a larger one, and every Q-value belongs to its state", async () => {
    const network = createDenseNetwork([2, 8, 2], new Random(4));
    const [small, large] = await Promise.all([30, 90].map((size) => collectReplay(network, corridor(), { size })));
    expect(large.states.subarray(0, 60)).toEqual(small.states);
    const greedy = policyOf(network).act(large.states, 90) as Int32Array;
    greedy.forEach((action, k) => expect(action).toBe(Number(large.outputs![2 * k + 1] > large.outputs![2 * k])));
  });

  it("every third state of each episode, from its first on", async () => {
    const policy = always(1);
    const { lengths } = await evaluate(policy, corridor(), { episodes: 12 });
    const all = await collectStates(policy, corridor(), { size: lengths.reduce((a, b) => a + b) });
    const some = await collectStates(policy, corridor(), { size: 10, every: 3 });
    let at = 0;
    const kept = lengths.flatMap((length) => {
      const episode = [...all.subarray(2 * at, 2 * (at += length))];
      return episode.filter((_, k) => Math.floor(k / 2) % 3 === 0);
    });
    expect(kept.length).toBeLessThan(0.6 * all.length);
    expect([...some]).toEqual(kept.slice(0, 20));
  });

  it("says so when every action is random", async () => {
    await expect(collectStates(always(1), corridor(), { size: 5, epsilon: 1 })).rejects.toMatchObject({
      code: "NOTHING_COLLECTED",
    });
  });
});

describe("the models that ship", () => {
  const shipped = readdirSync("models").filter((name) => /^(cartpole|mountaincar)-d?s?qn\.safetensors$/.test(name));

  // In a process of its own: Jest's modules reach their globals through a proxy, which makes inner loops ten times slower.
  it.each(shipped)("%s scores in the real environment what its card says", async (name) => {
    const { card } = await loadModel(`models/${name}`);
    const { environment, score } = card!;
    const args = ["evaluate", `models/${name}`, "--env", environment!, "--episodes", String(score!.episodes), "--json"];
    const { stdout } = await execa("node", ["scripts/dsqn.mjs", ...args]);
    const { mean, std } = JSON.parse(stdout) as { mean: number; std: number };
    expect(mean).toBeCloseTo(score!.mean, 6);
    expect(std).toBeCloseTo(score!.std, 6);
    expect(mean).toBeGreaterThanOrEqual(environment === "CartPole-v1" ? 475 : -115);
    expect(score!.episodes).toBeGreaterThanOrEqual(200);
  });
});
