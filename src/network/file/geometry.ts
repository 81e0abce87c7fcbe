import { z } from "zod";
import type { Convolution } from "../convolution.ts";
import { invalid } from "./tensor-reader.ts";

const size = z.number().int().positive();
const pair = z.tuple([size, size]);

/** Height, width, channels. */
export const imageSchema = z.tuple([size, size, size]);

/** A convolution's geometry as JSON. */
export const convolutionSchema = z.strictObject({
  input: imageSchema,
  output: imageSchema,
  kernel: pair,
  strides: pair,
  padding: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

/** The geometry alone, its fields in one order. */
export function described({ input, output, kernel, strides, padding }: Convolution): Convolution {
  return { input, output, kernel, strides, padding };
}

/** The shape of a convolution's weights: [kernel height, kernel width, input channels, output channels]. */
export function kernelShape({ kernel, input, output }: Convolution): number[] {
  return [...kernel, input[2], output[2]];
}

/** Checked JSON out of a file's metadata; MODEL_INVALID says what is wrong with it. */
export function parseMetadata<T>(json: string | undefined, schema: z.ZodType<T>, what: string, source: string): T {
  if (json === undefined) return invalid(source, `its metadata lacks ${what}`);
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    const problem =
      cause instanceof z.ZodError
        ? `${cause.issues[0].path.join(".")}: ${cause.issues[0].message}`
        : (cause as Error).message;
    return invalid(source, `its metadata describes ${what} wrongly (${problem})`, { cause });
  }
}
