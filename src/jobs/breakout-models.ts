import { existsSync } from "node:fs";
import { join } from "node:path";
import { manyWorkers, withAtari } from "../agents/atari.ts";
import { collectStates } from "../agents/collect.ts";
import { evaluate } from "../agents/evaluate.ts";
import { policyOf } from "../agents/policy.ts";
import { balancedConvolution, convert } from "../conversion/convert.ts";
import { DsqnError, UsageError } from "../errors.ts";
import { loadModel, saveModel, type Model } from "../formats/model.ts";
import { breakoutStates } from "../reproduce/breakout/subjects.ts";
import { cardFields, type MadeModel, type MakeModelsOptions } from "./models.ts";

/** The networks for Breakout that ship. Training takes hours: they are made from a run that exists. */
export const breakoutModelNames = ["breakout-dqn", "breakout-dqn-converted"] as const;

/** What the networks are scored in: no sticky actions, five minutes of play at most (Mnih et al. 2015), as `reproduce breakout`. */
const GAME = { game: "BreakoutDeterministic-v4", maxFrames: 18_000 } as const;
/** Seeds that nothing was trained, chosen or calibrated with. */
const SCORE = { episodes: 100, firstSeed: 300_000, epsilon: 0.01 } as const;
const TARGET = 30;

/**
 * Makes the networks for Breakout: the DQN is the best network of the training run in `run`, with float16 weights; its conversion is made
 * from states that it visits. Both are scored as they were stored, over 100 games, and refused below 30 points.
 */
export async function makeBreakoutModels(run: string, options: MakeModelsOptions = {}): Promise<MadeModel[]> {
  const { folder = "models", only, anew, onProgress, onModel, signal } = options;
  const made: MadeModel[] = [];
  const [dqn, converted] = breakoutModelNames.map((name) => join(folder, `${name}.safetensors`));
  const due = (name: string, path: string): boolean =>
    (only?.includes(name) ?? true) && (anew === true || !existsSync(path));
  const done = (model: MadeModel): void => {
    made.push(model);
    onModel?.(model);
  };
  await withAtari({ ...GAME, workers: manyWorkers() }, async (makeEnvironments) => {
    const score = async (path: string, source?: Model): Promise<Record<string, unknown> & Omit<MadeModel, "name">> => {
      const { network } = await loadModel(path);
      const { mean, std, ci95, similarity, similarityCi95, decisions, spikesPerDecision, synOpsPerDecision } =
        await evaluate(policyOf(network), makeEnvironments, {
          ...SCORE,
          compare: source && policyOf(source.network),
          signal,
          onProgress,
        });
      if (mean < TARGET)
        throw new DsqnError("TARGET_MISSED", `${path} scores ${mean.toFixed(1)}; what ships has at least ${TARGET}.`, {
          hint: "Train on: dsqn train --resume RUN.",
          facts: { mean, target: TARGET },
        });
      const work = source && { similarityCi95, decisions, spikesPerDecision, synOpsPerDecision };
      return { ...SCORE, ...GAME, mean, std, ci95, similarity, ...work };
    };
    if (due("breakout-dqn", dqn)) {
      const best = await loadModel(bestOf(run));
      const fields = cardFields(best);
      await saveModel(dqn, best.network, fields, { dtype: "float16" });
      const result = await score(dqn);
      await saveModel(dqn, best.network, { ...fields, score: result }, { dtype: "float16" });
      done({ name: "breakout-dqn", ...result });
    }
    if (due("breakout-dqn-converted", converted)) {
      const source = await loadModel(dqn);
      if (source.network.kind !== "convolutional") return;
      onProgress?.({ stage: "convert", done: 0, unit: "models", note: "breakout-dqn-converted" });
      const states = await collectStates(policyOf(source.network), makeEnvironments, {
        ...breakoutStates,
        signal,
        onProgress,
      });
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
      await saveModel(converted, network, fields, { dtype: "float16" });
      const result = await score(converted, source);
      await saveModel(converted, network, { ...fields, score: result }, { dtype: "float16" });
      done({ name: "breakout-dqn-converted", ...result });
    }
  });
  return made;
}

function bestOf(run: string): string {
  const path = join(run, "best.safetensors");
  if (existsSync(path)) return path;
  throw new UsageError("RUN_NOT_FOUND", `"${path}" is not there: a network for Breakout is made from a training run.`, {
    hint: `Train one: dsqn train breakout-dqn --out ${run}`,
  });
}
