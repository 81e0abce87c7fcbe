import { z } from "zod";
import { rewardShapings, type RewardShapingName } from "../rewards.ts";
import { scalingSchema } from "../scaling.ts";
import { scheduleSchema } from "../schedules.ts";

const count = z.number().int().positive();
const fraction = z.number().min(0).max(1);

/** The environments a run learns in; all of them step in one message. */
export const environmentSchema = z.strictObject({
  id: z.string(),
  count: count.default(1),
  /** Time limit in steps, instead of the environment's own. */
  maxSteps: count.optional(),
  kwargs: z.record(z.string(), z.unknown()).default({}),
});

export const denseSchema = z.strictObject({
  kind: z.literal("dense"),
  hidden: z.array(count).min(1),
  /** Value and advantage streams (Wang et al. 2016), folded into one output layer when saved. */
  dueling: z.boolean().default(false),
});

export const spikingSchema = z.strictObject({
  kind: z.literal("spiking"),
  hidden: z.array(count).min(1),
  /** T, time steps per decision. */
  steps: count.default(20),
  alpha: fraction.default(0),
  beta: fraction.default(1),
  threshold: z.number().positive().default(1),
  reset: z.enum(["subtraction", "zero"]).default("subtraction"),
  biasInput: z.boolean().default(true),
  /** Weights start normal with standard deviation weightScale / sqrt(inputs). */
  weightScale: z.number().positive().default(1),
  /** ... and the output layer's this many times that: read by its potential, it adds up T steps, so that 1 / T starts with values of the usual size. */
  outputScale: z.number().positive().default(1),
  /** Steepness of the surrogate gradient 1 / (scale |v - threshold| + 1)^2. */
  surrogateScale: z.number().positive().default(100),
});

/**
 * What is wrong with T = `steps` below `hidden` spiking layers: a spike moves the potentials of the next layer two steps later, so that the
 * outputs of a network with too few are the same whatever it sees.
 */
export function unheard(steps: number, hidden: number): string | undefined {
  const least = 2 * hidden + 2;
  if (steps >= least) return undefined;
  return `is less than ${least}: a spike takes two steps to the next layer, so that none comes to the outputs in time`;
}

/** Everything that a DQN or DSQN run depends on. The same config gives the same curve, bit for bit. */
export const dqnSchema = z
  .strictObject({
    method: z.enum(["dqn", "dsqn"]),
    seed: z.number().int().min(0).max(0xffffffff).default(0),
    environment: environmentSchema,
    network: z.discriminatedUnion("kind", [denseSchema, spikingSchema]),
    /** Observations as the network sees them while learning; folded into the saved model. */
    scaling: scalingSchema.optional(),
    rewardShaping: z.enum(Object.keys(rewardShapings) as [RewardShapingName, ...RewardShapingName[]]).default("none"),
    /** Rewards are multiplied by it before learning (values then fit a spiking readout better); curves are in the environment's units. */
    rewardScale: z.number().positive().default(1),

    /** Training ends after so many episodes. */
    episodes: count,
    gamma: fraction.default(0.99),
    nStep: count.default(1),
    /** Exploration over environment steps. */
    epsilon: scheduleSchema,
    doubleQ: z.boolean().default(true),
    loss: z.enum(["mse", "huber"]).default("mse"),
    /** Action-gap widening (Bellemare et al. 2016); 0: plain Q-learning. */
    advantageLearning: z.number().min(0).lt(1).default(0),
    /** What a time limit cuts: bootstrapped from the final observation, or dropped as the original does. */
    truncation: z.enum(["bootstrap", "drop"]).default("bootstrap"),

    replay: z.strictObject({
      capacity: count,
      /** Learning starts when so many transitions are held (at least a batch). */
      initial: z.number().int().min(0).default(0),
      prioritisation: z
        .strictObject({
          alpha: fraction.default(0.6),
          beta: fraction.default(0.4),
          epsilon: z.number().positive().default(1e-6),
        })
        .optional(),
    }),
    batchSize: count,
    /** `updates` gradient steps for every `updateEvery` environment steps. */
    updateEvery: count.default(1),
    updates: count.default(1),
    optimizer: z.discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("adam"),
        learningRate: scheduleSchema,
        beta1: fraction.default(0.9),
        beta2: fraction.default(0.999),
        epsilon: z.number().positive().default(1e-8),
      }),
      z.strictObject({
        kind: z.literal("rmsprop"),
        learningRate: scheduleSchema,
        decay: fraction.default(0.95),
        epsilon: z.number().positive().default(1e-3),
      }),
    ]),
    /** Element-wise: every gradient within +-limit. Norm: the whole gradient's length at most limit. */
    clip: z
      .strictObject({ kind: z.enum(["value", "norm", "none"]), limit: z.number().positive().default(1) })
      .default({ kind: "value", limit: 1 }),
    target: z.discriminatedUnion("kind", [
      /** Copied every so many environment steps (the original's "iterations"). */
      z.strictObject({ kind: z.literal("steps"), every: count }),
      /** Copied after episode i when i is a multiple of `every`, episode 0 included. */
      z.strictObject({ kind: z.literal("episodes"), every: count }),
      /** Polyak averaging after each gradient step: target += tau (policy - target). */
      z.strictObject({ kind: z.literal("soft"), tau: fraction }),
    ]),

    /** Training's own criterion: the mean of `window` episodes is at least `average`, `stay` episodes in a row. Noted, never ends a run. */
    solve: z.strictObject({ average: z.number(), window: count.default(100), stay: count.default(1) }).optional(),
    /** Greedy episodes on seeds of their own: they choose the checkpoint, and end the run early. */
    evaluation: z.strictObject({
      /** Environment steps between evaluations. */
      every: count,
      episodes: count.default(20),
      /** Which weights act: the learned ones, or the target network's (with soft updates a running average of them). */
      of: z.enum(["policy", "target"]).default("policy"),
      /** The run ends when an evaluation reaches `mean`, and one over `episodes` other episodes confirms it. */
      stop: z.strictObject({ mean: z.number(), episodes: count.default(100) }).optional(),
      /** Each evaluation that reaches `mean` multiplies the learning rate by `factor`, so that a good network stays good. */
      settle: z.strictObject({ mean: z.number(), factor: z.number().gt(0).lte(1).default(0.7) }).optional(),
    }),
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(5),
    /** The chosen network's greedy mean over fresh seeds, and what counts as success. */
    final: z.strictObject({ episodes: count.default(100), target: z.number().optional() }).default({ episodes: 100 }),
  })
  .superRefine((config, context) => {
    const { network } = config;
    const spiking = network.kind === "spiking";
    if (spiking !== (config.method === "dsqn"))
      context.addIssue({
        code: "custom",
        path: ["network", "kind"],
        message: `method "${config.method}" needs a ${spiking ? "dense" : "spiking"} network`,
      });
    const late = network.kind === "spiking" && unheard(network.steps, network.hidden.length);
    if (late) context.addIssue({ code: "custom", path: ["network", "steps"], message: late });
    if (config.scaling && config.scaling.center.length !== config.scaling.scale.length)
      context.addIssue({ code: "custom", path: ["scaling"], message: "center and scale differ in length" });
    if (config.replay.capacity < config.batchSize)
      context.addIssue({
        code: "custom",
        path: ["replay", "capacity"],
        message: `is less than a batch of ${config.batchSize}`,
      });
  });

/** A config with all defaults filled in. */
export type DqnConfig = z.output<typeof dqnSchema>;
/** A config as written: defaults may be left out. */
export type DqnConfigInput = z.input<typeof dqnSchema>;
