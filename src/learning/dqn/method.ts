import type { MakeEnvironments } from "../../environments/worlds.ts";
import { withGymnasium } from "../../environments/gymnasium-worlds.ts";
import { bestMean100 } from "../learning-curve.ts";
import { conclude } from "../runs/conclude.ts";
import type { RunContext, TrainMethod, TrainSummary } from "../runs/method.ts";
import { openRecorder } from "../runs/recorder.ts";
import { dqnSchema, type DqnConfig } from "./config.ts";
import type { Snapshot } from "./state.ts";
import { trainDqn, type DqnResult } from "./train.ts";

/** DQN and DSQN as runs: a folder with log, TensorBoard events, resumable checkpoints, and the initial, best and last network. */
export const dqnMethod: TrainMethod<DqnConfig> = {
  schema: dqnSchema,
  run: (config, context) =>
    withGymnasium(config.environment, (makeEnvironments) => run(config, context, makeEnvironments)),
};

async function run(config: DqnConfig, context: RunContext, makeEnvironments: MakeEnvironments): Promise<TrainSummary> {
  const recorder = openRecorder<Snapshot>(config, context);
  try {
    const result = await trainDqn(config, {
      makeEnvironments,
      resume: recorder.resume,
      signal: context.signal,
      onProgress: context.onProgress,
      onEpisode(entry) {
        const { environmentSteps, mean100, epsilon, loss, length } = entry;
        recorder.note("episode", entry, environmentSteps, {
          "train/return": entry.return,
          "train/length": length,
          "train/mean100": mean100,
          "train/epsilon": epsilon,
          "train/loss": loss,
        });
      },
      onEvaluation: (entry) =>
        recorder.note("evaluation", entry, entry.environmentSteps, {
          "evaluation/mean": entry.mean,
          "evaluation/min": entry.min,
        }),
      onSafePoint: recorder.safePoint,
    });
    const { network, initial, last, curve, chosen, environmentSteps, updates, seconds } = result;
    return await conclude(config, context, makeEnvironments, {
      networks: { best: network, initial, last },
      card: { training: { episodes: curve.length, environmentSteps, gradientSteps: updates } },
      bestCard: { chosenBy: chosen },
      summary: {
        episodesRun: curve.length,
        solvedAt: solvedAt(config, result),
        best: bestMean100(curve),
        environmentSteps,
        gradientSteps: updates,
        chosen,
        seconds,
      },
    });
  } finally {
    recorder.close();
  }
}

/** The episode by which a greedy evaluation was confirmed, or training's own criterion met, whichever came first. */
function solvedAt({ evaluation }: DqnConfig, result: DqnResult): number | null {
  const confirmed = evaluation.stop && result.confirmed ? result.chosen!.episode : Infinity;
  const first = Math.min(confirmed, result.solvedAt ?? Infinity);
  return first === Infinity ? null : first;
}
