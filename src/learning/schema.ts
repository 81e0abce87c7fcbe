import * as z from "zod";
import type { LearnedDynamics } from "../engines/reference/learner.ts";
import { ATARI_PREPROCESSINGS, ATARI_WORLDS } from "../environments/atari-names.ts";
import {
  type Neuron,
  neuron,
  type NeuronKind,
  type NeuronModel,
  neuronModels,
  statedFields,
} from "../network/neurons/index.ts";
import { surrogateNames } from "../network/surrogate.ts";
import { scheduleSchema } from "./schedules.ts";

/** The parts that configs of several algorithms have in common. */
export const count = z.number().int().positive();
export const fraction = z.number().min(0).max(1);
export const seedSchema = z.number().int().min(0).max(0xffffffff).default(0);

/** A wrapper of an environment, by its name in gymnasium.wrappers. */
const wrapperSchema = z.strictObject({ name: z.string(), kwargs: z.record(z.string(), z.unknown()).default({}) });

/** The environments a run learns in; all of them step in one message. */
export const environmentSchema = z.strictObject({
  id: z.string({ error: "names no environment of Gymnasium: give its id, as in --env Acrobot-v1" }),
  /** Who plays: Gymnasium (unless given), or for a few ids the worlds in TypeScript, in this process (docs/web.md says how close they are). */
  worlds: z.enum(["gymnasium", "native"]).optional(),
  count: count.default(1),
  /** Groups that step in turns: one is under way while actions are chosen for another. The curve stays the same. */
  parts: count.optional(),
  /** Time limit in steps, instead of the environment's own. */
  maxSteps: count.optional(),
  kwargs: z.record(z.string(), z.unknown()).default({}),
  /** Wrappers by name, innermost first. */
  wrappers: z.array(wrapperSchema).default([]),
});

/** The games a run learns in; all of them step in one message. */
export const atariSchema = z.strictObject({
  /** "Breakout", or an id of Gymnasium as "ALE/Breakout-v5". */
  game: z.string({ error: "names no Atari game: give one, as in --env Breakout" }),
  count: count.default(8),
  /** As above. */
  parts: count.optional(),
  /** Who plays, instead of the project's own games. */
  world: z.enum(ATARI_WORLDS).optional(),
  preprocessing: z.enum(ATARI_PREPROCESSINGS).default("nature"),
  frameSkip: count.default(4),
  stickyActions: fraction.default(0),
  noopMax: z.number().int().min(0).default(30),
  fire: z.boolean().default(true),
  maxFrames: count.default(108000),
  /** Time limit in agent steps, instead of `maxFrames`. */
  maxSteps: count.optional(),
});

export type EnvironmentConfig = z.output<typeof environmentSchema>;
export type AtariConfig = z.output<typeof atariSchema>;

const models: readonly NeuronModel[] = Object.values(neuronModels);
const namesOf = (model: NeuronModel): string[] => [...Object.keys(model.parameters), ...Object.keys(model.choices)];

/** Those that a gradient can move: neither bounds nor whole numbers. */
const learnableOf = ({ parameters }: NeuronModel): string[] =>
  Object.keys(parameters).filter((name) => !parameters[name].infinite);
const learnable = [...new Set(models.flatMap(learnableOf))] as unknown as [LearnedDynamics, ...LearnedDynamics[]];

/** A field for each parameter and choice that any neuron model has; which of them belong to the chosen one, `neuronProblem` says. */
const neuronFields: Record<string, z.ZodOptional<z.ZodNumber | z.ZodString>> = Object.fromEntries(
  models.flatMap(({ parameters, choices }) => [
    ...Object.entries(parameters).map(([name, { range }]) => {
      const number = z.number();
      const above = Number.isFinite(range[0]) ? number.min(range[0]) : number;
      return [name, (Number.isFinite(range[1]) ? above.max(range[1]) : above).optional()] as const;
    }),
    ...Object.keys(choices).map((name) => [name, z.string().optional()] as const),
  ]),
);

/** A spiking network: how it is read, what its neurons are, and how it is learned. */
export const spikingFields = {
  /** T, time steps per decision. */
  steps: count.default(20),
  /** The neuron's model; its parameters and choices are fields beside it. */
  neuron: z.enum(Object.keys(neuronModels) as [NeuronKind, ...NeuronKind[]]).default("lagged-lif"),
  ...(neuronFields as Record<"alpha" | "beta" | "resetBy" | "resetTo", z.ZodOptional<z.ZodNumber>> &
    Record<"reset" | "fires", z.ZodOptional<z.ZodString>>),
  threshold: z.number().positive().optional(),
  biasInput: z.boolean().default(true),
  /** Weights start normal with standard deviation weightScale / sqrt(inputs). */
  weightScale: z.number().positive().default(1),
  /** ... and the output layer's this many times that: read by its potential, it adds up T steps, so that 1 / T starts with values of the usual size. */
  outputScale: z.number().positive().default(1),
  /** What stands in for the derivative of a spike (network/surrogate.ts), and its steepness. */
  surrogate: z.enum(surrogateNames).default("fast-sigmoid"),
  surrogateScale: z.number().positive().default(100),
  /** Whether no gradient flows through the reset. */
  detachReset: z.boolean().default(true),
  /** A price on spikes: `strength` on what a neuron's rate has above `rate` spikes per step, squared. */
  regulariser: z.strictObject({ strength: z.number().positive(), rate: z.number().min(0).default(0) }).optional(),
  /** Parameters of the neurons, one value per layer, that are learned with the weights. */
  learn: z.array(z.enum(learnable)).default([]),
};

/** Bits of a weight: what learns acts with rounded ones (few-bits.ts). Float unless given. */
const bits = z.number().int().min(2).max(16).optional();

/** A dense network; `spikingSchema` is its spiking counterpart. */
export const denseSchema = z.strictObject({ kind: z.literal("dense"), hidden: z.array(count).min(1), bits });
export const spikingSchema = z.strictObject({
  kind: z.literal("spiking"),
  hidden: z.array(count).min(1),
  bits,
  ...spikingFields,
});

type SpikingFields = z.output<z.ZodObject<typeof spikingFields>>;

/** The neuron that the fields of a spiking network describe. */
export function neuronOf(fields: SpikingFields): Neuron {
  const own = namesOf(neuronModels[fields.neuron]).map((name) => [name, fields[name as keyof SpikingFields]]);
  return neuron(fields.neuron, Object.fromEntries(own) as Partial<Neuron>);
}

/** The fields with the neuron's own defaults filled in. */
export function completed<F extends SpikingFields>(fields: F): F {
  return { ...fields, ...statedFields(neuronOf(fields)) };
}

/** What is wrong with a spiking network of so many hidden layers: the field and the reason. */
export function spikingProblem(
  fields: SpikingFields & { readonly bits?: number },
  hidden: number,
): { field: string; message: string } | undefined {
  const model: NeuronModel = neuronModels[fields.neuron];
  const own = namesOf(model);
  for (const name of Object.keys(neuronFields)) {
    const value = fields[name as keyof SpikingFields];
    const values = model.choices[name]?.values;
    if (value === undefined) continue;
    if (!own.includes(name))
      return { field: name, message: `belongs to no ${fields.neuron} neuron, which has ${own.join(", ")}` };
    if (values && !values.includes(value as string)) return { field: name, message: `is none of ${values.join(", ")}` };
  }
  const foreign = fields.learn.find((name) => !own.includes(name));
  if (foreign) return { field: "learn", message: `names "${foreign}", which a ${fields.neuron} neuron does not have` };
  if (fields.bits !== undefined && fields.learn.length > 0)
    return { field: "bits", message: "rounds weights alone, and parameters of the neurons are learned with them" };
  const late = unheard(fields.steps, hidden, model.lag);
  return late === undefined ? undefined : { field: "steps", message: late };
}

/**
 * What is wrong with T = `steps` below `hidden` spiking layers whose spikes take `lag` steps to the next: the outputs of a network with too few
 * steps are the same whatever it sees.
 */
function unheard(steps: number, hidden: number, lag: number): string | undefined {
  const least = Math.max(1, lag * (hidden + 1));
  if (steps >= least) return undefined;
  return `is less than ${least}: a spike takes ${lag} steps to the next layer, so that none comes to the outputs in time`;
}

export const optimizerSchema = z.discriminatedUnion("kind", [
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
]);

/** Training's own criterion: the mean of `window` episodes is at least `average`, `stay` episodes in a row. Noted, never ends a run. */
export const solveSchema = z.strictObject({ average: z.number(), window: count.default(100), stay: count.default(1) });

/** Greedy episodes on seeds of their own: they choose the checkpoint, and end the run early. */
export const evaluationFields = {
  /** Environment steps between evaluations. */
  every: count,
  episodes: count.default(20),
  /** Probability of a random action. */
  epsilon: fraction.default(0),
  /** The run ends when an evaluation reaches `mean`, and one over `episodes` other episodes confirms it. */
  stop: z.strictObject({ mean: z.number(), episodes: count.default(100) }).optional(),
  /** Each evaluation that reaches `mean` multiplies the learning rate by `factor`, so that a good network stays good. */
  settle: z.strictObject({ mean: z.number(), factor: z.number().gt(0).lte(1).default(0.7) }).optional(),
};

/** The chosen network's score over fresh seeds, and what counts as success. */
export const finalFields = {
  episodes: count.default(100),
  epsilon: fraction.default(0),
  target: z.number().optional(),
  /** Who judges, whoever played: Gymnasium (unless given), or the worlds in TypeScript. */
  worlds: z.enum(["gymnasium", "native"]).optional(),
};
export const finalSchema = z.strictObject(finalFields).default({ episodes: 100, epsilon: 0 });
