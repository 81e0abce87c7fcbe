import { saveModel } from "../../formats/model.ts";
import type { MakeEnvironments } from "../environments.ts";
import { evaluate } from "../evaluate.ts";
import { withGymnasium } from "../gymnasium.ts";
import { policyOf } from "../policy.ts";
import { openCheckpoints } from "../run/checkpoint.ts";
import { openJsonLog } from "../run/folder.ts";
import type { RunContext, TrainMethod, TrainSummary } from "../run/method.ts";
import { openEventFile } from "../../formats/tensorboard.ts";
import { dqnSchema, type DqnConfig } from "./config.ts";
import { trainDqn, type DqnResult } from "./train.ts";

/** DQN and DSQN as runs: a folder with log, TensorBoard events, resumable checkpoints, and the initial, best and last network. */
export const dqnMethod: TrainMethod<DqnConfig> = {
  schema: dqnSchema,
  run: (config, context) =>
    withGymnasium(config.environment, (makeEnvironments) => run(config, context, makeEnvironments)),
};

async function run(config: DqnConfig, context: RunContext, makeEnvironments: MakeEnvironments): Promise<TrainSummary> {
  const { folder, signal, onProgress } = context;
  const checkpoints = openCheckpoints(folder.file("checkpoint.safetensors"), config);
  const saved = context.resume
    ? checkpoints.load(typeof context.resume === "string" ? context.resume : undefined)
    : undefined;
  const log = openJsonLog(folder.file("progress.jsonl"), saved?.marks.log);
  const events = openEventFile(folder.file("events.out.tfevents.0.dsqn"), { keep: saved?.marks.events });
  let written = performance.now();
  try {
    const result = await trainDqn(config, {
      makeEnvironments,
      resume: saved?.snapshot,
      signal,
      onProgress,
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
      onEvaluation(entry) {
        log.append({ kind: "evaluation", ...entry });
        events.scalars(entry.environmentSteps, { "evaluation/mean": entry.mean, "evaluation/min": entry.min });
      },
      onSafePoint({ snapshot, last }) {
        if (!last && performance.now() - written < config.checkpointSeconds * 1000) return;
        checkpoints.save({ snapshot: snapshot(), marks: { log: log.bytes, events: events.bytes } });
        written = performance.now();
      },
    });
    return await conclude(config, context, makeEnvironments, result);
  } finally {
    log.close();
    events.close();
  }
}

/** Scores the chosen network on seeds that training never saw, and saves the networks with their cards. */
async function conclude(
  config: DqnConfig,
  { folder, signal, onProgress, command }: RunContext,
  makeEnvironments: MakeEnvironments,
  result: DqnResult,
): Promise<TrainSummary> {
  const policy = policyOf(result.network);
  const score = await evaluate(policy, makeEnvironments, { episodes: config.final.episodes, signal, onProgress });
  const final = { mean: score.mean, std: score.std, ci95: score.ci95, episodes: score.episodes };
  const { seed, method, environment } = config;
  const card = (part: string) => ({
    environment: environment.id,
    method,
    seed,
    part,
    command,
    training: {
      episodes: result.curve.length,
      environmentSteps: result.environmentSteps,
      gradientSteps: result.updates,
    },
    config,
  });
  await saveModel(folder.file("initial.safetensors"), result.initial, card("initial"));
  await saveModel(folder.file("last.safetensors"), result.last, card("last"));
  await saveModel(folder.file("best.safetensors"), result.network, {
    ...card("best"),
    chosenBy: result.chosen,
    score: { ...final, firstSeed: 100000 },
  });
  return {
    env: environment.id,
    method,
    seed,
    episodesRun: result.curve.length,
    solvedAt: solvedAt(config, result),
    best: bestMean100(result),
    final,
    reached: config.final.target === undefined || final.mean >= config.final.target,
    target: config.final.target ?? null,
    environmentSteps: result.environmentSteps,
    gradientSteps: result.updates,
    chosen: result.chosen,
    seconds: result.seconds,
    model: folder.file("best.safetensors"),
  };
}

/** The episode by which a greedy evaluation was confirmed, or training's own criterion met, whichever came first. */
function solvedAt({ evaluation }: DqnConfig, result: DqnResult): number | null {
  const confirmed = evaluation.stop && result.confirmed ? result.chosen!.episode : Infinity;
  const first = Math.min(confirmed, result.solvedAt ?? Infinity);
  return first === Infinity ? null : first;
}

function bestMean100({ curve }: DqnResult): TrainSummary["best"] {
  if (curve.length < 100) return null;
  const best = curve.slice(99).reduce((a, b) => (b.mean100 > a.mean100 ? b : a));
  return { episode: best.episode, mean100: best.mean100 };
}
