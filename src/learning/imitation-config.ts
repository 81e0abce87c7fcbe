import { z } from "zod";
import { denseSchema, environmentSchema, spikingSchema, unheard } from "./dqn/config.ts";
import { scalingSchema } from "./scaling.ts";
import { scheduleSchema } from "./schedules.ts";

const count = z.number().int().positive();

/** Everything that learning a policy from another one depends on. */
export const imitationSchema = z
  .strictObject({
    method: z.enum(["classifier", "snn-classifier"]),
    seed: z.number().int().min(0).max(0xffffffff).default(0),
    environment: environmentSchema,
    /** The model whose policy is learned, and a folder with states that it visited; without one they are collected first. */
    source: z.string(),
    replay: z.string().optional(),
    /** States to collect (or the most to use of a folder). */
    states: count.default(20_000),
    network: z.discriminatedUnion("kind", [denseSchema.omit({ dueling: true }), spikingSchema]),
    scaling: scalingSchema.optional(),
    iterations: count,
    batchSize: count.default(50),
    learningRate: scheduleSchema,
    /** Largest absolute value of a gradient. */
    clip: z.number().positive().optional(),
    /** Share of the states that is held back; its accuracy chooses the parameters. */
    validation: z.number().gt(0).lt(1).default(0.1),
    every: count.default(1000),
    /**
     * Dataset aggregation (Ross, Gordon & Bagnell 2011): after the first fit, so many times the learner acts, the source labels
     * what the learner saw, and learning goes on over all states for `iterations` more.
     */
    aggregation: z.strictObject({ rounds: count, states: count, iterations: count }).optional(),
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(5),
    final: z.strictObject({ episodes: count.default(100), target: z.number().optional() }).default({ episodes: 100 }),
  })
  .superRefine(({ method, network }, context) => {
    const spiking = network.kind === "spiking";
    if (spiking !== (method === "snn-classifier"))
      context.addIssue({
        code: "custom",
        path: ["network", "kind"],
        message: `method "${method}" needs a ${spiking ? "dense" : "spiking"} network`,
      });
    const late = network.kind === "spiking" && unheard(network.steps, network.hidden.length);
    if (late) context.addIssue({ code: "custom", path: ["network", "steps"], message: late });
  });

/** A validated config of a classifier run, every field filled in. */
export type ImitationConfig = z.output<typeof imitationSchema>;
/** What a classifier config file may hold: fields left out take the schema's defaults. */
export type ImitationConfigInput = z.input<typeof imitationSchema>;
