import type { Environments } from "../../src/environments/worlds.ts";
import { front, pareto } from "../../src/learning/pareto.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { renderPareto } from "../../src/report/pareto.ts";

/** One step; the reward is the action taken. */
const once = (count: number): Promise<Environments> =>
  Promise.resolve({
    id: "Once",
    count,
    observationSize: 2,
    actions: 2,
    reset: () => Promise.resolve(Float32Array.from({ length: 2 * count }, (_, k) => ((k * 7) % 5) / 5 - 0.3)),
    step: (actions) =>
      Promise.resolve({
        observations: new Float32Array(2 * count),
        rewards: Float64Array.from(actions),
        terminated: new Uint8Array(count).fill(1),
        truncated: new Uint8Array(count),
      }),
    close: () => Promise.resolve(),
  });

describe("the front", () => {
  it("is what nothing beats", () => {
    const rows = [
      { name: "cheap", score: 1, price: 1 },
      { name: "as good, dearer", score: 1, price: 2 },
      { name: "better", score: 3, price: 2 },
      { name: "worse, dearer", score: 2, price: 3 },
      { name: "best", score: 4, price: 9 },
      { name: "its twin", score: 4, price: 9 },
    ];
    expect([...front(rows, ({ price }) => price)].map(({ name }) => name)).toEqual([
      "cheap",
      "better",
      "best",
      "its twin",
    ]);
  });
});

describe("pareto", () => {
  it("scores every network at every T and number of bits, and leaves out a T that hears nothing", async () => {
    const dense = createDenseNetwork([2, 4, 2], new Random(1));
    const lagged = createSpikingNetwork([2, 4, 2], new Random(2), { steps: 20 });
    const lif = createSpikingNetwork([2, 4, 2], new Random(2), { steps: 2, neuron: neuron("lif") });
    const contenders = Object.entries({ dense, lagged, lif }).map(([name, network]) => ({ name, network }));
    const rows = await pareto(contenders, { makeEnvironments: once, episodes: 5, steps: [1, 8], bits: [4] });
    expect(rows.map(({ model, steps, bits }) => `${model} ${steps} ${bits}`)).toEqual([
      ...["dense 1 32", "dense 1 4", "lagged 8 32", "lagged 8 4", "lagged 20 32", "lagged 20 4"],
      ...["lif 1 32", "lif 1 4", "lif 2 32", "lif 2 4", "lif 8 32", "lif 8 4"],
    ]);
    for (const row of rows) {
      expect(row.energy.withMemory).toBeGreaterThan(row.energy.compute);
      expect(row.spikes > 0).toBe(row.spiking && row.spikes > 0);
      expect(row.macs + row.acs).toBeGreaterThan(0);
    }
    expect(rows.some(({ efficient }) => efficient.withMemory)).toBe(true);
    const page = renderPareto("Once", rows, 5);
    expect(page).toContain("lagged");
    expect(page.match(/<svg/g)!.length).toBe(6);
  });
});
