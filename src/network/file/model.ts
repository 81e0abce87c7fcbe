import { createHash } from "node:crypto";
import { basename, extname } from "node:path";
import { DsqnError, UsageError } from "../../errors.ts";
import { readBytes, writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import { mayReplace } from "../../files/outputs.ts";
import { decodeSafetensors, encodeSafetensors } from "../../files/safetensors.ts";
import { isSpiking, kindOf, type Network, shapeOf, type SpikingNetwork } from "../network.ts";
import { validateNetwork } from "../validate.ts";
import { type CardFields, cardSchema, type ModelCard } from "./card.ts";
import { decodeNetwork, encodeNetwork } from "./codec.ts";
import { invalid } from "./tensor-reader.ts";
import { decodeVersion1 } from "./version1.ts";

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
 * console.log(network.layers.length, card?.score?.mean);
 */
export async function loadModel(path: string): Promise<Model> {
  const bytes = await readBytes(path);
  const network = decodeModel(bytes, path);
  const sha256 = digest(bytes);
  return { network, sha256, card: await readCard(path, sha256) };
}

/** Refuses (OUTPUT_TAKEN) to write a model and its card where either would replace what dsqn did not make. */
export function mayWriteModel(path: string): void {
  mayReplace(path);
  if (cardPath(path) === path)
    throw new UsageError("BAD_ARGUMENT", `${path} would be the model's card: name the model NAME.safetensors.`);
  mayReplace(
    cardPath(path),
    `The model's card would be written there: choose another name with --out, or move that file.`,
  );
}

/** Writes `NAME.safetensors` and its card `NAME.json`, each in one step, over nothing but models and cards (OUTPUT_TAKEN). */
export async function saveModel(
  path: string,
  network: Network,
  card: CardFields = {},
  options: StorageOptions = {},
): Promise<ModelCard> {
  mayWriteModel(path);
  const bytes = encodeModel(network, options);
  const whole: ModelCard = {
    ...card,
    format: 1,
    name: basename(path, extname(path)),
    kind: kindOf(network),
    shape: shapeOf(network),
    ...(options.dtype === "float16" && { dtype: options.dtype }),
    sha256: digest(bytes),
    createdAt: new Date().toISOString(),
  };
  await writeFileAtomic(path, bytes);
  await writeJsonAtomic(cardPath(path), whole);
  return whole;
}

/**
 * The network without spikes in a model file.
 *
 * @example
 * const dqn = await loadDenseNetwork("models/cartpole-dqn.safetensors");
 *
 * Errors: those of `loadModel`, and MODEL_KIND for a file that holds another kind.
 */
export async function loadDenseNetwork(path: string): Promise<Network> {
  const { network } = await loadModel(path);
  if (kindOf(network) === "dense") return network;
  throw otherKind(path, network, "dense", "Name the network that it was converted from.");
}

/**
 * The spiking network in a model file.
 *
 * @example
 * const snn = await loadSpikingNetwork("models/cartpole-dqn-converted.safetensors");
 *
 * Errors: those of `loadModel`, and MODEL_KIND for a file that holds another kind.
 */
export async function loadSpikingNetwork(path: string): Promise<SpikingNetwork> {
  const { network } = await loadModel(path);
  if (isSpiking(network)) return network;
  throw otherKind(path, network, "spiking", `dsqn convert ${path}`);
}

function otherKind(path: string, network: Network, wanted: string, hint: string): UsageError {
  return new UsageError("MODEL_KIND", `"${path}" holds a ${kindOf(network)} network, not a ${wanted} one.`, { hint });
}

/** Where the card of the model at `path` lies. */
export function cardPath(path: string): string {
  return `${path.slice(0, path.length - extname(path).length)}.json`;
}

/** The bytes of a model file of version 2 (docs/formats.md): weights as they lie in memory, those of a population once. */
export function encodeModel(network: Network, { dtype = "float32" }: StorageOptions = {}): Uint8Array {
  validateNetwork(network);
  const { tensors, description } = encodeNetwork(network);
  const metadata = { format: "dsqn", version: "2", network: description };
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

/** The network in the bytes of a model file. `source` names it in errors. */
export function decodeModel(bytes: Uint8Array, source = "The model file"): Network {
  const file = decodeSafetensors(bytes, source);
  const { version = "1" } = file.metadata;
  if (version !== "1" && version !== "2")
    invalid(source, `it is of version ${version} of the model file, and this dsqn knows 1 and 2`, {
      hint: "A newer dsqn wrote it: update this one.",
    });
  try {
    const network = version === "1" ? decodeVersion1(file, source) : decodeNetwork(file, source);
    validateNetwork(network);
    return network;
  } catch (error) {
    if (error instanceof DsqnError && error.code === "NETWORK_INVALID")
      invalid(source, error.message.replace(/\.$/, ""), { facts: error.facts, cause: error });
    throw error;
  }
}

async function readCard(path: string, sha256: string): Promise<ModelCard | null> {
  const file = cardPath(path);
  const bytes = await readBytes(file).catch((error: DsqnError) => {
    if (error.code === "FILE_NOT_FOUND") return null;
    throw error;
  });
  if (bytes === null) return null;
  let card: ModelCard;
  try {
    card = cardSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
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
