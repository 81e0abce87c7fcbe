import * as z from "zod/mini";
import type { LearnedDynamics } from "../network/learned-dynamics.ts";
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
export const count = z.int().check(z.positive());
export const fraction = z.number().check(z.minimum(0), z.maximum(1));
export const seedSchema = z._default(z.int().check(z.minimum(0), z.maximum(0xffffffff)), 0);

/** A wrapper of an environment, by its name in gymnasium.wrappers. */
const wrapperSchema = z.strictObject({ name: z.string(), kwargs: z._default(z.record(z.string(), z.unknown()), {}) });

/** The environments a run learns in; all of them step in one message. */
export const environmentSchema = z.strictObject({
  id: z.string({ error: "names no environment of Gymnasium: give its id, as in --env Acrobot-v1" }),
  /** Who plays: Gymnasium (unless given), or for a few ids the worlds in TypeScript, in this process (docs/web.md says how close they are). */
  worlds: z.optional(z.enum(["gymnasium", "native"])),
  count: z._default(count, 1),
  /** Groups that step in turns: one is under way while actions are chosen for another. The curve stays the same. */
  parts: z.optional(count),
  /** Time limit in steps, instead of the environment's own. */
  maxSteps: z.optional(count),
  kwargs: z._default(z.record(z.string(), z.unknown()), {}),
  /** Wrappers by name, innermost first. */
  wrappers: z._default(z.array(wrapperSchema), []),
});

/** The games a run learns in; all of them step in one message. */
export const atariSchema = z.strictObject({
  /** "Breakout", or an id of Gymnasium as "ALE/Breakout-v5". */
  game: z.string({ error: "names no Atari game: give one, as in --env Breakout" }),
  count: z._default(count, 8),
  /** As above. */
  parts: z.optional(count),
  /** Who plays, instead of the project's own games. */
  world: z.optional(z.enum(ATARI_WORLDS)),
  preprocessing: z._default(z.enum(ATARI_PREPROCESSINGS), "nature"),
  frameSkip: z._default(count, 4),
  stickyActions: z._default(fraction, 0),
  noopMax: z._default(z.int().check(z.minimum(0)), 30),
  fire: z._default(z.boolean(), true),
  maxFrames: z._default(count, 108000),
  /** Time limit in agent steps, instead of `maxFrames`. */
  maxSteps: z.optional(count),
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
const neuronFields: Record<string, z.ZodMiniOptional<z.ZodMiniNumber | z.ZodMiniString>> = Object.fromEntries(
  models.flatMap(({ parameters, choices }) => [
    ...Object.entries(parameters).map(([name, { range }]) => {
      const above = Number.isFinite(range[0]) ? z.number().check(z.minimum(range[0])) : z.number();
      return [name, z.optional(Number.isFinite(range[1]) ? above.check(z.maximum(range[1])) : above)] as const;
    }),
    ...Object.keys(choices).map((name) => [name, z.optional(z.string())] as const),
  ]),
);

/** A spiking network: how it is read, what its neurons are, and how it is learned. */
export const spikingFields = {
  /** T, time steps per decision. */
  steps: z._default(count, 20),
  /** The neuron's model; its parameters and choices are fields beside it. */
  neuron: z._default(z.enum(Object.keys(neuronModels) as [NeuronKind, ...NeuronKind[]]), "lagged-lif"),
  ...(neuronFields as Record<"alpha" | "beta" | "resetBy" | "resetTo", z.ZodMiniOptional<z.ZodMiniNumber>> &
    Record<"reset" | "fires", z.ZodMiniOptional<z.ZodMiniString>>),
  threshold: z.optional(z.number().check(z.positive())),
  biasInput: z._default(z.boolean(), true),
  /** Weights start normal with standard deviation weightScale / sqrt(inputs). */
  weightScale: z._default(z.number().check(z.positive()), 1),
  /** ... and the output layer's this many times that: read by its potential, it adds up T steps, so that 1 / T starts with values of the usual size. */
  outputScale: z._default(z.number().check(z.positive()), 1),
  /** What stands in for the derivative of a spike (network/surrogate.ts), and its steepness. */
  surrogate: z._default(z.enum(surrogateNames), "fast-sigmoid"),
  surrogateScale: z._default(z.number().check(z.positive()), 100),
  /** Whether no gradient flows through the reset. */
  detachReset: z._default(z.boolean(), true),
  /** A price on spikes: `strength` on what a neuron's rate has above `rate` spikes per step, squared; or on the operations that they cause. */
  regulariser: z.optional(
    z.strictObject({
      strength: z.number().check(z.positive()),
      rate: z._default(z.number().check(z.minimum(0)), 0),
      of: z.optional(z.enum(["spikes", "operations"])),
    }),
  ),
  /** Parameters of the neurons, one value per layer, that are learned with the weights. */
  learn: z._default(z.array(z.enum(learnable)), []),
};

/** Bits of a weight: what learns acts with rounded ones (few-bits.ts). Float unless given. */
const bits = z.optional(z.int().check(z.minimum(2), z.maximum(16)));

/** A dense network; `spikingSchema` is its spiking counterpart. */
export const denseSchema = z.strictObject({
  kind: z.literal("dense"),
  hidden: z.array(count).check(z.minLength(1)),
  bits,
});
export const spikingSchema = z.strictObject({
  kind: z.literal("spiking"),
  hidden: z.array(count).check(z.minLength(1)),
  bits,
  ...spikingFields,
});

const pair = z.tuple([count, count]);
/** A layer of a network over frames, below its output layer. */
export const layerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("convolution"),
    filters: count,
    kernel: pair,
    strides: z.optional(pair),
    padding: z.optional(z.enum(["valid", "same"])),
  }),
  z.strictObject({ kind: z.literal("dense"), outputs: count }),
]);

type SpikingFields = z.output<z.ZodMiniObject<typeof spikingFields>>;

interface Problem {
  readonly field: string;
  readonly message: string;
}

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
): Problem | undefined {
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

/** The same over frames. */
export function spikingPixelsProblem(fields: SpikingFields, hidden: number): Problem | undefined {
  const weightsAlone = "is for networks over lists of values: TensorFlow learns weights alone";
  return (
    spikingProblem(fields, hidden) ?? (fields.learn.length > 0 ? { field: "learn", message: weightsAlone } : undefined)
  );
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
    beta1: z._default(fraction, 0.9),
    beta2: z._default(fraction, 0.999),
    epsilon: z._default(z.number().check(z.positive()), 1e-8),
  }),
  z.strictObject({
    kind: z.literal("rmsprop"),
    learningRate: scheduleSchema,
    decay: z._default(fraction, 0.95),
    epsilon: z._default(z.number().check(z.positive()), 1e-3),
  }),
]);

/** Training's own criterion: the mean of `window` episodes is at least `average`, `stay` episodes in a row. Noted, never ends a run. */
export const solveSchema = z.strictObject({
  average: z.number(),
  window: z._default(count, 100),
  stay: z._default(count, 1),
});

/** Greedy episodes on seeds of their own: they choose the checkpoint, and end the run early. */
export const evaluationFields = {
  /** Environment steps between evaluations. */
  every: count,
  episodes: z._default(count, 20),
  /** Probability of a random action. */
  epsilon: z._default(fraction, 0),
  /** The run ends when an evaluation reaches `mean`, and one over `episodes` other episodes confirms it. */
  stop: z.optional(z.strictObject({ mean: z.number(), episodes: z._default(count, 100) })),
  /** Each evaluation that reaches `mean` multiplies the learning rate by `factor`, so that a good network stays good. */
  settle: z.optional(
    z.strictObject({ mean: z.number(), factor: z._default(z.number().check(z.gt(0), z.lte(1)), 0.7) }),
  ),
};

/** The chosen network's score over fresh seeds, and what counts as success. */
export const finalFields = {
  episodes: z._default(count, 100),
  epsilon: z._default(fraction, 0),
  target: z.optional(z.number()),
  /** Who judges, whoever played: Gymnasium (unless given), or the worlds in TypeScript. */
  worlds: z.optional(z.enum(["gymnasium", "native"])),
};
export const finalSchema = z._default(z.strictObject(finalFields), { episodes: 100, epsilon: 0 });
