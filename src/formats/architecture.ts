import { z } from "zod";

const count = z.number().int().positive();
const pair = z.union([count.transform((n): [number, number] => [n, n]), z.tuple([count, count])]);
const zeros = z.number().int().nonnegative();
/** Torch's: so many zeros on both sides. */
const around = z.union([zeros.transform((n): [number, number] => [n, n]), z.tuple([zeros, zeros])]);
const activation = z.enum(["relu", "linear"]).optional();

/** A layer as far as a file of weights does not say it; sizes come from the weights. */
const layerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("convolution"), strides: pair.optional(), padding: around.optional(), activation }),
  z.strictObject({
    kind: z.enum(["average-pooling", "max-pooling"]),
    kernel: pair,
    strides: pair.optional(),
    padding: around.optional(),
    /** Whether an average divides by the whole window where it reaches over the edge: torch's do, TensorFlow's don't. */
    countPadding: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal("batch-norm"), epsilon: z.number().optional(), activation }),
  z.strictObject({ kind: z.literal("dense"), activation }),
]);

/** What weights of a convolutional network from elsewhere don't say. */
export const architectureSchema = z.strictObject({
  /** Of an observation: height, width, channels. */
  input: z.tuple([count, count, count]),
  /** The first layer sees observation * inputScale. */
  inputScale: z.number().default(1 / 255),
  /** In which order the first dense layer sees an image: torch's (channels, rows, columns) or TensorFlow's (rows, columns, channels). */
  flatten: z.enum(["chw", "hwc"]).default("chw"),
  /**
   * Every layer in order. Without it: the layers that have weights, convolutions with `strides` and `padding`, no pooling.
   * ReLUs follow all but the last unless said otherwise; that of a layer before a batch normalisation follows the latter.
   */
  layers: z.array(layerSchema).min(1).optional(),
  /** Of each convolution in order; 1 where the list ends. */
  strides: z.array(pair).default([]),
  /** Likewise; 0 where the list ends. */
  padding: z.array(around).default([]),
});

/** As a caller gives it. */
export type ImportedArchitecture = z.input<typeof architectureSchema>;
export type Architecture = z.infer<typeof architectureSchema>;
export type LayerHint = z.infer<typeof layerSchema>;
