// Time to a greedy mean of 475 on CartPole-v1, `cartpole-dqn` beside stable-baselines3's tuned DQN, seed by seed in turn:
//   node --import ./scripts/register-ts.mjs bench/training/compare.ts <python with bench/training/requirements.txt> [seeds] [first seed] [threads]
// For both: 20 greedy episodes every 2000 environment steps, 100 others confirm; process start and imports are left out. `cpu` is user and
// system time of all processes and threads, which a busy machine changes little. With one thread torch doesn't wait in loops for the other.
import { execa } from "execa";
import { mergeConfig, parseConfig } from "../../src/learning/config.ts";
import { dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { trainDqn } from "../../src/learning/algorithms/index.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { loadConfig } from "../../src/learning/presets/index.ts";
import { cpuSeconds } from "./cpu.ts";
import { median } from "./median.ts";

const [python, seeds = "3", first = "0", threads = "2"] = process.argv.slice(2);
const { config: preset } = await loadConfig("cartpole-dqn");
interface Side {
  readonly seconds: number;
  readonly cpu: number;
  readonly steps: number;
  /** Greedy mean that was confirmed; null: never. */
  readonly mean: number | null;
}
const rows: { seed: number; ours: Side; peer: Side; ratio: number; cpuRatio: number }[] = [];
for (let seed = Number(first); seed < Number(first) + Number(seeds); seed++) {
  const config = parseConfig(
    dqnSchema,
    mergeConfig(preset, { seed, evaluation: { stop: { mean: 475 } } }),
    "cartpole-dqn",
  );
  const ours = await withGymnasium(config.environment, async (makeEnvironments) => {
    const before = cpuSeconds();
    const { seconds, environmentSteps, chosen, confirmed } = await trainDqn(config, { makeEnvironments });
    return { seconds, cpu: cpuSeconds() - before, steps: environmentSteps, mean: confirmed ? chosen.mean : null };
  });
  const { stdout } = await execa(python, ["bench/training/sb3_dqn.py", String(seed), threads]);
  const peer = JSON.parse(stdout) as Side;
  rows.push({ seed, ours, peer, ratio: peer.seconds / ours.seconds, cpuRatio: peer.cpu / ours.cpu });
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
const of = (key: "seconds" | "cpu" | "steps") => ({
  ours: median(rows.map((r) => r.ours[key])),
  peer: median(rows.map((r) => r.peer[key])),
});
process.stdout.write(
  `${JSON.stringify({ rows, median: { seconds: of("seconds"), cpu: of("cpu"), steps: of("steps") } }, null, 2)}\n`,
);
