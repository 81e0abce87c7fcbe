import { z } from "zod";
import { DsqnError } from "../../errors.ts";

const values = z.union([z.number(), z.array(z.number()).min(1)]);
const count = z.number().int().positive();
const size = z.union([count, z.array(count).min(1).max(2)]);
const zeros = z.number().int().nonnegative();
const around = z.union([zeros, z.array(zeros).min(1).max(2)]);

/**
 * A neuron of another framework, by the names of export_torch's files (py-bridge/dsqn_bridge/frameworks/neurons.py); each
 * value is one number or one per neuron:
 *
 *   i = alpha i + x                                       (alphaFirst: i = alpha (i + x); without alpha: i = x)
 *   m = beta v + (1 - beta) leak + gain (i + leakIn)
 *   a spike where m > threshold (fire ">"), m >= threshold (">="), or floor(m / threshold) of them ("floor")
 *   the reset, then v = max(v, vMin)
 */
const neuronFields = z.strictObject({
  beta: values,
  threshold: values,
  alpha: values.optional(),
  alphaFirst: z.boolean().optional(),
  gain: values.optional(),
  leak: values.optional(),
  leakIn: values.optional(),
  v0: values.optional(),
  fire: z.enum([">", ">=", "floor"]).optional(),
  /** Of "floor": so many spikes in a step at most. */
  maxSpikes: count.optional(),
  vMin: values.optional(),
  /**
   * "sub": resetBy (the threshold) is taken off in the same step; "zero": to vReset (0) in the same step; "delayed-sub": the
   * threshold is taken off in the next step, after the leak; "delayed-zero": the potential is 0 before the next step's leak,
   * and its input is kept; "delayed-zero-lost": it is not; "snntorch-nodelay-sub": snnTorch's reset_delay=False; "none".
   */
  reset: z.enum(["sub", "zero", "delayed-sub", "delayed-zero", "delayed-zero-lost", "snntorch-nodelay-sub", "none"]),
  resetBy: values.optional(),
  vReset: values.optional(),
});
/** What the other fields would leave without effect is a neuron that somebody meant otherwise. */
export const neuronSchema = neuronFields.superRefine(
  ({ reset, vReset = 0, fire, maxSpikes = 1, alpha, alphaFirst }, context) => {
    const zero = (typeof vReset === "number" ? [vReset] : vReset).every((value) => value === 0);
    const odd = (field: string, message: string): void => context.addIssue({ code: "custom", path: [field], message });
    if (reset.startsWith("delayed-zero") && !zero) odd("vReset", `reset "${reset}" is to 0`);
    if (fire !== "floor" && maxSpikes > 1) odd("maxSpikes", 'several spikes in a step need fire "floor"');
    if (alphaFirst && alpha === undefined) odd("alphaFirst", "there is no alpha");
  },
);
export type DescribedNeuron = z.infer<typeof neuronFields>;
export type DescribedValues = z.infer<typeof values>;

/** A layer of it: pooling, synapses, a normalisation, neurons. Names are those of arrays. */
export const layerSchema = z.strictObject({
  kind: z.enum(["linear", "conv1d", "conv2d"]),
  weight: z.string(),
  bias: z.string().nullish(),
  stride: size.optional(),
  padding: around.optional(),
  pooling: z.enum(["avg", "max", "sum"]).optional(),
  /** Of a window of the pooling. */
  size: size.optional(),
  poolStride: size.optional(),
  poolPadding: around.optional(),
  /** weight, bias, running mean and variance: "n_weight, n_bias, n_running_mean, n_running_var (eval, eps 1e-5)". */
  batchNorm: z.string().optional(),
  /** Weights from the layer's own spikes of the step before, [outputs, inputs]. */
  recurrent: z.string().optional(),
  /** null: none, of a last layer alone. */
  neuron: neuronSchema.nullable(),
  note: z.string().optional(),
});
export type DescribedLayer = z.infer<typeof layerSchema>;

/** NAME.json: what arrays are. What is not named here is for people. */
export const descriptionSchema = z.looseObject({
  name: z.string().optional(),
  framework: z.string(),
  versions: z.record(z.string(), z.string()).optional(),
  steps: count,
  /** Whether x is the same in every step, [states, ...], or [steps, states, ...]; told by its dimensions where this is absent. */
  input: z.enum(["constant", "changing"]).optional(),
  /** One for all layers, one for each, or "see layers". */
  neuron: z.union([neuronSchema, z.array(neuronSchema), z.string()]).optional(),
  layers: z.array(layerSchema).min(1).optional(),
  note: z.string().optional(),
});
export type Description = z.infer<typeof descriptionSchema>;

/** Whether a JSON is such a description, right or wrong. */
export function looksDescribed(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "framework" in value && ("neuron" in value || "layers" in value)
  );
}

/** The description in `text`; FRAMEWORK_FILE_INVALID says which field is wrong. */
export function parseDescription(text: string, source: string): Description {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid(source, `its description is not JSON (${(cause as Error).message})`, { cause });
  }
  const parsed = descriptionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw invalid(source, problemOf(parsed.error, json), { cause: parsed.error });
}

/** The first of the problems, by its path. */
export function problemOf(error: z.ZodError, json: unknown): string {
  const [issue] = error.issues.flatMap((one) =>
    one.code === "invalid_union" ? closest(one.errors, one.path) : [{ path: one.path, message: one.message }],
  );
  const at = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
  const found = at === undefined || typeof at === "object" ? "" : ` (it is ${JSON.stringify(at)})`;
  return `${issue.path.map(String).join(".") || "it"}: ${issue.message}${found}`;
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of the choices of a union the one that was meant: whose problem lies deepest. */
function closest(choices: readonly (readonly Problem[])[], path: readonly PropertyKey[]): Problem[] {
  const all = choices.flatMap((problems) => problems.slice(0, 1));
  const deepest = all.reduce((best, one) => (one.path.length > best.path.length ? one : best), all[0]);
  return [{ path: [...path, ...deepest.path], message: deepest.message }];
}

/** A file of a framework's network that is not one: FRAMEWORK_FILE_INVALID. */
export function invalid(
  source: string,
  problem: string,
  { hint, facts, cause }: { hint?: string; facts?: Record<string, unknown>; cause?: unknown } = {},
): DsqnError {
  return new DsqnError("FRAMEWORK_FILE_INVALID", `${source}: ${problem}.`, {
    hint: hint ?? "docs/frameworks.md has the fields.",
    facts: { source, ...facts },
    cause,
  });
}
