import { z } from "zod";
import { type Tensor, tensor } from "../files/tensor.ts";
import { decodeNetwork } from "../network/file/codec.ts";
import { weightShape } from "../network/layer.ts";
import type { NamedTensors, WholeNetwork } from "./form.ts";
import { readLayersModel } from "./layers-model/import.ts";
import { wrongForm } from "./modules.ts";

const numbers = z.array(z.number()).nullish();
const size = z.number().int().positive();
const describedSchema = z.looseObject({
  kind: z.string(),
  observationSize: size,
  layers: z.array(
    z.looseObject({
      synapses: z.discriminatedUnion("kind", [
        z.looseObject({ kind: z.literal("dense"), inputs: size, outputs: size }),
        z.looseObject({
          kind: z.literal("convolution"),
          kernel: z.tuple([size, size]),
          input: z.tuple([size, size, size]),
          output: z.tuple([size, size, size]),
        }),
      ]),
      weights: z.array(z.number()),
      biases: numbers,
      recurrent: numbers,
      activation: z.looseObject({ kind: z.string() }),
    }),
  ),
});
type Described = z.infer<typeof describedSchema>;

/** Which of the JSON files it is: a LayersModel of TensorFlow.js, a network that `export --format json` wrote, or a state_dict as nested lists. */
export function readJson(bytes: Uint8Array, source: string): NamedTensors | WholeNetwork | Promise<WholeNetwork> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw wrongForm(source, `it is not valid JSON (${(cause as Error).message})`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrongForm(source, "it is no JSON object");
  const described = describedSchema.safeParse(value);
  if (described.success) return fromDescribed(described.data, source);
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length > 0 && entries.every(([, item]) => Array.isArray(item)))
    return {
      form: "state_dict as JSON",
      tensors: Object.fromEntries(entries.map(([name, item]) => [name, nestedTensor(item, name, source)])),
      ordered: true,
    };
  if ("sha256" in value && "format" in value)
    throw wrongForm(source, "it is the card of a model, which lies beside it", "Name the .safetensors file.");
  return readLayersModel(bytes, source);
}

/** Of everything that is described, the lists are a model file's tensors and the rest is its metadata. */
function fromDescribed({ kind, observationSize, layers, ...rest }: Described, source: string): WholeNetwork {
  void [kind, observationSize]; // they follow from the rest
  const tensors: Record<string, Tensor> = {};
  const put = (name: string, values: readonly number[], shape?: readonly number[]): void => {
    if (shape && shape.reduce((a, b) => a * b, 1) !== values.length)
      throw wrongForm(source, `${name} has ${values.length} values instead of [${shape.join(", ")}]`);
    tensors[name] = tensor(Float32Array.from(values), shape ?? [values.length]);
  };
  const described = layers.map(({ weights, biases, recurrent, activation, ...layer }, l) => {
    const { synapses } = layer;
    put(`layers.${l}.weight`, weights, weightShape({ synapses: synapses as never }));
    if (biases) put(`layers.${l}.bias`, biases);
    if (recurrent && synapses.kind === "dense")
      put(`layers.${l}.recurrent`, recurrent, [synapses.outputs, synapses.outputs]);
    const lists = Object.entries(activation).filter(([, value]) => Array.isArray(value));
    for (const [field, values] of lists) {
      const name = `layers.${l}.${field === "initial" ? "initial_potential" : field}`;
      if (!(values as unknown[]).every((value) => typeof value === "number"))
        throw wrongForm(source, `${name} holds something that is no number`);
      put(name, values as number[]);
    }
    const scalars = Object.entries(activation).filter(([, value]) => !Array.isArray(value) && value !== null);
    return { ...layer, ...(recurrent && { recurrent: true }), activation: Object.fromEntries(scalars) };
  });
  const network = decodeNetwork(
    { tensors, metadata: { network: JSON.stringify({ ...rest, layers: described }) } },
    source,
  );
  return { form: "json", network, tensors: Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })) };
}

/** More than any weight has. */
const MOST_DIMENSIONS = 8;

/** Nested lists as a tensor: all of one depth and, level by level, of one length. */
function nestedTensor(value: unknown, name: string, source: string): Tensor {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) {
    shape.push(level.length);
    if (level.length === 0 || shape.length > MOST_DIMENSIONS)
      throw wrongForm(source, `tensor "${name}" is empty, or nested too deep`);
  }
  const flat: number[] = [];
  const visit = (item: unknown, depth: number): void => {
    if (depth === shape.length && typeof item === "number") return void flat.push(item);
    if (depth === shape.length || !Array.isArray(item) || item.length !== shape[depth])
      throw wrongForm(source, `tensor "${name}" holds lists of different lengths, or something that is no number`);
    for (const inner of item) visit(inner, depth + 1);
  };
  visit(value, 0);
  return tensor(Float32Array.from(flat), shape);
}
