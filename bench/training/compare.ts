// Wall time to a greedy mean of 475 on CartPole-v1, `cartpole-dqn` beside stable-baselines3's tuned DQN, seed by seed in turn:
//   node --import ./scripts/register-ts.mjs bench/training/compare.ts <python with bench/training/requirements.txt> [seeds]
// For both: 20 greedy episodes every 2000 environment steps, 100 others confirm; process start and imports are left out.
import { execa } from "execa";
import { mergeConfig, parseConfig } from "../../src/agents/config.ts";
import { dqnSchema } from "../../src/agents/dqn/config.ts";
import { trainDqn } from "../../src/agents/dqn/train.ts";
import { withGymnasium } from "../../src/agents/gymnasium.ts";
import { loadConfig } from "../../src/presets/index.ts";

const [python, seeds = "3"] = process.argv.slice(2);
const { config: preset } = await loadConfig("cartpole-dqn");
const rows = [];
for (let seed = 0; seed < Number(seeds); seed++) {
  const config = parseConfig(
    dqnSchema,
    mergeConfig(preset, { seed, evaluation: { stop: { mean: 475 } } }),
    "cartpole-dqn",
  );
  const { seconds, environmentSteps, chosen, confirmed } = await withGymnasium(config.environment, (makeEnvironments) =>
    trainDqn(config, { makeEnvironments }),
  );
  const { stdout } = await execa(python, ["bench/training/sb3_dqn.py", String(seed)]);
  const peer = JSON.parse(stdout) as { seconds: number; mean: number | null; steps: number };
  rows.push({
    seed,
    ours: seconds,
    peer: peer.seconds,
    ratio: peer.seconds / seconds,
    steps: environmentSteps,
    peerSteps: peer.steps,
    mean: chosen?.mean,
    peerMean: peer.mean,
    confirmed,
  });
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];
process.stdout.write(
  `${JSON.stringify({ rows, median: { ours: median(rows.map((r) => r.ours)), peer: median(rows.map((r) => r.peer)) } }, null, 2)}\n`,
);
