import * as z from "zod/mini";
import { architectures } from "../../network/create.ts";
import { type RewardShapingName, rewardShapings } from "../rewards.ts";
import { scalingField } from "../scaling.ts";
import { scheduleSchema } from "../schedules.ts";
import {
  atariSchema,
  completed,
  count,
  denseSchema,
  environmentSchema,
  evaluationFields,
  finalFields,
  fraction,
  layerSchema,
  optimizerSchema,
  seedSchema,
  solveSchema,
  spikingFields,
  spikingPixelsProblem,
  spikingProblem,
  spikingSchema,
} from "../schema.ts";

/** Copied every so many environment steps, or episodes (after episode i when i is a multiple, episode 0 included), or followed softly. */
const targetSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("steps"), every: count }),
  z.strictObject({ kind: z.literal("episodes"), every: count }),
  z.strictObject({ kind: z.literal("soft"), tau: fraction }),
]);

/** Where the defaults of vectors and of frames differ. */
interface Defaults {
  readonly rewards: "raw" | "sign";
  readonly lifeLossIsTerminal: boolean;
  readonly loss: "mse" | "huber";
  readonly clip: "value" | "none";
  readonly prioritisation: { readonly alpha: number; readonly beta: number; readonly epsilon: number };
  readonly evaluated: { readonly episodes: number; readonly epsilon: number };
  readonly scored: { readonly episodes: number; readonly epsilon: number };
  readonly checkpointSeconds: number;
}

/** The fields of deep Q-learning, whatever it sees. */
const qLearning = (defaults: Defaults) => ({
  seed: seedSchema,
  gamma: z._default(fraction, 0.99),
  nStep: z._default(count, 1),
  /** Exploration over environment steps. */
  epsilon: scheduleSchema,
  /** What the learner sees of rewards: all of them, their sign, or at most 1. */
  rewards: z._default(z.enum(["raw", "sign", "at-most-one"]), defaults.rewards),
  rewardShaping: z._default(z.enum(Object.keys(rewardShapings) as [RewardShapingName, ...RewardShapingName[]]), "none"),
  /** Rewards are multiplied by it before learning (values then fit a spiking readout better); curves are in the environment's units. */
  rewardScale: z._default(z.number().check(z.positive()), 1),
  /** Whether a lost life ends the world for the learner (never for the episode). */
  lifeLossIsTerminal: z._default(z.boolean(), defaults.lifeLossIsTerminal),
  doubleQ: z._default(z.boolean(), true),
  loss: z._default(z.enum(["mse", "huber"]), defaults.loss),
  /** Action-gap widening (Bellemare et al. 2016); 0: plain Q-learning. */
  advantageLearning: z._default(z.number().check(z.minimum(0), z.lt(1)), 0),
  /** What a time limit cuts: bootstrapped from the final observation, or dropped as the thesis's code does. */
  truncation: z._default(z.enum(["bootstrap", "drop"]), "bootstrap"),
  replay: z.strictObject({
    /** In transitions, or frames. */
    capacity: count,
    /** Learning starts when so many transitions are held (at least a batch). */
    initial: z._default(z.int().check(z.minimum(0)), 0),
    prioritisation: z.optional(
      z.strictObject({
        alpha: z._default(fraction, defaults.prioritisation.alpha),
        beta: z._default(fraction, defaults.prioritisation.beta),
        epsilon: z._default(z.number().check(z.positive()), defaults.prioritisation.epsilon),
      }),
    ),
  }),
  /** `updates` gradient steps for every `updateEvery` environment steps. */
  updates: z._default(count, 1),
  optimizer: optimizerSchema,
  /** Element-wise: every gradient within +-limit. Norm: the whole gradient's length at most limit. */
  clip: z._default(
    z.strictObject({ kind: z.enum(["value", "norm", "none"]), limit: z._default(z.number().check(z.positive()), 1) }),
    { kind: defaults.clip, limit: 1 },
  ),
  /** How the target network follows. */
  target: z.pipe(
    z.transform((value) =>
      typeof value === "object" && value && !("kind" in value) ? { kind: "steps", ...value } : value,
    ),
    targetSchema,
  ),
  solve: z.optional(solveSchema),
  evaluation: z.strictObject({
    ...evaluationFields,
    episodes: z._default(count, defaults.evaluated.episodes),
    epsilon: z._default(fraction, defaults.evaluated.epsilon),
    /** Which weights act: the learned ones, or the target network's (with soft updates a running average of them). */
    of: z._default(z.enum(["policy", "target"]), "policy"),
  }),
  /** Seconds between checkpoints; without influence on the curve. */
  checkpointSeconds: z._default(z.number().check(z.minimum(0)), defaults.checkpointSeconds),
  final: z._default(
    z.strictObject({
      ...finalFields,
      episodes: z._default(count, defaults.scored.episodes),
      epsilon: z._default(fraction, defaults.scored.epsilon),
    }),
    defaults.scored,
  ),
});

/** Value and advantage streams (Wang et al. 2016), folded into one output layer when saved. */
const dueling = { dueling: z._default(z.boolean(), false) };

type Fail = (message: string, ...path: string[]) => void;

/** Reports what is wrong between fields of `input`. */
function failing(input: unknown, issues: unknown[]): Fail {
  return (message, ...path) => issues.push({ code: "custom", input, path, message });
}

/** Everything that a DQN or DSQN run over lists of values depends on. The same config gives the same curve, bit for bit. */
const dqnFields = z
  .strictObject({
    method: z.enum(["dqn", "dsqn"]),
    environment: environmentSchema,
    network: z.discriminatedUnion("kind", [z.extend(denseSchema, dueling), z.extend(spikingSchema, dueling)]),
    /** Observations as the network sees them while learning; folded into the saved model. */
    scaling: scalingField,
    /** Training ends after so many episodes, or environment steps, whichever comes first. */
    episodes: z.optional(count),
    steps: z.optional(count),
    batchSize: count,
    updateEvery: z._default(count, 1),
    /** Outputs have only to differ: a dense network of these hidden layers learns what they have in common (q-learner/common-mode.ts). */
    commonMode: z.optional(z.strictObject({ hidden: z.array(count).check(z.minLength(1)) })),
    /** So many steps after it began, a run whose evaluation is below `below` learns anew: other random weights, an empty memory, schedules from their start. */
    restart: z.optional(z.strictObject({ after: count, below: z.number() })),
    ...qLearning({
      rewards: "raw",
      lifeLossIsTerminal: false,
      loss: "mse",
      clip: "value",
      prioritisation: { alpha: 0.6, beta: 0.4, epsilon: 1e-6 },
      evaluated: { episodes: 20, epsilon: 0 },
      scored: { episodes: 100, epsilon: 0 },
      checkpointSeconds: 5,
    }),
  })
  .check(({ value: config, issues }) => {
    const fail = failing(config, issues);
    const { network, scaling } = config;
    const spiking = network.kind === "spiking";
    if (spiking !== (config.method === "dsqn"))
      fail(`method "${config.method}" needs a ${spiking ? "dense" : "spiking"} network`, "network", "kind");
    const problem = spiking ? spikingProblem(network, network.hidden.length) : undefined;
    if (problem) fail(problem.message, "network", problem.field);
    if (network.dueling && config.commonMode)
      fail("is what dueling outputs do already: leave one of both out", "commonMode");
    if (network.dueling && network.bits !== undefined)
      fail("rounds an output layer that dueling outputs are folded into afterwards", "network", "bits");
    if (config.episodes === undefined && config.steps === undefined)
      fail('is missing, and so is "steps": training would never end', "episodes");
    if (typeof scaling === "object" && scaling.center.length !== scaling.scale.length)
      fail("center and scale differ in length", "scaling");
    if (config.replay.capacity < config.batchSize)
      fail(`is less than a batch of ${config.batchSize}`, "replay", "capacity");
  });

/** What a DQN or DSQN run over lists of values depends on, with defaults filled in. */
export const dqnSchema = z.pipe(
  dqnFields,
  z.transform(({ network, ...config }) => ({
    ...config,
    network: network.kind === "spiking" ? completed(network) : network,
  })),
);

/** A config with all defaults filled in. */
export type DqnConfig = z.output<typeof dqnSchema>;
/** A config as written: defaults may be left out. */
export type DqnConfigInput = z.input<typeof dqnSchema>;

/** Everything that a run of Q-learning from pixels depends on: conv DQN, or a DSQN, whose network spikes. */
const convDqnFields = z
  .strictObject({
    method: z.enum(["conv-dqn", "pixel-dsqn"]),
    environment: atariSchema,
    network: z.strictObject({
      /** A well-known network... */
      architecture: z.optional(z.enum(Object.keys(architectures) as [string, ...string[]])),
      /** ...or one's own layers below the output layer, which is added... */
      layers: z.optional(z.array(layerSchema)),
      /** A spiking network: dense layers of its own (`hidden`), or neurons in the places of the architecture's or layers' ReLUs... */
      spiking: z.optional(
        z.strictObject({ ...spikingFields, hidden: z.optional(z.array(count).check(z.minLength(1))) }),
      ),
      /** ...or a convolutional or spiking model's file, to go on from its weights. */
      model: z.optional(z.string()),
      /** The first layer sees bytes * inputScale. A power of two can be taken into a spiking network's weights exactly. */
      inputScale: z._default(z.number().check(z.positive()), 1 / 255),
      ...dueling,
    }),
    /** Training ends after so many agent steps, over all environments, or games, whichever comes first. */
    steps: count,
    episodes: z.optional(count),
    batchSize: z._default(count, 32),
    updateEvery: z._default(count, 4),
    ...qLearning({
      rewards: "sign",
      lifeLossIsTerminal: true,
      loss: "huber",
      clip: "none",
      prioritisation: { alpha: 0.5, beta: 0.5, epsilon: 1e-3 },
      evaluated: { episodes: 10, epsilon: 0.01 },
      scored: { episodes: 30, epsilon: 0.01 },
      checkpointSeconds: 120,
    }),
  })
  .check(({ value: config, issues }) => {
    const fail = failing(config, issues);
    const { method, network, replay, environment, nStep } = config;
    const { architecture, layers, spiking, model } = network;
    const spikes = method === "pixel-dsqn";
    const named = [architecture, layers, spiking?.hidden, model].filter((one) => one !== undefined);
    if (named.length !== 1 || (spiking !== undefined) !== (spikes && model === undefined))
      fail(
        spikes
          ? 'needs either "model", or "spiking" with one of "spiking.hidden", "architecture", "layers", for method "pixel-dsqn"'
          : 'needs one of "architecture", "layers", "model" for method "conv-dqn"',
        "network",
      );
    if (network.dueling && model !== undefined)
      fail("is of no use: a model has one output per action", "network", "dueling");
    if (spiking) {
      // The output layer is none of `layers`; of an architecture it depends on the game's actions, whose number does not matter here.
      const hidden = spiking.hidden ?? layers ?? (architecture ? architectures[architecture](1).slice(1) : []);
      const problem = spikingPixelsProblem(spiking, hidden.length);
      if (problem) fail(problem.message, "network", "spiking", problem.field);
    }
    const least = Math.max(environment.count * (nStep + 16), replay.initial);
    if (replay.capacity < least) fail(`is less than ${least} frames`, "replay", "capacity");
  });

/** What a run of Q-learning from pixels depends on, with defaults filled in. */
export const convDqnSchema = z.pipe(
  convDqnFields,
  z.transform(({ network, ...config }) => ({
    ...config,
    network: { ...network, spiking: network.spiking && completed(network.spiking) },
  })),
);

/** A config with all defaults filled in. */
export type ConvDqnConfig = z.output<typeof convDqnSchema>;
/** A config as written: defaults may be left out. */
export type ConvDqnConfigInput = z.input<typeof convDqnSchema>;
