import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manyWorkers, withAtari } from "../environments/atari-worlds.ts";
import { collectStates } from "../learning/collect.ts";
import { evaluate } from "../learning/evaluate.ts";
import { policyOf } from "../learning/policy.ts";
import { balancedConvolution, convert } from "../conversion/convert.ts";
import { DsqnError, UsageError } from "../errors.ts";
import { loadModel, saveModel, type Model } from "../network/file/model.ts";
import { breakoutStates } from "../../thesis/tables/breakout/subjects.ts";
import { cardFields, type MadeModel, type MakeModelsOptions } from "./models.ts";

/** The networks for Breakout that ship. Training takes hours: they are made from runs that exist. */
export const breakoutModelNames = [
  "breakout-dqn",
  "breakout-dqn-converted",
  "breakout-dsqn",
  "breakout-patel-dsqn",
] as const;

/** Those that are trained: where their run lies unless told otherwise, what the network is, and the score that it must reach. */
const trained = {
  "breakout-dqn": { run: "runs/breakout", kind: "convolutional", preprocessing: "nature", target: 30 },
  // The thesis's DSQN has 10.16, with one action in ten at random.
  "breakout-dsqn": { run: "runs/breakout-dsqn", kind: "spiking", preprocessing: "nature", target: 10 },
  "breakout-patel-dsqn": { run: "runs/breakout-patel-dsqn", kind: "spiking", preprocessing: "patel", target: 10 },
} as const;

/** What the networks are scored in: no sticky actions, five minutes of play at most (Mnih et al. 2015), as `reproduce breakout`. */
const GAME = { game: "BreakoutDeterministic-v4", maxFrames: 18_000 } as const;
/** Seeds that nothing was trained, chosen or calibrated with. */
const SCORE = { episodes: 100, firstSeed: 300_000, epsilon: 0.01 } as const;

/**
 * Makes the networks for Breakout: a trained one is the best of its run (`run`, or where the table above has it), with float16 weights; the
 * conversion is made from states that the DQN visits. All are scored as they were stored, over 100 games.
 *
 * Errors: RUN_NOT_FOUND, TARGET_MISSED, MODEL_DOES_NOT_FIT, and those of the environments.
 */
export async function makeBreakoutModels(
  run: string | undefined,
  options: MakeModelsOptions = {},
): Promise<MadeModel[]> {
  const { folder = "models", only, anew, onProgress, onModel, signal } = options;
  const made: MadeModel[] = [];
  const pathOf = (name: string): string => join(folder, `${name}.safetensors`);
  const due = (name: string): boolean => (only?.includes(name) ?? true) && (anew === true || !existsSync(pathOf(name)));
  /** Plays with the network as it will be stored, then stores it with its score: what was there is replaced by nothing worse than the target. */
  const make = async (
    name: keyof typeof trained | "breakout-dqn-converted",
    network: Model["network"],
    fields: object,
    source?: Model,
  ): Promise<void> => {
    const { preprocessing, target } = trained[name === "breakout-dqn-converted" ? "breakout-dqn" : name];
    const stored = policyOf(await asStored(network));
    const compare = source && policyOf(source.network);
    const { mean, std, ci95, similarity, similarityCi95, decisions, spikesPerDecision, synOpsPerDecision } =
      await withAtari({ ...GAME, preprocessing, workers: manyWorkers() }, (makeEnvironments) =>
        evaluate(stored, makeEnvironments, { ...SCORE, compare, signal, onProgress }),
      );
    if (mean < target)
      throw new DsqnError("TARGET_MISSED", `${name} scores ${mean.toFixed(1)}; what ships has at least ${target}.`, {
        hint: "Train on: dsqn train --resume RUN.",
        facts: { mean, target },
      });
    const work = network.kind === "spiking" && { decisions, spikesPerDecision, synOpsPerDecision };
    const score = { ...SCORE, ...GAME, mean, std, ci95, similarity, ...(source && { similarityCi95 }), ...work };
    await saveModel(pathOf(name), network, { ...fields, score }, { dtype: "float16" });
    const model = { name, mean, std, ci95, similarity };
    made.push(model);
    onModel?.(model);
  };

  for (const [name, { run: usual, kind }] of Object.entries(trained)) {
    if (!due(name)) continue;
    const best = await loadModel(bestOf(run ?? usual, name));
    if (best.network.kind !== kind)
      throw new DsqnError(
        "MODEL_DOES_NOT_FIT",
        `${name} is a ${kind} network; that of the run is a ${best.network.kind} one.`,
        {
          hint: `Name the run of "dsqn train ${name}" with --run.`,
        },
      );
    await make(name as keyof typeof trained, best.network, cardFields(best));
  }
  if (due("breakout-dqn-converted")) {
    const source = await loadModel(pathOf("breakout-dqn"));
    if (source.network.kind !== "convolutional") return made;
    const states = await withAtari({ ...GAME, workers: manyWorkers() }, (makeEnvironments) =>
      collectStates(policyOf(source.network), makeEnvironments, { ...breakoutStates, signal, onProgress }),
    );
    onProgress?.({ stage: "convert", done: 0, unit: "models", note: "breakout-dqn-converted" });
    const { network } = convert(source.network, states, balancedConvolution);
    const fields = {
      environment: GAME.game,
      method: "conversion",
      command: "dsqn models breakout-dqn-converted --anew",
      source: { model: "breakout-dqn.safetensors", sha256: source.sha256 },
      conversion: balancedConvolution,
      states: breakoutStates,
      steps: network.steps,
    };
    await make("breakout-dqn-converted", network, fields, source);
  }
  return made;
}

/** What a file of float16 weights gives back. */
async function asStored(network: Model["network"]): Promise<Model["network"]> {
  const folder = await mkdtemp(join(tmpdir(), "dsqn-model-"));
  try {
    const path = join(folder, "model.safetensors");
    await saveModel(path, network, {}, { dtype: "float16" });
    return (await loadModel(path)).network;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function bestOf(run: string, name: string): string {
  const path = join(run, "best.safetensors");
  if (existsSync(path)) return path;
  throw new UsageError("RUN_NOT_FOUND", `"${path}" is not there: ${name} is made from a training run.`, {
    hint: `Train one: dsqn train ${name} --out ${run}`,
  });
}
