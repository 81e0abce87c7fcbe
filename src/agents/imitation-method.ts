import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createTrainable } from "../ann/create.ts";
import { loadReplayStates } from "../conversion/replay.ts";
import { loadModel, saveModel } from "../formats/model.ts";
import { openEventFile } from "../formats/tensorboard.ts";
import { collectStates } from "./collect.ts";
import { evaluate, FIRST_SEED } from "./evaluate.ts";
import type { MakeEnvironments } from "./environments.ts";
import { withGymnasium } from "./gymnasium.ts";
import { imitate } from "./imitation.ts";
import { imitationSchema, type ImitationConfig } from "./imitation-config.ts";
import { policyOf } from "./policy.ts";
import { openJsonLog } from "./run/folder.ts";
import type { RunContext, TrainMethod, TrainSummary } from "./run/method.ts";

/** Seed of the first episode in which the source is watched: away from those of scores. */
const COLLECT_SEED = 700_000;

/** Classifiers of another model's policy as runs; short enough to start again instead of resuming. */
export const imitationMethod: TrainMethod<ImitationConfig> = {
  schema: imitationSchema,
  run: (config, context) =>
    withGymnasium(config.environment, (makeEnvironments) => run(config, context, makeEnvironments)),
};

async function run(
  config: ImitationConfig,
  { folder, signal, onProgress, command }: RunContext,
  makeEnvironments: MakeEnvironments,
): Promise<TrainSummary> {
  const model = await loadModel(modelPath(config.source));
  const source = policyOf(model.network);
  const states = config.replay
    ? await loadReplayStates(config.replay, source.observationSize)
    : await collectStates(source, makeEnvironments, {
        size: config.states,
        firstSeed: COLLECT_SEED,
        signal,
        onProgress,
      });
  const log = openJsonLog(folder.file("progress.jsonl"));
  const events = openEventFile(folder.file("events.out.tfevents.0.dsqn"));
  try {
    const result = await imitate(config, {
      states,
      source,
      makeEnvironments,
      makeTrainable: createTrainable,
      onProgress,
      signal,
      onPoint(point) {
        log.append({ kind: "point", ...point });
        const { iteration, loss, accuracy, validationLoss, validationAccuracy } = point;
        events.scalars(iteration, {
          "train/loss": loss,
          "train/accuracy": accuracy,
          "validation/loss": validationLoss,
          "validation/accuracy": validationAccuracy,
        });
      },
    });
    const policy = policyOf(result.network);
    const score = await evaluate(policy, makeEnvironments, {
      episodes: config.final.episodes,
      compare: source,
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
      source: { model: config.source, sha256: model.sha256 },
    };
    await saveModel(folder.file("initial.safetensors"), result.initial, { ...card, part: "initial" });
    await saveModel(folder.file("best.safetensors"), result.network, {
      ...card,
      part: "best",
      training: {
        states: result.states,
        batches: result.curve.at(-1)!.iteration,
        validationAccuracy: result.chosen.validationAccuracy,
      },
      score: { ...final, firstSeed: FIRST_SEED, similarity: score.similarity, similarityCi95: score.similarityCi95 },
    });
    return {
      env: environment.id,
      method,
      seed,
      episodesRun: 0,
      solvedAt: null,
      best: null,
      final,
      reached: config.final.target === undefined || final.mean >= config.final.target,
      target: config.final.target ?? null,
      validation: { loss: result.chosen.validationLoss, accuracy: result.chosen.validationAccuracy },
      similarity: score.similarity,
      seconds: result.seconds,
      model: folder.file("best.safetensors"),
    };
  } finally {
    log.close();
    events.close();
  }
}

/** A model named by path, or one that ships with the package (`models/...`), wherever the command runs. */
function modelPath(source: string): string {
  if (existsSync(source)) return source;
  const shipped = fileURLToPath(new URL(`../../${source}`, import.meta.url));
  return existsSync(shipped) ? shipped : source;
}
