import { z } from "zod";
import { architectures } from "../../network/create.ts";
import { surrogateNames } from "../../network/surrogate.ts";
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
  finalSchema,
  fraction,
  layerSchema,
  seedSchema,
  solveSchema,
  spikingFields,
  spikingPixelsProblem,
  spikingProblem,
  spikingSchema,
} from "../schema.ts";

/** The fields of proximal policy optimisation, whatever it sees. */
const ppoFields = {
  seed: seedSchema,
  gamma: z._default(fraction, 0.99),
  /** Of generalised advantage estimation: 1 weighs whole returns, 0 single steps. */
  lambda: z._default(fraction, 0.95),
  /** Steps of each environment between updates. */
  horizon: count,
  /** How often each step is learned from, and in how many parts. */
  epochs: z._default(count, 4),
  minibatches: z._default(count, 4),
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
  solve: z.optional(solveSchema),
  /** `every` counts environment steps. */
  evaluation: z.strictObject(evaluationFields),
};

/** What is wrong with a rollout of so many steps in so many parts. */
function partsProblem(steps: number, minibatches: number): string | undefined {
  return steps % minibatches === 0 ? undefined : `does not divide ${steps} steps (environments x horizon)`;
}

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
    episodes: z.optional(count),
    steps: z.optional(count),
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
    const undivided = partsProblem(environment.count * horizon, minibatches);
    if (undivided) fail(undivided, "minibatches");
  })
  .transform(({ network, ...config }) => ({
    ...config,
    network: network.kind === "spiking" ? completed(network) : network,
  }));

/** A validated config of a PPO run, every field filled in. */
export type PpoConfig = z.output<typeof ppoSchema>;
/** What a PPO config file may hold: fields left out take the schema's defaults. */
export type PpoConfigInput = z.input<typeof ppoSchema>;

/** Everything that a PPO run over an Atari game's frames depends on. Policy and critic share all but the output layer. */
export const pixelPpoSchema = z
  .strictObject({
    method: z.literal("pixel-ppo"),
    environment: atariSchema,
    network: z.strictObject({
      /** A well-known network... */
      architecture: z.enum(Object.keys(architectures) as [string, ...string[]]).optional(),
      /** ...or one's own layers below the output layer, which is added... */
      layers: z.array(layerSchema).optional(),
      /** ...with neurons in the places of its ReLUs... */
      spiking: z.strictObject(spikingFields).optional(),
      /** ...or a convolutional or spiking model's file, to go on from its weights. */
      model: z.string().optional(),
      /** What the model's outputs mean: logits of a policy, or action values, whose softmax the policy then starts as. */
      outputs: z.enum(["logits", "action-values"]).default("logits"),
      /** What the model's outputs are multiplied by; of new networks, the policy's first weights. */
      policyScale: z.number().positive().optional(),
      /** How a spiking model's spikes are learned through. */
      learning: z
        .strictObject({
          surrogate: z.enum(surrogateNames).default("fast-sigmoid"),
          surrogateScale: z.number().positive().default(100),
          detachReset: z.boolean().default(true),
          regulariser: spikingFields.regulariser,
        })
        .optional(),
      /** The first layer sees bytes * inputScale. A power of two can be taken into a spiking network's weights exactly. */
      inputScale: z
        .number()
        .positive()
        .default(1 / 255),
    }),
    /** Whose actions the policy is drawn to, wherever it goes itself: a model of the same game. */
    teacher: z
      .strictObject({
        model: z.string(),
        /** Of the cross-entropy, over agent steps. */
        weight: scheduleSchema,
        /** The teacher's policy is the softmax of its outputs times this. */
        sharpness: z.number().positive().default(1),
      })
      .optional(),
    /** What the learner sees of rewards. */
    rewards: z.enum(["raw", "sign", "at-most-one"]).default("sign"),
    /** Whether a lost life ends the world for the learner (never for the episode). */
    lifeLossIsTerminal: z.boolean().default(true),
    /** Training ends after so many agent steps, over all environments, or games, whichever comes first. */
    steps: count,
    episodes: z.optional(count),
    ...ppoFields,
    clipRange: z.number().positive().default(0.1),
    evaluation: z.strictObject({
      ...evaluationFields,
      episodes: z._default(count, 10),
      epsilon: z._default(fraction, 0.01),
    }),
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(120),
    final: z
      .strictObject({ ...finalFields, episodes: z._default(count, 30), epsilon: z._default(fraction, 0.01) })
      .default({ episodes: 30, epsilon: 0.01 }),
  })
  .superRefine(({ network, environment, horizon, minibatches }, context) => {
    const fail = (message: string, ...path: string[]): void => context.addIssue({ code: "custom", path, message });
    const { architecture, layers, spiking, model, learning } = network;
    if ([architecture, layers, model].filter((one) => one !== undefined).length !== 1)
      fail('needs one of "architecture", "layers", "model"', "network");
    if (model !== undefined && spiking !== undefined)
      fail('is of no use: a model spikes or does not; "network.learning" says how it learns', "network", "spiking");
    if (model === undefined && learning !== undefined)
      fail('is for a model; of a new network "network.spiking" says it', "network", "learning");
    if (model === undefined && network.outputs !== "logits") fail("is for a model", "network", "outputs");
    if (spiking) {
      const hidden = layers ?? (architecture ? architectures[architecture](1).slice(1) : []);
      const problem = spikingPixelsProblem(spiking, hidden.length);
      if (problem) fail(problem.message, "network", "spiking", problem.field);
    }
    const undivided = partsProblem(environment.count * horizon, minibatches);
    if (undivided) fail(undivided, "minibatches");
  })
  .transform(({ network, ...config }) => ({
    ...config,
    network: { ...network, spiking: network.spiking && completed(network.spiking) },
  }));

/** A validated config of a PPO run over frames, every field filled in. */
export type PixelPpoConfig = z.output<typeof pixelPpoSchema>;
/** What a config file of it may hold: fields left out take the schema's defaults. */
export type PixelPpoConfigInput = z.input<typeof pixelPpoSchema>;
