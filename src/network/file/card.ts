import * as z from "zod/mini";

/**
 * What is known of a network beside its weights, `NAME.json` beside `NAME.safetensors`. Every route adds fields of its own; these
 * are the ones with a fixed meaning.
 */
export const cardSchema = z.looseObject({
  format: z.literal(1),
  /** Of the model file, without extension. */
  name: z.string(),
  kind: z.enum(["dense", "spiking", "convolutional"]),
  /** Neurons per layer, inputs first. */
  shape: z.array(z.int().check(z.positive())),
  /** How the file holds the weights; float32 unless it says otherwise. */
  dtype: z.optional(z.enum(["float32", "float16"])),
  /** Of the model file, in hex. */
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Gymnasium's id of the environment that it acts in. */
  environment: z.optional(z.string()),
  /** How it came about: "dqn", "reinforce", "imitation", "conversion", "import"... */
  method: z.optional(z.string()),
  /** What repeats it. */
  command: z.optional(z.string()),
  seed: z.optional(z.number()),
  /** Greedy episodes in the environment. */
  score: z.optional(z.looseObject({ mean: z.number(), std: z.number(), episodes: z.number() })),
  /** Of the model that it was made from. */
  source: z.optional(z.looseObject({ sha256: z.optional(z.string()) })),
});

/** A model's card, checked. */
export type ModelCard = z.infer<typeof cardSchema>;

/** What a caller knows of a network; the rest is read off the file. */
export type CardFields = Partial<
  Omit<ModelCard, "format" | "name" | "kind" | "shape" | "dtype" | "sha256" | "createdAt">
>;
