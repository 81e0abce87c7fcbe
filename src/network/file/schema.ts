import { $ZodError } from "zod/v4/core";
import * as z from "zod/mini";
import { inWords } from "../../files/words.ts";
import { decodings, encodings, tieRules } from "../network.ts";
import { type NeuronModel, neuronModels } from "../neurons/index.ts";
import { LARGEST_POPULATION } from "../populations.ts";
import { invalid } from "./tensor-reader.ts";

const size = z.int().check(z.positive());
const pair = z.tuple([size, size]);
const offset = z.int().check(z.nonnegative());

/** Height, width, channels. */
export const imageSchema = z.tuple([size, size, size]);

/** A convolution's geometry as JSON. */
export const convolutionSchema = z.strictObject({
  input: imageSchema,
  output: imageSchema,
  kernel: pair,
  strides: pair,
  padding: z.tuple([offset, offset]),
});

const population = z.int().check(z.minimum(1), z.maximum(LARGEST_POPULATION));

/** Sizes of the populations before a layer and of its own, for which its weights are stored once. */
export const populationsSchema = z.tuple([population, population]);

/** How a spiking network is read and written. */
export const codingSchema = z.strictObject({
  encoding: z.enum(encodings),
  decoding: z.enum(decodings),
  ties: z.enum(tieRules),
  steps: z.number(),
  signedInputs: z.boolean(),
  biasInput: z.boolean(),
});

/** JSON has no infinite numbers. */
const infinity = z.pipe(z.enum(["Infinity", "-Infinity"]), z.transform(Number));

/** A neuron's numbers and choices, as its model's record has them; a parameter that is a tensor is left out. */
function neuronSchema({ kind, parameters, choices }: NeuronModel) {
  const numbers = Object.entries(parameters).map(([name, { each, infinite, later }]) => {
    const number = infinite ? z.union([z.number(), infinity]) : z.number();
    return [name, each || later ? z.optional(number) : number];
  });
  const words = Object.entries(choices).map(([name, { values, later }]) => [
    name,
    later ? z.optional(z.enum(values)) : z.enum(values),
  ]);
  return z.strictObject({ kind: z.literal(kind), ...Object.fromEntries([...numbers, ...words]) } as {
    kind: z.ZodMiniLiteral<string>;
    [name: string]: z.ZodMiniType<string | number | undefined>;
  });
}

const layerSchema = z.strictObject({
  synapses: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("dense"), inputs: size, outputs: size }),
    z.extend(convolutionSchema, { kind: z.literal("convolution") }),
  ]),
  pooling: z.optional(
    z.strictObject({ kind: z.enum(["average", "max", "sum", "step-max"]), window: convolutionSchema }),
  ),
  activation: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("linear") }),
    z.strictObject({ kind: z.literal("relu") }),
    ...Object.values(neuronModels).map(neuronSchema),
  ]),
  populations: z.optional(populationsSchema),
});

/** What a network is besides its tensors; stored as JSON in the metadata `network`. No field that isn't here is passed over. */
export const networkSchema = z.strictObject({
  input: z.union([z.tuple([size]), imageSchema]),
  inputScale: z.number(),
  coding: z.optional(codingSchema),
  layers: z.array(layerSchema).check(z.minLength(1)),
});

export type LayerDescription = z.infer<typeof layerSchema>;

/** Checked JSON out of a file's metadata; MODEL_INVALID says what is wrong with it. */
export function parseMetadata<T>(json: string | undefined, schema: z.ZodMiniType<T>, what: string, source: string): T {
  if (json === undefined) return invalid(source, `its metadata lacks ${what}`);
  inWords();
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    const problem =
      cause instanceof $ZodError
        ? `${cause.issues[0].path.join(".")}: ${cause.issues[0].message}`
        : (cause as Error).message;
    return invalid(source, `its metadata describes ${what} wrongly (${problem})`, { cause });
  }
}
