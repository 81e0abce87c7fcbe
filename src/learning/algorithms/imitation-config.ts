import { z } from "zod";
import { scalingField } from "../scaling.ts";
import { scheduleSchema } from "../schedules.ts";
import {
  completed,
  count,
  denseSchema,
  environmentSchema,
  finalSchema,
  seedSchema,
  spikingProblem,
  spikingSchema,
} from "../schema.ts";

/** Everything that learning a policy from another one depends on. */
export const imitationSchema = z
  .strictObject({
    method: z.enum(["classifier", "snn-classifier"]),
    seed: seedSchema,
    environment: environmentSchema,
    /** The model whose policy is learned, and a folder with states that it visited; without one they are collected first. */
    source: z.string({ error: "names no model to learn from: --set source=models/cartpole-dqn.safetensors" }),
    replay: z.string().optional(),
    /** States to collect (or the most to use of a folder). */
    states: z._default(count, 20_000),
    network: z.discriminatedUnion("kind", [denseSchema, spikingSchema]),
    scaling: scalingField,
    iterations: count,
    batchSize: z._default(count, 50),
    learningRate: scheduleSchema,
    /** Largest absolute value of a gradient. */
    clip: z.number().positive().optional(),
    /** Share of the states that is held back; its accuracy chooses the parameters. */
    validation: z.number().gt(0).lt(1).default(0.1),
    every: z._default(count, 1000),
    /**
     * Dataset aggregation (Ross, Gordon & Bagnell 2011): after the first fit, so many times the learner acts, the source labels
     * what the learner saw, and learning goes on over all states for `iterations` more.
     */
    aggregation: z.strictObject({ rounds: count, states: count, iterations: count }).optional(),
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(5),
    final: finalSchema,
  })
  .superRefine(({ method, network }, context) => {
    const spiking = network.kind === "spiking";
    if (spiking !== (method === "snn-classifier"))
      context.addIssue({
        code: "custom",
        path: ["network", "kind"],
        message: `method "${method}" needs a ${spiking ? "dense" : "spiking"} network`,
      });
    const problem = network.kind === "spiking" ? spikingProblem(network, network.hidden.length) : undefined;
    if (problem) context.addIssue({ code: "custom", path: ["network", problem.field], message: problem.message });
  })
  .transform(({ network, ...config }) => ({
    ...config,
    network: network.kind === "spiking" ? completed(network) : network,
  }));

/** A validated config of a classifier run, every field filled in. */
export type ImitationConfig = z.output<typeof imitationSchema>;
/** What a classifier config file may hold: fields left out take the schema's defaults. */
export type ImitationConfigInput = z.input<typeof imitationSchema>;
