import { loadTfjs } from "../../engines/tensorflow/tfjs.ts";
import { saveModel } from "../../network/file/model.ts";
import { openEventFile } from "../runs/tensorboard.ts";
import { withAtari } from "../../environments/atari-worlds.ts";
import { openCheckpoints } from "../runs/checkpoint.ts";
import { openJsonLog } from "../runs/folder.ts";
import type { RunContext, TrainMethod, TrainSummary } from "../runs/method.ts";
import { mean, meanInterval, standardDeviation } from "../../numeric/statistics.ts";
import { convDqnSchema, type ConvDqnConfig } from "./config.ts";
import type { MakePixelEnvironments, PixelEnvironments } from "../../environments/worlds.ts";
import { type FrameFile, openFrameFile } from "./frame-file.ts";
import { openPixelLearner, type PixelNetwork } from "./learner.ts";
import { playEpisodes } from "./play.ts";
import type { PixelSnapshot } from "./state.ts";
import { trainConvDqn, type ConvDqnResult } from "./train.ts";

/** Seeds of the games that judge the chosen network: as in `dsqn evaluate`. */
const FIRST_SEED = 100000;

/** Conv DQN as a run: a folder with log, TensorBoard events, resumable checkpoints, and the initial, best and last network. */
export const convDqnMethod: TrainMethod<ConvDqnConfig> = {
  schema: convDqnSchema,
  run: (config, context) => withAtari({ ...gameOf(config), observations: false }, (make) => run(config, context, make)),
};

function gameOf({ environment }: ConvDqnConfig): Omit<ConvDqnConfig["environment"], "count" | "maxSteps"> {
  const { count: _, maxSteps, ...game } = environment;
  return maxSteps === undefined ? game : { ...game, maxFrames: maxSteps * game.frameSkip };
}

async function run(config: ConvDqnConfig, context: RunContext, make: MakePixelEnvironments): Promise<TrainSummary> {
  const { folder, signal, onProgress } = context;
  const tf = await loadTfjs({ onProgress, signal });
  const checkpoints = openCheckpoints<PixelSnapshot>(folder.file("checkpoint.safetensors"), config);
  const saved = context.resume
    ? checkpoints.load(typeof context.resume === "string" ? context.resume : undefined)
    : undefined;
  const log = openJsonLog(folder.file("progress.jsonl"), saved?.marks.log);
  const events = openEventFile(folder.file("events.out.tfevents.0.dsqn"), { keep: saved?.marks.events });
  let frames: FrameFile | undefined;
  let written = performance.now();
  try {
    const result = await trainConvDqn(config, {
      tf,
      makeEnvironments: make,
      resume: saved?.snapshot,
      signal,
      onProgress,
      onMemory(memory) {
        frames = openFrameFile(folder.file("replay.frames"), memory, { resume: saved !== undefined });
      },
      onRestored: () => frames!.restore(),
      onEpisode(entry) {
        log.append({ kind: "episode", ...entry });
        const { environmentSteps, mean100, epsilon, loss, length } = entry;
        events.scalars(environmentSteps, {
          "train/return": entry.return,
          "train/length": length,
          "train/mean100": mean100,
          "train/epsilon": epsilon,
          "train/loss": loss,
        });
      },
      async onEvaluation(entry, best) {
        log.append({ kind: "evaluation", ...entry });
        events.scalars(entry.environmentSteps, { "evaluation/mean": entry.mean, "evaluation/min": entry.min });
        if (best)
          await saveModel(folder.file("best.safetensors"), best, { ...card(config, context, "best"), chosenBy: entry });
      },
      onSafePoint({ snapshot, last }) {
        const due = performance.now() - written >= config.checkpointSeconds * 1000 || frames!.due(2);
        if (!last && !due) return;
        frames!.save();
        checkpoints.save({ snapshot: snapshot(), marks: { log: log.bytes, events: events.bytes } });
        written = performance.now();
      },
    });
    return await conclude(config, context, make, result, tf);
  } finally {
    log.close();
    events.close();
    frames?.close();
  }
}

function card({ seed, method, environment, ...rest }: ConvDqnConfig, { command }: RunContext, part: string): object {
  return { environment: environment.game, method, seed, part, command, config: { method, seed, environment, ...rest } };
}

/** Scores the chosen network on seeds that training never saw, and saves the networks with their cards. */
async function conclude(
  config: ConvDqnConfig,
  context: RunContext,
  make: MakePixelEnvironments,
  { network, initial, last, progression }: ConvDqnResult,
  tf: Awaited<ReturnType<typeof loadTfjs>>,
): Promise<TrainSummary> {
  const { folder, signal } = context;
  const { episodes, epsilon, target } = config.final;
  const score = await judge(tf, network, make, { episodes, epsilon, signal }, config);
  const { seed, method, environment } = config;
  const training = {
    episodes: progression.episodes,
    environmentSteps: progression.environmentSteps,
    gradientSteps: progression.updates,
    seconds: progression.seconds,
  };
  const save = (name: string, which: PixelNetwork, more = {}): Promise<unknown> =>
    saveModel(folder.file(`${name}.safetensors`), which, { ...card(config, context, name), training, ...more });
  await save("initial", initial);
  await save("last", last);
  await save("best", network, { chosenBy: progression.chosen, score: { ...score, firstSeed: FIRST_SEED, epsilon } });
  return {
    env: environment.game,
    method,
    seed,
    episodesRun: progression.episodes,
    solvedAt: null,
    best: progression.bestMean100,
    final: score,
    reached: target === undefined || score.mean >= target,
    target: target ?? null,
    environmentSteps: progression.environmentSteps,
    gradientSteps: progression.updates,
    chosen: progression.chosen,
    seconds: progression.seconds,
    model: folder.file("best.safetensors"),
  };
}

async function judge(
  tf: Awaited<ReturnType<typeof loadTfjs>>,
  network: PixelNetwork,
  make: MakePixelEnvironments,
  { episodes, epsilon, signal }: { episodes: number; epsilon: number; signal?: AbortSignal },
  config: ConvDqnConfig,
): Promise<TrainSummary["final"]> {
  const learner = openPixelLearner(tf, network, config);
  let environments: PixelEnvironments | undefined;
  try {
    environments = await make(episodes);
    const seeds = Array.from({ length: episodes }, (_, i) => FIRST_SEED + i);
    const { returns } = await playEpisodes(environments, learner.values, { seeds, epsilon, signal });
    return { mean: mean(returns), std: standardDeviation(returns), ci95: meanInterval(returns), episodes };
  } finally {
    learner.close();
    await environments?.close();
  }
}
