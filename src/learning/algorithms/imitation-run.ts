import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MakeEnvironments } from "../../environments/worlds.ts";
import { DsqnError } from "../../errors.ts";
import { loadModel } from "../../network/file/model.ts";
import { collectStates } from "../collect.ts";
import { type Policy, policyOf } from "../policy.ts";
import { loadReplayStates } from "../replay-states.ts";
import { openRecorder } from "../runs/recorder.ts";
import { scoreAndSave } from "../runs/score.ts";
import type { RunContext, TrainSummary } from "../runs/summary.ts";
import { imitate } from "./imitation.ts";
import { type ImitationConfig, imitationSchema } from "./imitation-config.ts";
import type { ImitationSnapshot } from "./imitation-snapshot.ts";
import type { OwnAlgorithm } from "./index.ts";

/** Seed of the first episode in which the source is watched: away from those of scores. */
const COLLECT_SEED = 700_000;

/** Classifiers of another model's policy as runs. */
export const imitationAlgorithm: OwnAlgorithm<ImitationConfig> = { schema: imitationSchema, run };

/** What a run stores: a resumed one has to learn from the same source. */
interface Stored extends ImitationSnapshot {
  readonly facts: ImitationSnapshot["facts"] & { readonly source: string };
}

async function run(
  config: ImitationConfig,
  context: RunContext,
  makeEnvironments: MakeEnvironments,
): Promise<TrainSummary> {
  const { folder, signal, onProgress } = context;
  const { network: model, sha256 } = await loadModel(modelPath(config.source));
  const source = policyOf(model);
  const recorder = openRecorder<Stored>(config, context);
  const { resume } = recorder;
  if (resume && resume.facts.source !== sha256)
    throw new DsqnError(
      "CHECKPOINT_INVALID",
      `"${folder.path}" learned from another "${config.source}" than is there now.`,
      {
        hint: "Put the source back, or start a new run.",
      },
    );
  try {
    const result = await imitate(config, {
      states: resume ? undefined : await statesOf(config, source, makeEnvironments, context),
      source,
      makeEnvironments,
      resume,
      onProgress,
      signal,
      onPoint(point) {
        const { iteration, loss, accuracy, validationLoss, validationAccuracy } = point;
        recorder.note("point", point, iteration, {
          "train/loss": loss,
          "train/accuracy": accuracy,
          "validation/loss": validationLoss,
          "validation/accuracy": validationAccuracy,
        });
      },
      onSafePoint: ({ snapshot, last }) =>
        recorder.safePoint({
          last,
          snapshot: () => {
            const { facts, tensors } = snapshot();
            return { facts: { ...facts, source: sha256 }, tensors };
          },
        }),
    });
    const { network, initial, chosen, curve, states, seconds } = result;
    return await scoreAndSave(config, context, makeEnvironments, {
      networks: { best: network, initial },
      card: { source: { model: config.source, sha256 } },
      bestCard: {
        training: { states, batches: curve.at(-1)!.iteration, validationAccuracy: chosen.validationAccuracy },
      },
      compare: source,
      summary: {
        episodesRun: 0,
        solvedAt: null,
        best: null,
        validation: { loss: chosen.validationLoss, accuracy: chosen.validationAccuracy },
        seconds,
      },
    });
  } finally {
    recorder.close();
  }
}

function statesOf(
  config: ImitationConfig,
  source: Policy,
  makeEnvironments: MakeEnvironments,
  { signal, onProgress }: RunContext,
): Promise<Float32Array> {
  return config.replay
    ? loadReplayStates(config.replay, source.observationSize, config.environment.id)
    : collectStates(source, makeEnvironments, { size: config.states, firstSeed: COLLECT_SEED, signal, onProgress });
}

/** A model named by path, or one that ships with the package (`models/...`), wherever the command runs. */
function modelPath(source: string): string {
  if (existsSync(source)) return source;
  const shipped = fileURLToPath(new URL(`../../../${source}`, import.meta.url));
  return existsSync(shipped) ? shipped : source;
}
