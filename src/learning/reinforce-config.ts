import { z } from "zod";
import { denseSchema, environmentSchema } from "./dqn/config.ts";
import { scalingSchema } from "./scaling.ts";
import { scheduleSchema } from "./schedules.ts";

const count = z.number().int().positive();

/** Everything that a REINFORCE run depends on. */
export const reinforceSchema = z.strictObject({
  method: z.literal("reinforce"),
  seed: z.number().int().min(0).max(0xffffffff).default(0),
  /** `count` episodes run side by side and make one update; the original has 1. */
  environment: environmentSchema,
  network: denseSchema.omit({ dueling: true }),
  scaling: scalingSchema.optional(),
  /** Training ends after so many episodes. */
  episodes: count,
  gamma: z.number().min(0).max(1).default(0.99),
  /** Returns get mean 0 and deviation 1 over each episode (the original's), or over all episodes of an update. */
  normalise: z.enum(["episode", "update"]).default("update"),
  /** Weight of the policy's entropy in the objective. */
  entropy: z.number().min(0).default(0),
  /** Over updates. */
  learningRate: scheduleSchema,
  /** Largest length of the whole gradient. */
  clip: z.number().positive().optional(),
  /** Noted, never ends a run. */
  solve: z.strictObject({ average: z.number(), window: count.default(100), stay: count.default(1) }).optional(),
  /** Greedy episodes on seeds of their own: they choose the checkpoint, and end the run early. */
  evaluation: z.strictObject({
    /** Updates between evaluations. */
    every: count,
    episodes: count.default(20),
    /** The run ends when an evaluation reaches `mean`, and one over `episodes` other episodes confirms it. */
    stop: z.strictObject({ mean: z.number(), episodes: count.default(100) }).optional(),
  }),
  /** Seconds between checkpoints; without influence on the curve. */
  checkpointSeconds: z.number().min(0).default(5),
  final: z.strictObject({ episodes: count.default(100), target: z.number().optional() }).default({ episodes: 100 }),
});

/** A validated config of a policy-gradient run, every field filled in. */
export type ReinforceConfig = z.output<typeof reinforceSchema>;
/** What a policy-gradient config file may hold: fields left out take the schema's defaults. */
export type ReinforceConfigInput = z.input<typeof reinforceSchema>;
