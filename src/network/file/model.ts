import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import type { ConvolutionalNetwork } from "../old/convolutional-network.ts";
import { validateConvolutional } from "../old/convolutional-validate.ts";
import { shapeOf, type DenseLayer, type DenseNetwork } from "../old/dense-network.ts";
import { DsqnError } from "../../errors.ts";
import type { SpikingNetwork } from "../old/spiking-network.ts";
import { validateNetwork } from "../validate.ts";
import { type CardFields, cardSchema, type ModelCard } from "./card.ts";
import { architectureOf, convolutionalTensors, decodeConvolutional } from "./convolutional.ts";
import { readBytes, writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../files/safetensors.ts";
import { decodeSpiking, encodeSpiking, spikingTensors } from "./spiking.ts";
import { invalid, taker } from "./tensor-reader.ts";
import { type Tensor, tensor, toFloat32, transposed } from "../../files/tensor.ts";

/** What a model file holds. */
export type Network = DenseNetwork | SpikingNetwork | ConvolutionalNetwork;

/** A network read from a file. */
export interface Model {
  readonly network: Network;
  /** null when the file came without one. */
  readonly card: ModelCard | null;
  /** Of the file, in hex. */
  readonly sha256: string;
}

/** How weights lie in a file; biases and all else are float32. Either way a network is loaded as float32. */
export interface StorageOptions {
  /** float16 halves the file; what is loaded are the rounded weights. */
  readonly dtype?: "float32" | "float16";
}

/**
 * Reads `NAME.safetensors` and the card beside it, if there is one.
 *
 * @example
 * const { network, card } = await loadModel("models/cartpole-dqn.safetensors");
 * console.log(network.kind, card?.score?.mean);
 */
export async function loadModel(path: string): Promise<Model> {
  const bytes = await readBytes(path);
  const network = decodeModel(bytes, path);
  const sha256 = digest(bytes);
  return { network, sha256, card: await readCard(path, sha256) };
}

/** Writes `NAME.safetensors` and its card `NAME.json`, each in one step. */
export async function saveModel(
  path: string,
  network: Network,
  card: CardFields = {},
  options: StorageOptions = {},
): Promise<ModelCard> {
  const bytes = encodeModel(network, options);
  const whole: ModelCard = {
    ...card,
    format: 1,
    name: basename(path, extname(path)),
    kind: network.kind,
    shape: shapeOf(network),
    ...(options.dtype === "float16" && { dtype: options.dtype }),
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

/**
 * The bytes of a model file. Dense weights are stored [outputs, inputs] as torch's, spiking and convolutional ones as they lie in
 * memory, [inputs, outputs] or [kernel height, kernel width, input channels, output channels], the weights of a population once.
 */
export function encodeModel(network: Network, { dtype = "float32" }: StorageOptions = {}): Uint8Array {
  checkNetwork(network);
  const { tensors, ...description } = contents(network);
  const metadata = { format: "dsqn", version: "1", kind: network.kind, ...description };
  if (dtype === "float32") return encodeSafetensors(tensors, metadata);
  for (const [name, { data }] of Object.entries(tensors)) {
    const large = (data as Float32Array).findIndex((value) => Math.abs(value) >= FLOAT16_INFINITE);
    if (isWeight(name) && large >= 0)
      throw new DsqnError("MODEL_PRECISION", `${name} holds ${data[large]}, more than a float16 can.`, {
        hint: "Save this model as float32.",
        facts: { tensor: name, index: large },
      });
  }
  return encodeSafetensors(tensors, metadata, isWeight);
}

/** From here on a number rounds to an infinite float16. */
const FLOAT16_INFINITE = 65520;
const isWeight = (name: string): boolean => name.endsWith(".weight");

/** The tensors of a file, and what its metadata says of the network. */
function contents(network: Network): { tensors: Record<string, Tensor>; dynamics?: string; architecture?: string } {
  if (network.kind === "spiking") return encodeSpiking(network);
  const tensors = networkTensors(network);
  return network.kind === "convolutional" ? { tensors, architecture: architectureOf(network) } : { tensors };
}

const decoders: Readonly<Record<Network["kind"], (file: SafetensorsFile, source: string) => Network>> = {
  dense: decodeDense,
  spiking: decodeSpiking,
  convolutional: decodeConvolutional,
};

/** The network in the bytes of a model file. `source` names it in errors. */
export function decodeModel(bytes: Uint8Array, source = "The model file"): Network {
  const file = decodeSafetensors(bytes, source);
  const { kind } = file.metadata;
  if (!Object.hasOwn(decoders, kind ?? ""))
    invalid(
      source,
      `its metadata names the kind ${JSON.stringify(kind)} instead of "dense", "spiking" or "convolutional"`,
      { hint: "Tensors from elsewhere become a model by `dsqn import FILE --out MODEL`." },
    );
  const network = decoders[kind as Network["kind"]](file, source);
  try {
    checkNetwork(network);
  } catch (error) {
    if (error instanceof DsqnError)
      invalid(source, error.message.replace(/\.$/, ""), { facts: error.facts, cause: error });
    throw error;
  }
  return network;
}

/** Refuses a network of any kind that can't be run: NETWORK_INVALID, with layer and tensor. */
export function checkNetwork(network: Network): void {
  if (network.kind === "convolutional") validateConvolutional(network);
  else validateNetwork(network);
}

/** A network's tensors under their names in files: `layers.{i}.weight`, `.bias`, and more where a kind has more. */
export function networkTensors(network: Network): Record<string, Tensor> {
  if (network.kind === "spiking") return spikingTensors(network);
  if (network.kind === "convolutional") return convolutionalTensors(network);
  return Object.fromEntries(
    network.layers.flatMap(({ inputs, outputs, weights, biases }, l) => [
      [`layers.${l}.weight`, tensor(transposed(weights, inputs, outputs), [outputs, inputs])],
      [`layers.${l}.bias`, tensor(biases)],
    ]),
  );
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
