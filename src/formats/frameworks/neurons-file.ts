import { z } from "zod";
import { UsageError } from "../../errors.ts";
import { decodings } from "../../network/network.ts";
import { problemOf } from "./described.ts";
import { frameworks } from "./dialects.ts";

const count = z.number().int().positive();
const zeros = z.number().int().nonnegative();
const open = z.literal("?");
const size = z.union([count, z.array(count).min(1).max(2), open]);
const around = z.union([zeros, z.array(zeros).min(1).max(2), open]);

/** A layer as far as a state_dict does not say it. Names are those of modules. */
const layerSchema = z.strictObject({
  weights: z.string(),
  batchNorm: z.string().nullish(),
  eps: z.number().positive().optional(),
  stride: size.optional(),
  padding: around.optional(),
  /** In front of the weights. */
  pooling: z.enum(["avg", "max", "sum", "?"]).nullish(),
  size: size.optional(),
  poolStride: size.optional(),
  poolPadding: around.optional(),
  /** The module whose tensors they are; null: it has none. */
  neurons: z.string().nullish(),
  /** "Leaky(beta=0.9)": the class and what the file does not hold of it; null: no neurons, of a last layer alone. */
  neuron: z.string().nullish(),
  note: z.string().optional(),
});
export type ToldLayer = z.infer<typeof layerSchema>;

/** What `--neurons FILE.json` holds, and `dsqn import --explain` prints. */
export const neuronsFileSchema = z.strictObject({
  framework: z.enum(frameworks),
  /** Of an observation that is an image. */
  input: z.strictObject({ height: z.union([count, open]), width: z.union([count, open]), channels: count }).optional(),
  steps: z.union([count, open]).optional(),
  decoding: z.enum([...decodings, "?"]).optional(),
  /** In the order of the forward pass. */
  layers: z.array(layerSchema).min(1),
  note: z.string().optional(),
});
export type NeuronsFile = z.infer<typeof neuronsFileSchema>;

/** NEURONS_INVALID for what it can't hold, NEURONS_MISSING for a "?" that is left. */
export function parseNeuronsFile(text: string, source: string): NeuronsFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError("NEURONS_INVALID", `${source} is not JSON (${(cause as Error).message}).`, { cause });
  }
  const parsed = neuronsFileSchema.safeParse(json);
  if (!parsed.success)
    throw new UsageError("NEURONS_INVALID", `${source}: ${problemOf(parsed.error, json)}.`, {
      cause: parsed.error,
      hint: "dsqn import --explain prints a template; docs/frameworks.md has the fields.",
    });
  const left = openIn(parsed.data, "");
  if (left === undefined) return parsed.data;
  throw new UsageError("NEURONS_MISSING", `${source}: ${left} is still "?".`, {
    hint: "Fill in what your code has there.",
    facts: { source, field: left },
  });
}

function openIn(value: unknown, path: string): string | undefined {
  if (value === "?" || (typeof value === "string" && /\.neuron$/.test(path) && /^\s*\?|=\s*\?/.test(value)))
    return path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = openIn(inner, path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
