// What a preset takes until its own early stop: wall time, processor time, environment steps, over several seeds.
//   node --import ./scripts/register-ts.mjs bench/training/timings.ts <preset> [seeds] [first seed] [field=value ...]
// Process start, imports, and the final score are left out.
import { assignment, mergeConfig, parseConfig } from "../../src/learning/config.ts";
import { dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { trainDqn } from "../../src/learning/algorithms/index.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { loadConfig } from "../../src/learning/presets/index.ts";
import { cpuSeconds } from "./cpu.ts";
import { median } from "./median.ts";

const [preset, seeds = "10", first = "0", ...changes] = process.argv.slice(2);
const base = changes.map(assignment).reduce(mergeConfig, (await loadConfig(preset)).config);
const rows: { seed: number; seconds: number; cpu: number; steps: number; confirmed: boolean; mean: number }[] = [];
for (let seed = Number(first); seed < Number(first) + Number(seeds); seed++) {
  const config = parseConfig(dqnSchema, mergeConfig(base, { seed }), preset);
  rows.push(
    await withGymnasium(config.environment, async (makeEnvironments) => {
      const before = cpuSeconds();
      const { network, seconds, environmentSteps, confirmed } = await trainDqn(config, { makeEnvironments });
      const cpu = cpuSeconds() - before;
      const { mean } = await evaluate(policyOf(network), makeEnvironments, { episodes: config.final.episodes });
      return { seed, seconds, cpu, steps: environmentSteps, confirmed, mean };
    }),
  );
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
const of = (key: "seconds" | "cpu" | "steps" | "mean"): { median: number; min: number; max: number } => {
  const values = rows.map((row) => row[key]);
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
};
process.stdout.write(
  `${JSON.stringify({ preset, changes, rows, seconds: of("seconds"), cpu: of("cpu"), steps: of("steps"), mean: of("mean") }, null, 2)}\n`,
);
