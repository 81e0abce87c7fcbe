import type { Environments } from "../../src/environments/worlds.ts";
import type { Policy } from "../../src/learning/policy.ts";
import { recommend, sweep, type SweepRow } from "../../src/learning/sweep.ts";

/** Ten steps long; an action equal to the observation pays 1. The observation is the step's parity. */
const makeEnvironments = (count: number): Promise<Environments> => {
  let step = 0;
  const observe = (): Float32Array => new Float32Array(count).fill(step % 2);
  return Promise.resolve({
    id: "Parity",
    count,
    observationSize: 1,
    actions: 2,
    reset: () => {
      step = 0;
      return Promise.resolve(observe());
    },
    step: (actions) => {
      const rewards = Float64Array.from(actions, (action) => Number(action === step % 2));
      step++;
      return Promise.resolve({
        observations: observe(),
        rewards,
        terminated: new Uint8Array(count).fill(step === 10 ? 1 : 0),
        truncated: new Uint8Array(count),
      });
    },
    close: () => Promise.resolve(),
  });
};
const policy = (act: (observation: number) => number): Policy => ({
  actions: 2,
  observationSize: 1,
  act: (observations, batch) => Int32Array.from({ length: batch }, (_, k) => act(observations[k])),
});

describe("sweep", () => {
  it("plays each T against the source and recommends the smallest that suffices", async () => {
    const { rows, source, recommended } = await sweep({
      makeEnvironments,
      source: policy((o) => o),
      policyAt: (steps) => policy((o) => (steps < 16 ? 0 : o)),
      steps: [8, 16, 32],
      episodes: 5,
    });
    expect(source.mean).toBe(10);
    expect(rows.map((row) => row.similarity)).toEqual([0.5, 1, 1]);
    expect(rows.map((row) => row.mean)).toEqual([5, 10, 10]);
    expect(rows[0].decisions).toBe(50);
    expect(recommended.steps).toBe(16);
  });
});

describe("recommend", () => {
  const row = (steps: number, similarity: number, mean: number): SweepRow =>
    ({ steps, similarity, mean, ci95: [mean - 5, mean + 5] }) as unknown as SweepRow;

  it("passes over a T at which the outputs can't depend on what the network sees, however well it scores", () => {
    const source = { mean: 500, ci95: [499, 500] } as const;
    const deaf = { ...row(2, 1, 500), unheard: "T must be at least 4" };
    expect(recommend([deaf, row(16, 0.98, 500)], source, 0.97).steps).toBe(16);
    expect(recommend([deaf], source, 0.97)).toEqual({ steps: null, reason: "at none of these: T must be at least 4" });
  });

  it("passes over a T that agrees but scores worse", () => {
    expect(recommend([row(16, 0.98, 300), row(64, 0.98, 495)], { mean: 500, ci95: [499, 500] }, 0.97).steps).toBe(64);
  });

  it("falls back to the most similar and says so", () => {
    const { steps, reason } = recommend(
      [row(16, 0.5, 20), row(64, 0.9, 30), row(128, 0.8, 30)],
      { mean: 500, ci95: [500, 500] },
      0.97,
    );
    expect(steps).toBe(64);
    expect(reason).toContain("no T reaches 97.0 %");
  });
});
