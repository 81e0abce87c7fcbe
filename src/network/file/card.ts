import * as z from "zod";

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
  shape: z.array(z.number().int().positive()),
  /** How the file holds the weights; float32 unless it says otherwise. */
  dtype: z.enum(["float32", "float16"]).optional(),
  /** Of the model file, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Gymnasium's id of the environment that it acts in. */
  environment: z.string().optional(),
  /** How it came about: "dqn", "reinforce", "imitation", "conversion", "import"... */
  method: z.string().optional(),
  /** What repeats it. */
  command: z.string().optional(),
  seed: z.number().optional(),
  /** Greedy episodes in the environment. */
  score: z.looseObject({ mean: z.number(), std: z.number(), episodes: z.number() }).optional(),
  /** Of the model that it was made from. */
  source: z.looseObject({ sha256: z.string().optional() }).optional(),
});

/** A model's card, checked. */
export type ModelCard = z.infer<typeof cardSchema>;

/** What a caller knows of a network; the rest is read off the file. */
export type CardFields = Partial<
  Omit<ModelCard, "format" | "name" | "kind" | "shape" | "dtype" | "sha256" | "createdAt">
>;
