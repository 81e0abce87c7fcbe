// Does a training that runs on without early stop stay as good as it has been? The mean of the last 100 training episodes against the best
// mean of 100, exploration included:
//   node --import ./scripts/register-ts.mjs bench/training/stability.ts <preset> [seeds] [first seed] [episodes] [field=value ...]
// `stability` is last / best, or best / last where returns are costs (negative). Exit code 1: some seed is below 0.95.
import { assignment, mergeConfig, parseConfig } from "../../src/learning/config.ts";
import { dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { trainDqn } from "../../src/learning/algorithms/index.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { loadConfig } from "../../src/learning/presets/index.ts";

const [preset, seeds = "3", first = "0", episodes = "600", ...changes] = process.argv.slice(2);
const { config: base } = await loadConfig(preset);
const rows = [];
for (let seed = Number(first); seed < Number(first) + Number(seeds); seed++) {
  const config = parseConfig(
    dqnSchema,
    changes.map(assignment).reduce(mergeConfig, mergeConfig(base, { seed, episodes: Number(episodes) })),
    preset,
  );
  const { curve, environmentSteps, seconds, evaluations } = await withGymnasium(
    config.environment,
    (makeEnvironments) =>
      trainDqn(
        // No early stop; the first evaluation that would have ended the run is noted below.
        { ...config, evaluation: { ...config.evaluation, stop: undefined } },
        { makeEnvironments },
      ),
  );
  const means = curve.slice(99).map((entry) => entry.mean100);
  const [best, last] = [Math.max(...means), means.at(-1)!];
  const goal = config.evaluation.stop?.mean ?? Infinity;
  rows.push({
    seed,
    best,
    last,
    stability: best > 0 ? last / best : best / last,
    steps: environmentSteps,
    stepsToGoal: evaluations.find(({ mean }) => mean >= goal)?.environmentSteps ?? null,
    worstAfterGoal: Math.min(
      ...evaluations.slice(evaluations.findIndex(({ mean }) => mean >= goal)).map((e) => e.mean),
    ),
    seconds,
  });
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
const worst = Math.min(...rows.map((row) => row.stability));
process.stdout.write(`${JSON.stringify({ preset, episodes: Number(episodes), changes, rows, worst }, null, 2)}\n`);
process.exitCode = worst >= 0.95 ? 0 : 1;
