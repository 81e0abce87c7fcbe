import { basename } from "node:path";
import { assignment, composed, type PlainObject } from "../../learning/config.ts";
import { planTraining, type RunOptions, runSeeds, runTraining, type SeedsSummary } from "../../learning/runs/run.ts";
import type { TrainSummary } from "../../learning/runs/summary.ts";
import { presets } from "../../learning/presets/index.ts";
import { UsageError } from "../../errors.ts";
import { writeSummary } from "../../cluster/run.ts";
import { command, type Context } from "../command.ts";
import { placeable } from "../flags/place.ts";
import { dryRunFlag, type DryRunFlag, wouldWrite } from "../flags/dry-run.ts";
import { gymnasiumFlags, type GymnasiumFlags, printing } from "../flags/gymnasium.ts";
import { onExecutor, onFlags, type OnFlags } from "../flags/on.ts";
import { choice, integer } from "../flags/options.ts";

interface Options extends GymnasiumFlags, DryRunFlag, OnFlags {
  env?: string;
  seed?: number;
  seeds?: number;
  episodes?: number;
  maxSteps?: number;
  bits?: number;
  worlds?: string;
  out?: string;
  resume?: string;
  set: string[];
}

const main = command<Options>({
  name: "train",
  configure(parser) {
    const width = Math.max(...Object.keys(presets).map((name) => name.length));
    const flags = dryRunFlag(
      gymnasiumFlags(
        parser
          .argument("[preset]", "a preset, or a config file (.json, .ts, .js)")
          .option("--env <id>", "the environment instead of the preset's: Gymnasium's id, or an Atari game")
          .option("--seed <n>", "seed of everything random", integer())
          .option("--seeds <count>", "train from so many seeds, one after the other, and sum up", integer(1))
          .option("--episodes <n>", "train for at most so many episodes", integer(1))
          .option("--max-steps <n>", "time limit of the environment in steps", integer(1))
          .option("--bits <n>", "of a weight while it learns, and in the end: 2 to 16 (default: 32, float)", integer(2))
          .option(
            "--worlds <who>",
            "who plays while it learns: gymnasium (default), or native, CartPole and MountainCar in TypeScript; Gymnasium judges",
            choice("gymnasium", "native"),
          )
          .option("--out <folder>", "run folder (default: runs/<time>-<preset>)")
          .option("--resume <run>", "go on with a run (its folder, or one of its checkpoint files)")
          .option(
            "--set <field=value...>",
            "change any field of the config, such as --set gamma=0.95 replay.capacity=10000",
            (text: string, all: string[]) => [...all, text],
            [],
          ),
      ),
    );
    onFlags(flags, "seeds", { out: true }).addHelpText(
      "after",
      () => `\nPresets:\n${Object.entries(presets)
        .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
        .join("\n")}

Examples:
  dsqn train cartpole-dqn --seed 1 --out runs/first
  dsqn train dsqn --env LunarLander-v3
  dsqn train --resume runs/first
  dsqn train cartpole-dsqn --seeds 10 --json
  dsqn train cartpole-dqn --seeds 20 --on processes --out runs/twenty

Exit code 1: the greedy score of the trained network misses the config's target.`,
    );
  },
  async run([preset], options, { signal, progress, print, log, verbose }) {
    const { env, seed, seeds, episodes, maxSteps, bits, worlds, out, resume, envKwargs, wrapper, path } = options;
    const environment = { worlds, maxSteps, kwargs: envKwargs, wrappers: wrapper };
    const flags: PlainObject = {
      ...(seed !== undefined && { seed }),
      ...(episodes !== undefined && { episodes }),
      ...(bits !== undefined && { network: { bits } }),
      ...(Object.values(environment).some((value) => value !== undefined) && { environment }),
    };
    const changes = options.set.map(assignment).reduce((all, one) => composed(all, one), flags);
    const onLog = printing({ log, verbose });
    const request = { preset, env, changes, out, resume, path, onLog, signal, onProgress: progress, onWarning: log };
    if (options.on !== undefined)
      return trainOn(request, seed ?? 0, seeds ?? 1, options, { signal, progress, print, log });
    if (options.dryRun) {
      const plan = await planTraining(request);
      wouldWrite(plan.folder, log, seeds === undefined ? "" : `: ${seeds} runs, a folder for each`);
      print({ dryRun: true, ...plan }, ({ config }) => JSON.stringify(config, null, 2));
      return 0;
    }
    if (seeds !== undefined) {
      const summary = await runSeeds(request, seed ?? 0, seeds);
      print(summary, renderSeeds);
      return told(summary, { log });
    }
    const summary = await runTraining(request);
    print(summary, render);
    if (!summary.reached)
      log(
        `dsqn: TARGET_MISSED  The greedy mean over ${summary.final.episodes} episodes is ${summary.final.mean.toFixed(1)}; the target is ${String(summary.target)}.`,
      );
    return summary.reached ? 0 : 1;
  },
});

export default placeable(main);

/** A piece for each seed, wherever they run. */
async function trainOn(
  request: RunOptions,
  first: number,
  count: number,
  options: Options,
  { print, ...context }: Pick<Context, "signal" | "progress" | "print" | "log">,
): Promise<number> {
  if (request.resume !== undefined)
    throw new UsageError("BAD_ARGUMENT", "--on starts new runs, or goes on with those of --out.", {
      hint: "Give the same command again, with the same --out.",
    });
  const { preset, env, changes = {}, path } = request;
  // Its errors come before anything is written, or sent anywhere.
  const { seed: _, ...unseeded } = changes;
  await planTraining({ ...request, out: undefined });
  const { seedPieces, seedsOf } = await import("../../jobs/pieces/seeds.ts");
  const job = await onExecutor(
    options,
    {
      name: basename(preset!).replace(/\.\w+$/, ""),
      unit: "seeds",
      folder: request.out,
      pieces: (inputs) => seedPieces({ preset: preset!, env, changes: unseeded, path }, first, count, inputs),
    },
    context,
  );
  if (!job) return 0;
  const summary = seedsOf(job.folder, job.results);
  writeSummary(job.folder, summary);
  print(summary, renderSeeds);
  return told(summary, context);
}

function told({ reached, seeds }: SeedsSummary, { log }: Pick<Context, "log">): number {
  if (reached < seeds) log(`dsqn: TARGET_MISSED  ${seeds - reached} of ${seeds} seeds did not reach the target.`);
  return reached === seeds ? 0 : 1;
}

function render(summary: TrainSummary): string {
  const { env, method, seed, episodesRun, solvedAt, best, final, seconds, model } = summary;
  return [
    `${env}  ${method}  seed ${seed}`,
    `  greedy    ${final.mean.toFixed(2)} +- ${final.std.toFixed(2)} over ${final.episodes} episodes (95 %: ${final.ci95.map((x) => x.toFixed(1)).join(" to ")})`,
    `  training  ${episodesRun} episodes in ${seconds.toFixed(1)} s, ${solvedAt === null ? "not solved" : `solved at episode ${solvedAt}`}` +
      (best ? `, best mean of 100: ${best.mean100.toFixed(1)} at ${best.episode}` : ""),
    `  model     ${model}`,
  ].join("\n");
}

function renderSeeds({ env, method, seeds, reached, final, seconds, runs }: SeedsSummary): string {
  return [
    `${env}  ${method}  ${reached} of ${seeds} seeds reached the target`,
    ...runs.map(
      (run) =>
        `  seed ${String(run.seed).padEnd(4)} ${run.final.mean.toFixed(2).padStart(8)} +- ${run.final.std.toFixed(2).padStart(6)}  ${String(run.episodesRun).padStart(5)} episodes  ${run.seconds.toFixed(1).padStart(6)} s`,
    ),
    `  mean ${final.mean.toFixed(2)}, worst ${final.min.toFixed(2)}; median ${seconds.median.toFixed(1)} s, longest ${seconds.max.toFixed(1)} s`,
  ].join("\n");
}
