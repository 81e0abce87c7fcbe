// What a preset comes to over fresh seeds: score, processor time, environment steps, and what a decision costs.
//   node --import ./scripts/register-ts.mjs bench/training/seeds.ts <preset> [seeds] [first] [log.jsonl] [field=value ...]
// Seeds come from a random stream, nobody chooses them: seed k is the k-th number of the stream, from `first` on. A row is appended to the log as soon
// as its run has ended, and a seed that the log holds is not run again: kill it when you like. Scores are of fresh episodes (`final.episodes`).
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import {
  loadAlgorithm,
  type LoopAlgorithm,
  withEnvironments,
  withObservedScaling,
} from "../../src/learning/algorithms/index.ts";
import { assignment, mergeConfig, parseConfig } from "../../src/learning/config.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { loadConfig } from "../../src/learning/presets/index.ts";
import { train } from "../../src/learning/train.ts";
import { Random } from "../../src/numeric/random.ts";
import { cpuSeconds } from "./cpu.ts";
import { median } from "./median.ts";

interface Row {
  readonly seed: number;
  readonly changes: readonly string[];
  /** Over fresh episodes, of the network that was chosen. */
  readonly mean: number;
  readonly std: number;
  readonly steps: number;
  /** The run's own early stop ended it. */
  readonly confirmed: boolean;
  readonly cpu: number;
  readonly seconds: number;
  /** Per decision; null of a network that does not spike. */
  readonly spikes: number | null;
  readonly acs: number | null;
  readonly macs: number | null;
}

const [preset, seeds = "10", first = "0", log = `seeds-${preset}.jsonl`, ...changes] = process.argv.slice(2);
const { config: base } = await loadConfig(preset);
const algorithm = (await loadAlgorithm(base.method, preset)) as LoopAlgorithm;
const stream = Random.stream(20261129, "fresh seeds");
const wanted = Array.from({ length: Number(first) + Number(seeds) }, () => stream.integer(2 ** 31)).slice(
  Number(first),
);
const same = (row: Row): boolean => JSON.stringify(row.changes) === JSON.stringify(changes);
const known = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
const done = known.map((line) => JSON.parse(line) as Row).filter((row) => same(row));

for (const seed of wanted.filter((one) => !done.some((row) => row.seed === one))) {
  const config = parseConfig(
    algorithm.schema,
    changes.map(assignment).reduce(mergeConfig, mergeConfig(base, { seed })),
    preset,
  );
  const row = await withEnvironments(config, async (makeEnvironments): Promise<Row> => {
    const before = cpuSeconds();
    const resolved = await withObservedScaling(config, makeEnvironments);
    const trained = await train((worlds) => algorithm.create(resolved, worlds, {}), algorithm.plan(resolved), {
      makeEnvironments,
    });
    const cpu = cpuSeconds() - before;
    const { episodes, epsilon } = config.final;
    const policy = policyOf(trained.network);
    const score = await evaluate(policy, makeEnvironments, { episodes, epsilon });
    const { environmentSteps: steps, confirmed, seconds } = trained;
    const spiking = trained.network.coding !== undefined;
    const { spikesPerDecision: spikes, cost, mean, std } = score;
    return {
      ...{ seed, changes, mean, std, steps, confirmed, cpu, seconds },
      ...{ spikes: spiking ? spikes : null, acs: cost?.acs ?? null, macs: cost?.macs ?? null },
    };
  });
  done.push(row);
  appendFileSync(log, `${JSON.stringify(row)}\n`);
  process.stderr.write(`${JSON.stringify(row)}\n`);
}

const rows = wanted.map((seed) => done.find((row) => row.seed === seed)!);
const of = (key: "mean" | "cpu" | "steps" | "spikes" | "acs") => {
  const values = rows
    .map((row) => row[key])
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  if (values.length === 0) return null;
  const at = (share: number): number => values[Math.ceil(share * values.length) - 1];
  return { min: values[0], median: median(values), of95Percent: at(0.95), max: values.at(-1)! };
};
const target = (base.final as { target?: number } | undefined)?.target ?? -Infinity;
const reached = rows.filter(({ mean }) => mean >= target).length;
process.stdout.write(
  `${JSON.stringify({ preset, changes, seeds: rows.length, target, reached, mean: of("mean"), cpu: of("cpu"), steps: of("steps"), spikes: of("spikes"), acs: of("acs") }, null, 2)}\n`,
);
