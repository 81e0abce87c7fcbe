import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { z } from "zod";
import { shapeOf, type DenseLayer, type DenseNetwork } from "../ann/network.ts";
import { DsqnError } from "../errors.ts";
import type { SpikingLayer, SpikingNetwork } from "../snn/network.ts";
import { validateNetwork } from "../snn/validate.ts";
import { type CardFields, cardSchema, type ModelCard } from "./card.ts";
import { readBytes, writeFileAtomic, writeJsonAtomic } from "./files.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { type Tensor, tensor, toFloat32, transposed } from "./tensor.ts";

/** What a model file holds. */
export type Network = DenseNetwork | SpikingNetwork;

/** A network read from a file. */
export interface Model {
  readonly network: Network;
  /** null when the file came without one. */
  readonly card: ModelCard | null;
  /** Of the file, in hex. */
  readonly sha256: string;
}

const layerSchema = z.strictObject({
  alpha: z.number(),
  beta: z.number(),
  threshold: z.number(),
  reset: z.enum(["subtraction", "zero"]),
  resetBy: z.number(),
});

/** What a spiking network is besides its tensors; stored as JSON in the metadata `dynamics`. */
const dynamicsSchema = z.strictObject({
  biasInput: z.boolean(),
  signedInputs: z.boolean(),
  encoding: z.enum(["constant", "poisson", "equidistant", "equidistant-original"]),
  decoding: z.enum(["potential", "max-potential", "spikes", "first-spike"]),
  ties: z.enum(["first", "last", "potential"]),
  steps: z.number(),
  layers: z.array(layerSchema),
});

/** Reads `NAME.safetensors` and the card beside it, if there is one. */
export async function loadModel(path: string): Promise<Model> {
  const bytes = await readBytes(path);
  const network = decodeModel(bytes, path);
  const sha256 = digest(bytes);
  return { network, sha256, card: await readCard(path, sha256) };
}

/** Writes `NAME.safetensors` and its card `NAME.json`, each in one step. */
export async function saveModel(path: string, network: Network, card: CardFields = {}): Promise<ModelCard> {
  const bytes = encodeModel(network);
  const whole: ModelCard = {
    ...card,
    format: 1,
    name: basename(path, extname(path)),
    kind: network.kind,
    shape: shapeOf(network),
    sha256: digest(bytes),
    createdAt: new Date().toISOString(),
  };
  await writeFileAtomic(path, bytes);
  await writeJsonAtomic(cardPath(path), whole);
  return whole;
}

/** Where the card of the model at `path` lies. */
export function cardPath(path: string): string {
  return `${path.slice(0, path.length - extname(path).length)}.json`;
}

/** The bytes of a model file. Dense weights are stored [outputs, inputs], spiking ones [inputs, outputs]. */
export function encodeModel(network: Network): Uint8Array {
  validateNetwork(network);
  const metadata = { format: "dsqn", version: "1", kind: network.kind };
  if (network.kind === "dense") return encodeSafetensors(networkTensors(network), metadata);
  const { kind: _, layers, ...options } = network;
  const dynamics = {
    ...options,
    layers: layers.map(({ alpha, beta, threshold, reset, resetBy }) => ({ alpha, beta, threshold, reset, resetBy })),
  };
  return encodeSafetensors(networkTensors(network), { ...metadata, dynamics: JSON.stringify(dynamics) });
}

/** The network in the bytes of a model file. `source` names it in errors. */
export function decodeModel(bytes: Uint8Array, source = "The model file"): Network {
  const file = decodeSafetensors(bytes, source);
  const { kind } = file.metadata;
  if (kind !== "dense" && kind !== "spiking")
    invalid(source, `its metadata names the kind ${JSON.stringify(kind)} instead of "dense" or "spiking"`, {
      hint: "Tensors from elsewhere become a model by `dsqn import FILE --out MODEL`.",
    });
  const network = kind === "dense" ? decodeDense(file, source) : decodeSpiking(file, source);
  try {
    validateNetwork(network);
  } catch (error) {
    if (error instanceof DsqnError)
      invalid(source, error.message.replace(/\.$/, ""), { facts: error.facts, cause: error });
    throw error;
  }
  return network;
}

/** A network's tensors under their names in files: `layers.{i}.weight`, `.bias`, `.initial_potential`. */
export function networkTensors(network: Network): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [l, layer] of network.layers.entries()) {
    const { inputs, outputs, weights, biases } = layer;
    tensors[`layers.${l}.weight`] =
      network.kind === "dense"
        ? tensor(transposed(weights, inputs, outputs), [outputs, inputs])
        : tensor(weights, [inputs, outputs]);
    if (biases) tensors[`layers.${l}.bias`] = tensor(biases);
    if ("initialPotential" in layer && layer.initialPotential)
      tensors[`layers.${l}.initial_potential`] = tensor(layer.initialPotential);
  }
  return tensors;
}

function decodeDense({ tensors }: SafetensorsFile, source: string): DenseNetwork {
  const take = taker(tensors, source);
  const layers: DenseLayer[] = [];
  while (layers.length === 0 || take.has(`layers.${layers.length}.weight`)) {
    const weight = take(`layers.${layers.length}.weight`, 2);
    const bias = take(`layers.${layers.length}.bias`, 1);
    const [outputs, inputs] = weight.shape;
    layers.push({ inputs, outputs, weights: transposed(toFloat32(weight), outputs, inputs), biases: toFloat32(bias) });
  }
  take.finish();
  return { kind: "dense", layers };
}

function decodeSpiking({ tensors, metadata }: SafetensorsFile, source: string): SpikingNetwork {
  const take = taker(tensors, source);
  const { layers: dynamics, ...options } = parseDynamics(metadata.dynamics, source);
  const layers = dynamics.map((layer, l): SpikingLayer => {
    const weight = take(`layers.${l}.weight`, 2);
    const [inputs, outputs] = weight.shape;
    const optional = (name: string) => (take.has(name) ? toFloat32(take(name, 1)) : null);
    const [biases, initialPotential] = [optional(`layers.${l}.bias`), optional(`layers.${l}.initial_potential`)];
    return { inputs, outputs, weights: toFloat32(weight), biases, ...layer, initialPotential };
  });
  take.finish();
  return { kind: "spiking", ...options, layers };
}

function parseDynamics(json: string | undefined, source: string): z.infer<typeof dynamicsSchema> {
  if (json === undefined) invalid(source, "its metadata lacks the spiking network's dynamics");
  try {
    return dynamicsSchema.parse(JSON.parse(json));
  } catch (cause) {
    const problem =
      cause instanceof z.ZodError
        ? `${cause.issues[0].path.join(".")}: ${cause.issues[0].message}`
        : (cause as Error).message;
    return invalid(source, `the dynamics in its metadata are wrong (${problem})`, { cause });
  }
}

/** Hands out tensors by name, each float32 or float64 and of the rank asked for; `finish` complains of any that nobody took. */
function taker(tensors: SafetensorsFile["tensors"], source: string) {
  const left = new Set(Object.keys(tensors));
  const take = (name: string, rank: number): Tensor => {
    if (!left.delete(name)) return invalid(source, `tensor "${name}" is missing`, { facts: { tensor: name } });
    const { dtype, shape } = tensors[name];
    if (!dtype.startsWith("float"))
      invalid(source, `tensor "${name}" is ${dtype} instead of float32`, { facts: { tensor: name } });
    if (shape.length !== rank)
      invalid(source, `tensor "${name}" has shape [${shape.join(", ")}] instead of ${rank} dimension(s)`, {
        facts: { tensor: name },
      });
    return tensors[name];
  };
  const finish = () => {
    for (const name of left) invalid(source, `tensor "${name}" belongs to no layer`, { facts: { tensor: name } });
  };
  return Object.assign(take, { has: (name: string) => left.has(name), finish });
}

function invalid(source: string, problem: string, options: ConstructorParameters<typeof DsqnError>[2] = {}): never {
  throw new DsqnError("MODEL_INVALID", `${source}: ${problem}.`, options);
}

async function readCard(path: string, sha256: string): Promise<ModelCard | null> {
  const file = cardPath(path);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new DsqnError("FILE_UNREADABLE", `${file} could not be read.`, { cause: error });
  }
  let card: ModelCard;
  try {
    card = cardSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DsqnError("CARD_INVALID", `${file} is not a model card.`, {
      cause,
      hint: "Delete it to use the model without its card.",
    });
  }
  if (card.sha256 !== sha256)
    throw new DsqnError(
      "MODEL_CHECKSUM",
      `${path} is not the file that its card ${basename(file)} describes: their SHA-256 differ.`,
      {
        hint: "The model was damaged or replaced. If it is meant to be this one, delete the card.",
        facts: { card: card.sha256, file: sha256 },
      },
    );
  return card;
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
