// npm run docs:results [-- RUN]: measured results into README.md (a few) and docs/performance.md (all), what decisions cost into docs/thrift.md,
// the list of commands into docs/commands.md, the thesis's tables into docs/thesis.md, and the pictures beside them.
//
// docs/results/ holds what was measured, as the commands printed it:
//   cartpole.json        summary.json of a run of `npm start` (RUN, or runs/latest: copied by this script)
//   bench-*.json         dsqn bench TARGET --json > docs/results/bench-TARGET.json
//   certify-*.json       dsqn certify --random N ... --json > docs/results/certify-NAME.json
//   pareto-*.json        dsqn pareto MODELS --env ID --episodes 200 --json > docs/results/pareto-NAME.json
//   (models/breakout-*.json, the cards of Breakout's networks, are read where they lie)
//   reproduce-*.json     of runs/reproduce-NAME (dsqn reproduce NAME): copied by this script, shown in docs/thesis.md
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commands } from "../../src/cli/commands.ts";
import "../../thesis/index.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { machine } from "../../src/cli/measured.ts";
import type { CartPoleSummary } from "../../src/report/cartpole/facts.ts";
import { markdownTable, withTable } from "./tables.ts";
import { collectReproductions, withReproductions } from "./thesis.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const results = join(root, "docs/results");

interface BenchRow {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
}

interface Certificate {
  readonly simulator: string;
  readonly version: string;
  readonly networks: number;
  readonly bins: number;
  readonly spikes: number;
  readonly mismatchedBins: number;
  readonly neuron?: string | null;
  readonly reset: string | null;
}

/** Where and when something was measured. */
interface Place {
  readonly machine: string;
  readonly date: string;
}

/** What is read of the cards of Breakout's networks. */
interface BreakoutCard {
  readonly kind: string;
  readonly method: string;
  readonly score: {
    readonly mean: number;
    readonly ci95: readonly number[];
    readonly similarity: number | null;
    readonly episodes: number;
    readonly also?: readonly { readonly game: string; readonly mean: number; readonly ci95: readonly number[] }[];
    readonly cost: { readonly macs: number; readonly acs: number; readonly dense: { readonly macs: number } };
  };
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(results, name), "utf8")) as T;
const names = (prefix: string): string[] =>
  (existsSync(results) ? readdirSync(results) : [])
    .filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
    .sort();
const nameOf = (simulator: string): string => (simulator.startsWith("nest") ? "NEST" : simulator);
const n = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(4)));

const stepsOf = async (card: string): Promise<number> =>
  (await loadSpikingNetwork(card.replace(/json$/, "safetensors"))).coding.steps;

/** Breakout's networks, by their cards. */
async function gameRows(): Promise<string[][]> {
  const rows: string[][] = [];
  for (const name of [
    "breakout-dqn",
    "breakout-dqn-converted",
    "breakout-dqn-few",
    "breakout-dsqn",
    "breakout-thrift",
    "breakout-ppo",
    "breakout-ppo-few",
  ]) {
    const path = join(root, `models/${name}.json`);
    if (!existsSync(path)) continue;
    const { score, kind, method } = JSON.parse(readFileSync(path, "utf8")) as BreakoutCard;
    const similar =
      score.similarity === null ? "" : `; ${(100 * score.similarity).toFixed(2)} % of decisions as the dense network's`;
    const others = (score.also ?? []).map((one) => `; ${one.game} ${one.mean.toFixed(1)}`).join("");
    const what =
      kind === "spiking"
        ? `${method === "conversion" ? "converted to spikes" : `trained spiking (${method})`}, T = ${await stepsOf(path)}`
        : method === "pixel-ppo"
          ? "dense, PPO"
          : "DQN";
    rows.push([
      `Breakout, ${what}, ${score.episodes} games of at most 5 minutes`,
      `${score.mean.toFixed(1)} (95 %: ${score.ci95.map((x) => x.toFixed(1)).join(" to ")})${similar}${others}`,
      `\`dsqn models ${name} --anew\``,
    ]);
  }
  return rows;
}

const games = await gameRows();
const fewSteps = await stepsOf(join(root, "models/breakout-ppo-few.json"));
const thriftSteps = await stepsOf(join(root, "models/breakout-thrift.json"));

/** What was measured: what, how much, made by. */
function resultRows(): string[][] {
  const rows: string[][] = [];
  if (existsSync(join(results, "cartpole.json"))) {
    const { dqn, snn, certificate: c, seconds, seed } = read<CartPoleSummary>("cartpole.json");
    const score = (e: { mean: number; ci95: readonly [number, number] }): string =>
      `${e.mean.toFixed(1)} (95 %: ${e.ci95.map((x) => x.toFixed(1)).join(" to ")})`;
    const command = seed === 0 ? "`npm start`" : `\`npm start -- --seed ${seed}\``;
    rows.push(
      [`CartPole-v1, DQN, greedy mean of ${dqn.episodes} episodes (limit 500)`, score(dqn), command],
      [
        `CartPole-v1, converted to spikes, T = ${snn.steps}`,
        `${score(snn)}; ${(100 * snn.similarity).toFixed(2)} % of decisions as the DQN's`,
        command,
      ],
      [
        `The same network in ${nameOf(c.simulator)} ${c.version}`,
        `${n(c.mismatchedBins)} mismatched of ${n(c.bins)} bins, ${n(c.spikes)} spikes`,
        command,
      ],
      [
        "The whole of `npm start`, after the set-up",
        `${(seconds.total - seconds.setup).toFixed(0)} s, of which training ${seconds.train.toFixed(0)} s`,
        command,
      ],
    );
  }
  rows.push(...games);
  for (const name of names("certify-")) {
    const c = read<Certificate>(name);
    rows.push([
      `${n(c.networks)} random networks${c.neuron === "lif" ? " of lif" : ""}${c.reset ? `, reset ${c.reset === "zero" ? "to zero" : "by subtraction"}` : ""}, in ${nameOf(c.simulator)} ${c.version}`,
      `${n(c.mismatchedBins)} mismatched of ${n(c.bins)} bins, ${n(c.spikes)} spikes`,
      `\`dsqn certify --random ${c.networks}${c.simulator === "nest" ? "" : ` --simulator ${c.simulator}`}${c.neuron === "lif" ? " --neuron lif" : ""}${c.reset ? ` --reset ${c.reset}` : ""}\``,
    ]);
  }
  for (const name of names("bench-"))
    for (const row of read<{ rows: BenchRow[] }>(name).rows)
      rows.push([
        row.name,
        `${n(row.ours)} ${row.unit}, peer ${n(row.peer)}: ratio ${row.ratio.toFixed(2)}`,
        `\`dsqn bench ${name.slice(6, -5)}\``,
      ]);
  return rows;
}

/** The README's rows: what a newcomer understands, in plain words. */
function plainRows(): string[][] {
  const { dqn, snn, certificate, seconds } = read<CartPoleSummary>("cartpole.json");
  const card = (name: string): BreakoutCard =>
    JSON.parse(readFileSync(join(root, `models/${name}.json`), "utf8")) as BreakoutCard;
  const points = ({ mean, ci95 }: { mean: number; ci95: readonly number[] }): string =>
    `${mean.toFixed(1)} (95 %: ${ci95.map((x) => x.toFixed(1)).join(" to ")})`;
  const certificates = names("certify-").map((name) => read<Certificate>(name));
  const total = (of: (c: Certificate) => number): string => n(certificates.reduce((sum, c) => sum + of(c), 0));
  const [game, converted] = [card("breakout-ppo").score, card("breakout-ppo-few").score];
  const sticky = game.also!.find((one) => one.game === "ALE/Breakout-v5")!;
  const thrift = card("breakout-thrift").score;
  const costs = read<Pareto>("pareto-cartpole.json").rows;
  const cost = (model: string): ParetoRow => costs.find((row) => row.model === model)!;
  const [whole, few] = [cost("cartpole-dqn"), cost("cartpole-dqn-few")];
  const benches = names("bench-").flatMap((name) => read<{ rows: BenchRow[] }>(name).rows);
  const times = (name: string): string => `${benches.find((row) => row.name.startsWith(name))!.ratio.toFixed(0)} times`;
  return [
    ["A Q-network on CartPole (at most 500 points)", points(dqn), "`npm start`"],
    [
      `the same converted to spikes, ${snn.steps} time steps a decision`,
      `${points(snn)}; ${(100 * snn.similarity).toFixed(1)} % equal decisions`,
      "`npm start`",
    ],
    [
      `the same in NEST ${certificate.version}`,
      `${n(certificate.mismatchedBins)} of ${n(certificate.bins)} time bins differ`,
      "`npm start`",
    ],
    [
      `all of that: training ${seconds.train.toFixed(0)} s, conversion, playing, NEST, report`,
      `${(seconds.total - seconds.setup).toFixed(0)} s on 2 cores`,
      "`npm start`",
    ],
    [
      "a Q-network converted to four time steps, trained on under a price on spikes",
      `${few.score.toFixed(1)} with ${n(few.macs)} multiplications and ${n(few.acs)} additions a decision; the Q-network ${whole.score.toFixed(1)} with ${n(whole.macs)} multiplications`,
      "`dsqn pareto`",
    ],
    [
      `Breakout, ${game.episodes} games: a dense network, and with sticky actions; converted to spikes, ${fewSteps} time steps; trained spiking, ${thriftSteps}`,
      `${points(game)}, ${points(sticky)}; ${points(converted)}; ${points(thrift)}, with ${n((thrift.cost.macs + thrift.cost.acs) / 1000)} thousand operations a decision, ${n(thrift.cost.dense.macs / 1000)} thousand if it were dense`,
      "`dsqn models`",
    ],
    [
      `${total(({ networks }) => networks)} random spiking networks in NEST`,
      `${total(({ mismatchedBins }) => mismatchedBins)} of ${total(({ bins }) => bins)} time bins differ`,
      "`dsqn certify --random`",
    ],
    [
      "Speed of a spiking decision, and of a gradient step",
      `${times("one decision, [5,17,17,2], T 20")} and ${times("forward + backward, [5,17,17,2]")} that of compiled JAX`,
      "`dsqn bench engine`",
    ],
  ];
}

/** The README's table. */
export function plainTable(): string {
  const { machine: where, date } = read<Place>("machine.json");
  return `${markdownTable(["what", "measured", "by"], plainRows())}\n\nMeasured on ${date} on ${where}.`;
}

interface ParetoRow {
  readonly model: string;
  readonly spiking: boolean;
  readonly steps: number;
  readonly score: number;
  readonly spikes: number;
  readonly acs: number;
  readonly macs: number;
  readonly energy: { readonly compute: number; readonly withMemory: number };
}

interface Pareto {
  readonly env: string;
  readonly rows: readonly ParetoRow[];
}

/** What decisions cost: every environment's networks, the dense ones first. */
export function thriftTable(): string {
  const some = (value: number): string => (value < 100 ? value.toFixed(1) : n(value));
  const rows = names("pareto-").flatMap((name) => {
    const { env, rows } = read<Pareto>(name);
    return [...rows]
      .sort((a, b) => Number(a.spiking) - Number(b.spiking) || b.energy.withMemory - a.energy.withMemory)
      .map(({ model, spiking, steps, score, spikes, acs, macs, energy }) => [
        env,
        `\`${model}\``,
        spiking ? String(steps) : "dense",
        score.toFixed(1),
        ...[macs, acs, spikes, energy.compute, energy.withMemory].map(some),
      ]);
  });
  const heading = [
    "environment",
    "model",
    "T",
    "score",
    "multiplications",
    "additions",
    "spikes",
    "pJ",
    "pJ with memory",
  ];
  return `${markdownTable(heading, rows)}\n\nPer decision, over 200 episodes: \`dsqn pareto\`.`;
}

/** Every command with its summary. */
export function commandTable(): string {
  return markdownTable(
    ["command", "does"],
    Object.entries(commands).map(([name, { summary }]) => [`\`${name}\``, summary]),
  );
}

/** The table with where and when it was measured. */
export function resultTable(): string {
  const main = read<Place>("machine.json");
  const others = names("bench-").flatMap((name) => {
    const place = read<Partial<Place>>(name);
    const elsewhere = place.machine !== undefined && (place.machine !== main.machine || place.date !== main.date);
    return elsewhere ? [`\`dsqn bench ${name.slice(6, -5)}\` on ${place.date} on ${place.machine}`] : [];
  });
  const where = [`Measured on ${main.date} on ${main.machine}`, ...others].join(";\n");
  return `${markdownTable(["what", "measured", "by"], resultRows())}\n\n${where}.`;
}

function collect(run: string): void {
  mkdirSync(join(root, "docs/images"), { recursive: true });
  mkdirSync(results, { recursive: true });
  if (existsSync(join(run, "summary.json"))) {
    copyFileSync(join(run, "summary.json"), join(results, "cartpole.json"));
    copyFileSync(join(run, "figures/overview.svg"), join(root, "docs/images/overview.svg"));
    const date = statSync(join(run, "summary.json")).mtime.toISOString().slice(0, 10);
    writeFileSync(join(results, "machine.json"), `${JSON.stringify({ machine: machine(), date }, null, 2)}\n`);
  }
  collectReproductions(join(root, "runs"));
  // Of a certificate only the totals belong into the repository.
  for (const name of names("certify-")) {
    type Whole = Certificate & { results?: object; mapping?: object; columns?: object };
    const { results: networks, mapping, columns, ...totals } = read<Whole>(name);
    if (networks ?? mapping ?? columns) writeFileSync(join(results, name), `${JSON.stringify(totals, null, 2)}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  collect(process.argv[2] ?? join(root, "runs/latest"));
  const write = (document: string, name: string, table: string): void =>
    writeFileSync(join(root, document), withTable(readFileSync(join(root, document), "utf8"), name, table));
  write("README.md", "results", plainTable());
  write("docs/performance.md", "measurements", resultTable());
  write("docs/commands.md", "commands", commandTable());
  write("docs/thrift.md", "thrift", thriftTable());
  const thesis = join(root, "docs/thesis.md");
  writeFileSync(thesis, withReproductions(readFileSync(thesis, "utf8")));
}
