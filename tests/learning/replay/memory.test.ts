import fc from "fast-check";
import { describe, expect, it } from "@jest/globals";
import { ReplayMemory } from "../../../src/learning/replay/memory.ts";
import { NStepWindow } from "../../../src/learning/replay/n-step.ts";
import { SumTree } from "../../../src/learning/replay/sum-tree.ts";
import { Random } from "../../../src/numeric/random.ts";

const vector = (value: number): Float32Array => Float32Array.of(value, -value);

/** Transition i carries i in every field, so that whatever comes back says where it came from. */
function filled(capacity: number, pushes: number, prioritised = false): ReplayMemory {
  const memory = new ReplayMemory(capacity, 2, prioritised ? { alpha: 0.6, beta: 0.4, epsilon: 1e-6 } : undefined);
  for (let i = 0; i < pushes; i++) memory.push(vector(i), i % 3, i, vector(i + 1), i / 1024);
  return memory;
}

describe("replay memory", () => {
  it("keeps the newest `capacity` transitions, whole", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer(),
        (capacity, pushes, seed) => {
          const memory = filled(capacity, pushes);
          const batch = memory.sample(memory.size, new Random(seed));
          const seen = Array.from(batch.rewards).sort((a, b) => a - b);
          expect(seen).toEqual(
            Array.from({ length: Math.min(capacity, pushes) }, (_, k) => Math.max(0, pushes - capacity) + k),
          );
          batch.rewards.forEach((i, k) => {
            expect(batch.observations.subarray(2 * k, 2 * k + 2)).toEqual(vector(i));
            expect(batch.nextObservations.subarray(2 * k, 2 * k + 2)).toEqual(vector(i + 1));
            expect([batch.actions[k], batch.discounts[k]]).toEqual([i % 3, i / 1024]);
          });
        },
      ),
    );
  });

  it("draws every transition equally often when uniform", () => {
    const memory = filled(10, 10);
    const counts = new Array<number>(10).fill(0);
    const random = new Random(1);
    for (let i = 0; i < 10000; i++) for (const index of memory.sample(2, random).slots) counts[index]++;
    // Binomial(10000, 0.2): 4.5 standard deviations.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(180);
  });

  it("draws in proportion to priority^alpha, and weighs by (N P)^-beta", () => {
    const memory = filled(4, 4, true);
    memory.updatePriorities(Int32Array.of(0, 1, 2, 3), Float32Array.of(1, 2, 4, 8));
    const share = [1, 2, 4, 8].map((p) => p ** 0.6);
    const total = share.reduce((a, b) => a + b);
    const counts = new Array<number>(4).fill(0);
    const random = new Random(2);
    for (let i = 0; i < 5000; i++) {
      const batch = memory.sample(4, random);
      const largest = Math.max(...Array.from(batch.slots, (j) => ((4 * share[j]) / total) ** -0.4));
      batch.slots.forEach((j, k) => {
        counts[j]++;
        expect(batch.weights[k]).toBeCloseTo(((4 * share[j]) / total) ** -0.4 / largest, 4);
      });
    }
    counts.forEach((count, j) => expect(count / 20000).toBeCloseTo(share[j] / total, 2));
  });

  it.each([false, true])("goes on from a saved state as if nothing had happened (prioritised: %s)", (prioritised) => {
    const memory = filled(50, 70, prioritised);
    memory.updatePriorities(Int32Array.of(3, 9), Float32Array.of(5, 0.1));
    const copy = new ReplayMemory(50, 2, prioritised ? { alpha: 0.6, beta: 0.4, epsilon: 1e-6 } : undefined);
    copy.restore(structuredClone(memory.save()));
    for (const m of [memory, copy]) m.push(vector(1000), 1, 1000, vector(1001), 0);
    expect(copy.sample(20, new Random(5))).toEqual(memory.sample(20, new Random(5)));
  });

  it("refuses a batch larger than what it holds", () => {
    expect(() => filled(10, 3).sample(4, new Random(0))).toThrow(RangeError);
  });
});

describe("sum tree", () => {
  it("finds the leaf in which a running sum falls, and never one of weight 0", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 33 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (weights, u) => {
          const total = weights.reduce((a, b) => a + b, 0);
          fc.pre(total > 0);
          const tree = new SumTree(weights.length);
          weights.forEach((w, i) => tree.set(i, w));
          expect(tree.total).toBe(total);
          let expected = 0;
          for (let sum = weights[0]; sum <= u * total; sum += weights[++expected]);
          expect(tree.find(u * total)).toBe(expected);
        },
      ),
    );
  });
});

describe("n-step window", () => {
  type Step = { reward: number; terminated: boolean; truncated: boolean };
  /** Runs one episode whose observation at step t is t; returns what was emitted. */
  const emitted = (n: number, gamma: number, steps: Step[], drop = false) => {
    const window = new NStepWindow(n, gamma, drop);
    const out: { at: number; action: number; reward: number; next: number; discount: number }[] = [];
    steps.forEach((step, t) =>
      window.push(
        { ...step, terminal: step.terminated, observation: vector(t), action: t, next: vector(t + 1) },
        (o, action, reward, next, discount) => out.push({ at: o[0], action, reward, next: next[0], discount }),
      ),
    );
    return out;
  };
  const episode = (rewards: number[], end: "terminated" | "truncated"): Step[] =>
    rewards.map((reward, t) => ({
      reward,
      terminated: false,
      truncated: false,
      ...(t === rewards.length - 1 && { [end]: true }),
    }));

  it("sums discounted rewards as the definition says, for every n, length and ending", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom("terminated" as const, "truncated" as const),
        (n, rewards, end) => {
          const out = emitted(n, 0.5, episode(rewards, end));
          expect(out.map((o) => o.at)).toEqual(rewards.map((_, t) => t));
          out.forEach(({ at, action, reward, next, discount }) => {
            const k = Math.min(n, rewards.length - at);
            expect(action).toBe(at);
            expect(next).toBe(at + k);
            expect(reward).toBe(rewards.slice(at, at + k).reduce((sum, r, j) => sum + r * 0.5 ** j, 0));
            expect(discount).toBe(end === "terminated" && at + k === rewards.length ? 0 : 0.5 ** k);
          });
        },
      ),
    );
  });

  it("forgets what a time limit cuts where asked to, as the original", () => {
    expect(emitted(1, 0.9, episode([1, 1, 1], "truncated"), true).map((o) => o.at)).toEqual([0, 1]);
  });

  it("treats an end that is both as terminal", () => {
    expect(emitted(1, 0.9, [{ reward: 1, terminated: true, truncated: true }])[0].discount).toBe(0);
  });
});
