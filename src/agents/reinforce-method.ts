import { createTrainable } from "../ann/create.ts";
import { saveModel } from "../formats/model.ts";
import { openEventFile } from "../formats/tensorboard.ts";
import { evaluate, FIRST_SEED } from "./evaluate.ts";
import type { MakeEnvironments } from "./environments.ts";
import { withGymnasium } from "./gymnasium.ts";
import { policyOf } from "./policy.ts";
import { reinforce } from "./reinforce.ts";
import { reinforceSchema, type ReinforceConfig } from "./reinforce-config.ts";
import { openJsonLog } from "./run/folder.ts";
import type { RunContext, TrainMethod, TrainSummary } from "./run/method.ts";

/** REINFORCE as runs. */
export const reinforceMethod: TrainMethod<ReinforceConfig> = {
  schema: reinforceSchema,
  run: (config, context) =>
    withGymnasium(config.environment, (makeEnvironments) => run(config, context, makeEnvironments)),
};

async function run(
  config: ReinforceConfig,
  { folder, signal, onProgress, command }: RunContext,
  makeEnvironments: MakeEnvironments,
): Promise<TrainSummary> {
  const log = openJsonLog(folder.file("progress.jsonl"));
  const events = openEventFile(folder.file("events.out.tfevents.0.dsqn"));
  try {
    const result = await reinforce(config, {
      makeEnvironments,
      makeTrainable: createTrainable,
      onProgress,
      signal,
      onEpisode(entry) {
        log.append({ kind: "episode", ...entry });
        events.scalars(entry.episode, {
          "train/return": entry.return,
          "train/length": entry.length,
          "train/mean100": entry.mean100,
        });
      },
      onEvaluation(entry) {
        log.append({ kind: "evaluation", ...entry });
        events.scalars(entry.episode, { "evaluation/mean": entry.mean });
      },
    });
    const score = await evaluate(policyOf(result.network), makeEnvironments, {
      episodes: config.final.episodes,
      signal,
      onProgress,
    });
    const final = { mean: score.mean, std: score.std, ci95: score.ci95, episodes: score.episodes };
    const { seed, method, environment } = config;
    const card = {
      environment: environment.id,
      method,
      seed,
      command,
      config,
      training: { episodes: result.curve.length, gradientSteps: result.updates },
    };
    await saveModel(folder.file("initial.safetensors"), result.initial, { ...card, part: "initial" });
    await saveModel(folder.file("best.safetensors"), result.network, {
      ...card,
      part: "best",
      chosenBy: result.chosen,
      score: { ...final, firstSeed: FIRST_SEED },
    });
    const complete = result.curve.slice(99);
    const best = complete.length > 0 ? complete.reduce((a, b) => (b.mean100 > a.mean100 ? b : a)) : null;
    return {
      env: environment.id,
      method,
      seed,
      episodesRun: result.curve.length,
      solvedAt: result.confirmed ? Math.min(result.chosen.episode, result.solvedAt ?? Infinity) : result.solvedAt,
      best: best && { episode: best.episode, mean100: best.mean100 },
      final,
      reached: config.final.target === undefined || final.mean >= config.final.target,
      target: config.final.target ?? null,
      gradientSteps: result.updates,
      chosen: result.chosen,
      seconds: result.seconds,
      model: folder.file("best.safetensors"),
    };
  } finally {
    log.close();
    events.close();
  }
}
