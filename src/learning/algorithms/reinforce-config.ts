import { z } from "zod";
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

/** Everything that a REINFORCE run depends on. */
export const reinforceSchema = z
  .strictObject({
    method: z.literal("reinforce"),
    seed: seedSchema,
    /** `count` episodes run side by side and make one update; the thesis has 1. */
    environment: environmentSchema,
    network: z.discriminatedUnion("kind", [denseSchema, spikingSchema]),
    scaling: scalingField,
    /** Training ends after so many episodes. */
    episodes: count,
    gamma: z._default(fraction, 0.99),
    /** Returns get mean 0 and deviation 1 over each episode (the thesis's), or over all episodes of an update. */
    normalise: z.enum(["episode", "update"]).default("update"),
    /** Weight of the policy's entropy in the objective. */
    entropy: z.number().min(0).default(0),
    /** Over updates. */
    learningRate: scheduleSchema,
    /** Largest length of the whole gradient. */
    clip: z.number().positive().optional(),
    solve: z.optional(solveSchema),
    /** `every` counts updates. */
    evaluation: z.strictObject(evaluationFields),
    /** Seconds between checkpoints; without influence on the curve. */
    checkpointSeconds: z.number().min(0).default(5),
    final: finalSchema,
  })
  .superRefine(({ network }, context) => {
    const problem = network.kind === "spiking" ? spikingProblem(network, network.hidden.length) : undefined;
    if (problem) context.addIssue({ code: "custom", path: ["network", problem.field], message: problem.message });
  })
  .transform(({ network, ...config }) => ({
    ...config,
    network: network.kind === "spiking" ? completed(network) : network,
  }));

/** A validated config of a policy-gradient run, every field filled in. */
export type ReinforceConfig = z.output<typeof reinforceSchema>;
/** What a policy-gradient config file may hold: fields left out take the schema's defaults. */
export type ReinforceConfigInput = z.input<typeof reinforceSchema>;
