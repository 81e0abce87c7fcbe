import type * as z from "zod/v4/core";
import type { Environments, MakeEnvironments } from "../../environments/worlds.ts";
import { nearest, UsageError } from "../../errors.ts";
import type { Algorithm, AlgorithmOptions } from "../algorithm.ts";
import { withEnvironments } from "../config-environments.ts";
import type { LoopConfig } from "../runs/loop-run.ts";
import type { CommonConfig } from "../runs/score.ts";
import type { RunContext, TrainSummary } from "../runs/summary.ts";
import { observedScaling, type Scaling } from "../scaling.ts";
import { train, type Trained, type TrainHooks, type TrainingPlan } from "../train.ts";
import type { ConvDqnConfig, DqnConfig } from "./dqn-config.ts";
import type { PixelPpoConfig, PpoConfig } from "./ppo-config.ts";
import type { ReinforceConfig } from "./reinforce-config.ts";

export { withEnvironments } from "../config-environments.ts";

/** An algorithm as the loop runs it: what its configs are, and what becomes of one. */
export interface LoopAlgorithm<C extends LoopConfig = LoopConfig> {
  readonly schema: z.$ZodType<C>;
  plan(config: C): TrainingPlan;
  create(config: C, environments: Environments, options: AlgorithmOptions): Promise<Algorithm>;
}

/** One that does not learn by acting: it has a run of its own. */
export interface OwnAlgorithm<C extends CommonConfig = CommonConfig> {
  readonly schema: z.$ZodType<C>;
  run(config: C, context: RunContext, makeEnvironments: MakeEnvironments): Promise<TrainSummary>;
}

type AnyAlgorithm = LoopAlgorithm | OwnAlgorithm;

const overVectors = async (): Promise<LoopAlgorithm<DqnConfig>> => {
  const { createVectorDqn: create, dqnPlan: plan } = await import("./dqn.ts");
  return { schema: (await import("./dqn-config.ts")).dqnSchema, plan, create };
};
const overFrames = async (): Promise<LoopAlgorithm<ConvDqnConfig>> => {
  const [{ createDqn: create }, { dqnPlan: plan }] = [await import("./dqn-frames.ts"), await import("./dqn.ts")];
  return { schema: (await import("./dqn-config.ts")).convDqnSchema, plan, create };
};
const policyGradient = async (): Promise<LoopAlgorithm<ReinforceConfig>> => {
  const { createReinforce: create, reinforcePlan: plan } = await import("./reinforce.ts");
  return { schema: (await import("./reinforce-config.ts")).reinforceSchema, plan, create };
};
const proximal = async (): Promise<LoopAlgorithm<PpoConfig>> => {
  const { createPpo: create, ppoPlan: plan } = await import("./ppo.ts");
  return { schema: (await import("./ppo-config.ts")).ppoSchema, plan, create };
};
const proximalOverFrames = async (): Promise<LoopAlgorithm<PixelPpoConfig>> => {
  const { createPixelPpo: create } = await import("./ppo-frames.ts");
  const { ppoPlan: plan } = await import("./ppo.ts");
  return { schema: (await import("./ppo-config.ts")).pixelPpoSchema, plan, create };
};
const classifier = async (): Promise<OwnAlgorithm> => (await import("./imitation-run.ts")).imitationAlgorithm;

/** Every algorithm by the name that configs give it in `method`; loaded when first used. */
export const algorithms = {
  "dqn": overVectors,
  "dsqn": overVectors,
  "conv-dqn": overFrames,
  "pixel-dsqn": overFrames,
  "reinforce": policyGradient,
  "ppo": proximal,
  "pixel-ppo": proximalOverFrames,
  classifier,
  "snn-classifier": classifier,
} as const satisfies Readonly<Record<string, () => Promise<unknown>>>;

/** The algorithm that a config names in `method`. */
export async function loadAlgorithm(name: unknown, what: string): Promise<AnyAlgorithm> {
  if (typeof name === "string" && Object.hasOwn(algorithms, name))
    return await algorithms[name as keyof typeof algorithms]();
  const known = Object.keys(algorithms);
  const meant = nearest(String(name), known);
  throw new UsageError("CONFIG_INVALID", `"method" in ${what} is ${JSON.stringify(name)}.`, {
    hint: `${meant ? `Did you mean "${meant}"? ` : ""}Methods: ${known.join(", ")}.`,
  });
}

/** The config with the scaling that random play shows, where it asks for that. */
export async function withObservedScaling<C extends { readonly seed: number }>(
  config: C,
  makeEnvironments: MakeEnvironments,
): Promise<C> {
  if ((config as { scaling?: "observed" | Scaling }).scaling !== "observed") return config;
  return { ...config, scaling: await observedScaling(makeEnvironments, config.seed) };
}

/** Where a config learns: in the environments that it names unless others are given. */
export type TrainOptions = Partial<TrainHooks> & AlgorithmOptions;

/** Trains by a config, as `dsqn train` does, without a folder. */
async function trainConfig(config: LoopConfig, options: TrainOptions): Promise<Trained> {
  const { makeEnvironments } = options;
  if (!makeEnvironments)
    return withEnvironments(config, (make) => trainConfig(config, { ...options, makeEnvironments: make }));
  const algorithm = (await loadAlgorithm(config.method, "the config")) as LoopAlgorithm;
  const resolved = await withObservedScaling(config, makeEnvironments);
  const create = (environments: Environments): Promise<Algorithm> => algorithm.create(resolved, environments, options);
  return train(create, algorithm.plan(resolved), { ...options, makeEnvironments });
}

/**
 * Deep Q-learning by a config: over lists of values or over frames, dense, convolutional or spiking.
 *
 * @example
 * const { config } = await loadConfig("cartpole-dqn");
 * const { network, curve, evaluations } = await trainDqn(dqnSchema.parse({ ...config, seed: 1, episodes: 50 }));
 * console.log(curve.at(-1)!.mean100, evaluations.at(-1)!.mean);
 *
 * Errors: ACTIONS_NOT_DISCRETE, OBSERVATIONS_UNSUPPORTED, SCALING_IMPOSSIBLE, INTERRUPTED, those of `createDqn` and of the environments.
 */
export function trainDqn(config: DqnConfig | ConvDqnConfig, options: TrainOptions = {}): Promise<Trained> {
  return trainConfig(config, options);
}

/** REINFORCE by a config. Errors: as `trainDqn`. */
export function reinforce(config: ReinforceConfig, options: TrainOptions = {}): Promise<Trained> {
  return trainConfig(config, options);
}

/** Proximal policy optimisation by a config. Errors: as `trainDqn`. */
export function ppo(config: PpoConfig | PixelPpoConfig, options: TrainOptions = {}): Promise<Trained> {
  return trainConfig(config, options);
}
