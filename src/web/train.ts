import { nativeEnvironments } from "../environments/native/world.ts";
import type { Environments, MakeEnvironments } from "../environments/worlds.ts";
import { UsageError } from "../errors.ts";
import type { Algorithm, AlgorithmOptions } from "../learning/algorithm.ts";
import { createVectorDqn, dqnPlan } from "../learning/algorithms/dqn.ts";
import { dqnSchema } from "../learning/algorithms/dqn-config.ts";
import { mergeConfig, parseConfig, type PlainObject } from "../learning/config.ts";
import type { EvaluationEntry } from "../learning/learning-curve.ts";
import { cartpoleDqn, cartpoleDsqn } from "../learning/presets/cartpole.ts";
import { mountaincarDqn, mountaincarDsqn } from "../learning/presets/mountaincar.ts";
import { observedScaling } from "../learning/scaling.ts";
import { train, type Trained, type TrainHooks } from "../learning/train.ts";
import type { Network } from "../network/network.ts";

/** Configs that learn in a page, by the names that `dsqn train` has for them. */
export const webPresets: Readonly<Record<string, PlainObject>> = {
  "cartpole-dqn": cartpoleDqn,
  "cartpole-dsqn": cartpoleDsqn,
  "mountaincar-dqn": mountaincarDqn,
  "mountaincar-dsqn": mountaincarDsqn,
};

/** Who hears of a run in this thread. */
export interface TrainHereOptions
  extends
    Partial<Pick<TrainHooks, "onProgress" | "onEpisode" | "onWarning" | "signal" | "makeEnvironments">>,
    Pick<AlgorithmOptions, "makeTrainable"> {
  /** After each greedy evaluation: its entry, the network as it is now, and whether it is the best so far. */
  readonly onEvaluation?: (entry: EvaluationEntry, network: Network, best: boolean) => void | Promise<void>;
}

/**
 * Learns in this thread by a config of `dsqn train` (method "dqn" or "dsqn"), in the native world that it names. The same config and seed give
 * the same curve in Node and in every browser.
 *
 * @throws UsageError CONFIG_INVALID, WORLD_NOT_NATIVE; DsqnError INTERRUPTED, TRAINING_DIVERGED
 */
export async function trainHere(config: PlainObject, options: TrainHereOptions = {}): Promise<Trained> {
  if (config.method !== "dqn" && config.method !== "dsqn")
    throw new UsageError("CONFIG_INVALID", `"method" in the config is ${JSON.stringify(config.method)}.`, {
      hint: "In a page a DQN learns (dqn), or a DSQN (dsqn).",
    });
  const parsed = parseConfig(dqnSchema, mergeConfig(config, {}), "the config");
  const { id, maxSteps } = parsed.environment;
  const makeEnvironments: MakeEnvironments = options.makeEnvironments ?? nativeEnvironments(id, { maxSteps });
  const scaling = parsed.scaling === "observed" ? await observedScaling(makeEnvironments, parsed.seed) : parsed.scaling;
  const resolved = { ...parsed, scaling };
  let algorithm: Algorithm | undefined;
  const create = async (environments: Environments): Promise<Algorithm> =>
    (algorithm = await createVectorDqn(resolved, environments, options));
  return train(create, dqnPlan(resolved), {
    ...options,
    makeEnvironments,
    onEvaluation: (entry, best) => options.onEvaluation?.(entry, algorithm!.network(), best !== undefined),
  });
}
