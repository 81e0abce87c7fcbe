import { z } from "zod";
import { architectures } from "../../network/old/convolutional-network.ts";
import { ATARI_PREPROCESSINGS } from "../../environments/atari.ts";
import { spikingSchema, unheard } from "../dqn/config.ts";
import { scheduleSchema } from "../schedules.ts";

const count = z.number().int().positive();
const fraction = z.number().min(0).max(1);
const pair = z.tuple([count, count]);

/** The games a run learns in; all of them step in one message. */
export const atariSchema = z.strictObject({
  /** "Breakout", or an id of Gymnasium as "ALE/Breakout-v5". */
  game: z.string(),
  count: count.default(8),
  preprocessing: z.enum(ATARI_PREPROCESSINGS).default("nature"),
  frameSkip: count.default(4),
  stickyActions: fraction.default(0),
  noopMax: z.number().int().min(0).default(30),
  fire: z.boolean().default(true),
  maxFrames: count.default(108000),
  /** Time limit in agent steps, instead of `maxFrames`. */
  maxSteps: count.optional(),
});

const layerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("convolution"),
    filters: count,
    kernel: pair,
    strides: pair.optional(),
    padding: z.enum(["valid", "same"]).optional(),
  }),
  z.strictObject({ kind: z.literal("dense"), outputs: count }),
]);

/** Everything that a run of Q-learning from pixels depends on: conv DQN, or a DSQN, whose network spikes. */
export const convDqnSchema = z
  .strictObject({
    method: z.enum(["conv-dqn", "pixel-dsqn"]),
    seed: z.number().int().min(0).max(0xffffffff).default(0),
    environment: atariSchema,
    network: z.strictObject({
      /** A well-known network... */
      architecture: z.enum(Object.keys(architectures) as [string, ...string[]]).optional(),
      /** ...or one's own layers below the output layer, which is added... */
      layers: z.array(layerSchema).optional(),
      /** A spiking network: dense layers of its own (`hidden`), or neurons in the places of the architecture's or layers' ReLUs... */
      spiking: spikingSchema.omit({ kind: true }).extend({ hidden: spikingSchema.shape.hidden.optional() }).optional(),
      /** ...or a convolutional or spiking model's file, to go on from its weights. */
      model: z.string().optional(),
      /** The first layer sees bytes * inputScale. A power of two can be taken into a spiking network's weights exactly. */
      inputScale: z
        .number()
        .positive()
        .default(1 / 255),
    }),

    /** Training ends after so many agent steps, over all environments. */
    steps: count,
    /** Or after so many games, if that is sooner. */
    episodes: count.optional(),
    gamma: fraction.default(0.99),
    nStep: count.default(1),
    /** Exploration over agent steps. */
    epsilon: scheduleSchema,
    /** What the learner sees of rewards: their sign, all of them, or at most 1. */
    rewards: z.enum(["sign", "raw", "at-most-one"]).default("sign"),
    /** Whether a lost life ends the world for the learner (never for the game). */
    lifeLossIsTerminal: z.boolean().default(true),
    doubleQ: z.boolean().default(true),
    loss: z.enum(["mse", "huber"]).default("huber"),
    /** Action-gap widening (Bellemare et al. 2016); 0: plain Q-learning. */
    advantageLearning: z.number().min(0).lt(1).default(0),

    replay: z.strictObject({
      /** In frames. */
      capacity: count,
      /** Learning starts when so many transitions are held. */
      initial: count,
      prioritisation: z
        .strictObject({
          alpha: fraction.default(0.5),
          beta: fraction.default(0.5),
          epsilon: z.number().positive().default(1e-3),
        })
        .optional(),
    }),
    batchSize: count.default(32),
    /** A gradient step for every so many agent steps. */
    updateEvery: count.default(4),
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
    clip: z
      .strictObject({ kind: z.enum(["value", "norm", "none"]), limit: z.number().positive().default(1) })
      .default({ kind: "none", limit: 1 }),
    /** The target network is copied every so many agent steps. */
    target: z.strictObject({ every: count }),

    /** Greedy episodes on seeds of their own, which choose the network. */
    evaluation: z.strictObject({
      /** Agent steps between evaluations. */
      every: count,
      episodes: count.default(10),
      epsilon: fraction.default(0.01),
    }),
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(120),
    /** The chosen network's score over fresh seeds, and what counts as success. */
    final: z
      .strictObject({ episodes: count.default(30), epsilon: fraction.default(0.01), target: z.number().optional() })
      .default({ episodes: 30, epsilon: 0.01 }),
  })
  .superRefine(({ method, network, replay, environment, nStep }, context) => {
    const { architecture, layers, spiking, model } = network;
    const spikes = method === "pixel-dsqn";
    const named = [architecture, layers, spiking?.hidden, model].filter((one) => one !== undefined);
    if (named.length !== 1 || (spiking !== undefined) !== (spikes && model === undefined))
      context.addIssue({
        code: "custom",
        path: ["network"],
        message: spikes
          ? 'needs either "model", or "spiking" with one of "spiking.hidden", "architecture", "layers", for method "pixel-dsqn"'
          : 'needs one of "architecture", "layers", "model" for method "conv-dqn"',
      });
    if (spiking) {
      // The output layer is none of `layers`; of an architecture it depends on the game's actions, whose number does not matter here.
      const hidden = spiking.hidden ?? layers ?? (architecture ? architectures[architecture](1).slice(1) : []);
      const late = unheard(spiking.steps, hidden.length);
      if (late) context.addIssue({ code: "custom", path: ["network", "spiking", "steps"], message: late });
    }
    const least = environment.count * (nStep + 16);
    if (replay.capacity < Math.max(least, replay.initial))
      context.addIssue({
        code: "custom",
        path: ["replay", "capacity"],
        message: `is less than ${Math.max(least, replay.initial)} frames`,
      });
  });

/** A config with all defaults filled in. */
export type ConvDqnConfig = z.output<typeof convDqnSchema>;
/** A config as written: defaults may be left out. */
export type ConvDqnConfigInput = z.input<typeof convDqnSchema>;
