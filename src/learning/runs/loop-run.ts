import type { Environments, MakeEnvironments } from "../../environments/worlds.ts";
import { saveModel } from "../../network/file/model.ts";
import type { Algorithm } from "../algorithm.ts";
import type { LoopAlgorithm } from "../algorithms/index.ts";
import { bestMean100, type EpisodeEntry, type EvaluationEntry } from "../learning-curve.ts";
import type { Snapshot } from "../snapshot.ts";
import { train } from "../train.ts";
import { openRecorder } from "./recorder.ts";
import { cardOf, type CommonConfig, scoreAndSave } from "./score.ts";
import type { RunContext, TrainSummary } from "./summary.ts";

/** What the config of every algorithm in the loop has. */
export interface LoopConfig extends CommonConfig {
  readonly checkpointSeconds: number;
}

/**
 * An algorithm in the loop as a run: a folder with log, TensorBoard events, resumable checkpoints, and the initial, best and last
 * network. The best one is there as soon as there is one.
 */
export async function runLoop(
  { plan, create }: LoopAlgorithm,
  config: LoopConfig,
  context: RunContext,
  makeEnvironments: MakeEnvironments,
): Promise<TrainSummary> {
  const { folder, signal, onProgress, onWarning } = context;
  const recorder = openRecorder<Snapshot>(config, context);
  const framesFile = { path: folder.file("replay.frames"), resume: recorder.resume !== undefined };
  const make = (environments: Environments): Promise<Algorithm> =>
    create(config, environments, { framesFile, onProgress, signal });
  try {
    const trained = await train(make, plan(config), {
      makeEnvironments,
      resume: recorder.resume,
      signal,
      onProgress,
      onWarning,
      onEpisode: (entry) => recorder.note("episode", entry, entry.environmentSteps, scalars(entry)),
      async onEvaluation(entry, best) {
        recorder.note("evaluation", entry, entry.environmentSteps, scoreOf(entry));
        const card = { ...cardOf(config, context, "best"), chosenBy: entry };
        if (best) await saveModel(folder.file("best.safetensors"), best, card);
      },
      onSafePoint: recorder.safePoint,
    });
    const { network, initial, last, curve, chosen, environmentSteps, updates, solvedAt, seconds } = trained;
    return await scoreAndSave(config, context, makeEnvironments, {
      networks: { best: network, initial, last },
      card: { training: { episodes: curve.length, environmentSteps, gradientSteps: updates, seconds } },
      bestCard: { chosenBy: chosen },
      summary: {
        episodesRun: curve.length,
        solvedAt,
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

/** What TensorBoard shows of an episode: all but how it is counted. */
function scalars({ episode: _, environmentSteps: __, ...shown }: EpisodeEntry): Record<string, number> {
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [`train/${name}`, value]));
}

const scoreOf = ({ mean, min }: EvaluationEntry): Record<string, number> => ({
  "evaluation/mean": mean,
  "evaluation/min": min,
});
