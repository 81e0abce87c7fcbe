import { costOf, fastEngine, observationSize, referenceEngine, type SpikingNetwork } from "../../index.ts";
import { drawChart } from "../common/chart.ts";
import { byId, count, joules, percent, say } from "../common/dom.ts";

/** What a decision costs and is worth at one T, over the same states. */
export interface CostRow {
  readonly steps: number;
  /** Share of the states in which it decides as at the network's own T. */
  readonly same: number;
  readonly spikes: number;
  /** Effective operations: accumulates and multiply-accumulates. */
  readonly operations: number;
  /** Picojoules with memory; of the same layers as an artificial network, computed once. */
  readonly energy: number;
  readonly dense: number;
  readonly denseOperations: number;
}

/** From 1 to `most`, ever further apart. */
export function gridOf(most: number, own: number): number[] {
  const list = new Set<number>([own]);
  for (let t = 1; t < most; t = Math.max(t + 1, Math.round(t * 1.18))) list.add(t);
  return [...list.add(most)].sort((a, b) => a - b);
}

/** Measures one T after another on `states`, and lets the page breathe in between. */
export function costRow(network: SpikingNetwork, states: Float32Array, steps: number, kernels = true): CostRow {
  const loaded = (kernels ? fastEngine() : referenceEngine).load(network);
  const own = loaded.run(states, {}).actions;
  const { actions, work } = loaded.run(states, { steps });
  loaded.close();
  const cost = costOf(network, work!, steps);
  const n = states.length / observationSize(network);
  return {
    steps,
    same: actions.filter((action, k) => action === own[k]).length / n,
    spikes: work!.spikes,
    operations: cost.macs + cost.acs,
    energy: cost.energy.withMemory,
    dense: cost.dense.energy.withMemory,
    denseOperations: cost.dense.macs,
  };
}

/** Both charts, with a mark at the T that is chosen. */
export function showCosts(rows: readonly CostRow[], steps: number, own: number): void {
  if (rows.length === 0) return;
  const domain = [rows[0].steps, rows.at(-1)!.steps] as const;
  const x = { name: "time steps T", domain, log: domain[1] > 12 && domain[0] > 0 };
  drawChart(byId("same-chart"), {
    label: `Share of equal decisions against T: ${rows.map((r) => `T ${r.steps}: ${percent(r.same)}`).join(", ")}`,
    x,
    y: { name: `decides as with T = ${own}, %`, domain: [0, 100] },
    lines: [{ points: rows.map((r) => [r.steps, 100 * r.same]), colour: "var(--snn)", width: 2.5 }],
    at: steps,
    height: 190,
  });
  const most = Math.max(...rows.map((r) => Math.max(r.energy, r.dense)));
  const unit = most > 1e6 ? { name: "µJ", scale: 1e6 } : { name: "nJ", scale: 1e3 };
  drawChart(byId("energy-chart"), {
    label: `Energy of a decision against T: ${rows.map((r) => `T ${r.steps}: ${joules(r.energy)}`).join(", ")}; as an artificial network ${joules(rows[0].dense)}`,
    x,
    y: { name: `energy of a decision, ${unit.name}`, domain: [0, (most * 1.05) / unit.scale] },
    lines: [
      { points: domain.map((t) => [t, rows[0].dense / unit.scale]), colour: "var(--dqn)", dash: "6 5" },
      { points: rows.map((r) => [r.steps, r.energy / unit.scale]), colour: "var(--snn)", width: 2.5 },
    ],
    at: steps,
    height: 190,
  });
  const row = rows.reduce((best, one) => (Math.abs(one.steps - steps) < Math.abs(best.steps - steps) ? one : best));
  say(byId("cost-spikes"), count(Math.round(row.spikes)));
  say(byId("cost-operations"), count(Math.round(row.operations)));
  say(byId("cost-operations-note"), `as an artificial network ${count(row.denseOperations)}`);
  say(byId("cost-energy"), joules(row.energy));
  say(
    byId("cost-energy-note"),
    `${(row.energy / row.dense).toPrecision(2)} times the ${joules(row.dense)} without spikes`,
  );
  say(byId("cost-same"), percent(row.same));
  say(byId("cost-same-note"), `as with its own T = ${own}`);
}
