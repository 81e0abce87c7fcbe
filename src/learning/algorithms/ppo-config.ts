import { z } from "zod";
import { type RewardShapingName, rewardShapings } from "../rewards.ts";
import { scalingField } from "../scaling.ts";
import { scheduleSchema } from "../schedules.ts";
import {
  completed,
  count,
  denseSchema,
  environmentSchema,
  evaluationFields,
  finalSchema,
  fraction,
  seedSchema,
  solveSchema,
  spikingProblem,
  spikingSchema,
} from "../schema.ts";

/** The fields of proximal policy optimisation, whatever it sees. */
export const ppoFields = {
  seed: seedSchema,
  gamma: fraction.default(0.99),
  /** Of generalised advantage estimation: 1 weighs whole returns, 0 single steps. */
  lambda: fraction.default(0.95),
  /** Steps of each environment between updates. */
  horizon: count,
  /** How often each step is learned from, and in how many parts. */
  epochs: count.default(4),
  minibatches: count.default(4),
  clipRange: z.number().positive().default(0.2),
  entropy: z.number().min(0).default(0.01),
  valueWeight: z.number().min(0).default(0.5),
  /** Over environment steps. */
  learningRate: scheduleSchema,
  /** Adam's epsilon. */
  epsilon: z.number().positive().default(1e-5),
  /** Largest length of a network's gradient. */
  clip: z.number().positive().optional(),
  rewardScale: z.number().positive().default(1),
  solve: solveSchema.optional(),
  /** `every` counts environment steps. */
  evaluation: z.strictObject(evaluationFields),
};

/** Everything that a PPO run over lists of values depends on. */
export const ppoSchema = z
  .strictObject({
    method: z.literal("ppo"),
    environment: environmentSchema,
    /** The policy's; the critic is dense, and is thrown away. */
    network: z.discriminatedUnion("kind", [denseSchema, spikingSchema]),
    critic: z.strictObject({ hidden: z.array(count).min(1) }).default({ hidden: [64, 64] }),
    scaling: scalingField,
    rewardShaping: z.enum(Object.keys(rewardShapings) as [RewardShapingName, ...RewardShapingName[]]).default("none"),
    /** Training ends after so many episodes, or environment steps, whichever comes first. */
    episodes: count.optional(),
    steps: count.optional(),
    ...ppoFields,
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(5),
    final: finalSchema,
  })
  .superRefine(({ network, episodes, steps, environment, horizon, minibatches }, context) => {
    const fail = (message: string, ...path: string[]): void => context.addIssue({ code: "custom", path, message });
    const problem = network.kind === "spiking" ? spikingProblem(network, network.hidden.length) : undefined;
    if (problem) fail(problem.message, "network", problem.field);
    if (episodes === undefined && steps === undefined)
      fail('is missing, and so is "steps": training would never end', "episodes");
    if ((environment.count * horizon) % minibatches !== 0)
      fail(`does not divide ${environment.count * horizon} steps (environments x horizon)`, "minibatches");
  })
  .transform(({ network, ...config }) => ({
    ...config,
    network: network.kind === "spiking" ? completed(network) : network,
  }));

/** A validated config of a PPO run, every field filled in. */
export type PpoConfig = z.output<typeof ppoSchema>;
/** What a PPO config file may hold: fields left out take the schema's defaults. */
export type PpoConfigInput = z.input<typeof ppoSchema>;
