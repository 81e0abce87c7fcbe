import { createTrainable } from "../engines/create.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { withGymnasium } from "../environments/gymnasium-worlds.ts";
import { bestMean100 } from "./learning-curve.ts";
import { reinforce } from "./reinforce.ts";
import { reinforceSchema, type ReinforceConfig } from "./reinforce-config.ts";
import type { ReinforceSnapshot } from "./reinforce-state.ts";
import { conclude } from "./runs/conclude.ts";
import type { RunContext, TrainMethod, TrainSummary } from "./runs/method.ts";
import { openRecorder } from "./runs/recorder.ts";

/** REINFORCE as runs. */
export const reinforceMethod: TrainMethod<ReinforceConfig> = {
  schema: reinforceSchema,
  run: (config, context) =>
    withGymnasium(config.environment, (makeEnvironments) => run(config, context, makeEnvironments)),
};

async function run(
  config: ReinforceConfig,
  context: RunContext,
  makeEnvironments: MakeEnvironments,
): Promise<TrainSummary> {
  const recorder = openRecorder<ReinforceSnapshot>(config, context);
  try {
    const result = await reinforce(config, {
      makeEnvironments,
      makeTrainable: createTrainable,
      resume: recorder.resume,
      signal: context.signal,
      onProgress: context.onProgress,
      onEpisode: (entry) =>
        recorder.note("episode", entry, entry.episode, {
          "train/return": entry.return,
          "train/length": entry.length,
          "train/mean100": entry.mean100,
        }),
      onEvaluation: (entry) => recorder.note("evaluation", entry, entry.episode, { "evaluation/mean": entry.mean }),
      onSafePoint: recorder.safePoint,
    });
    const { network, initial, curve, chosen, confirmed, updates, seconds } = result;
    return await conclude(config, context, makeEnvironments, {
      networks: { best: network, initial },
      card: { training: { episodes: curve.length, gradientSteps: updates } },
      bestCard: { chosenBy: chosen },
      summary: {
        episodesRun: curve.length,
        solvedAt: confirmed ? Math.min(chosen.episode, result.solvedAt ?? Infinity) : result.solvedAt,
        best: bestMean100(curve),
        gradientSteps: updates,
        chosen,
        seconds,
      },
    });
  } finally {
    recorder.close();
  }
}
