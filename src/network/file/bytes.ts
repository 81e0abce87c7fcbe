import { DsqnError } from "../../errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../files/safetensors.ts";
import { sha256 } from "../../platform/node.ts";
import type { Network } from "../network.ts";
import { validateNetwork } from "../validate.ts";
import { cardSchema, type ModelCard } from "./card.ts";
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

/** SHA-256 in hex. */
export const digest = (bytes: Uint8Array): string => sha256().update(bytes).digest();

/**
 * The card in `text`, of a model whose bytes have this `sha256`; `card` and `model` name both in errors.
 *
 * @throws DsqnError CARD_INVALID, MODEL_CHECKSUM
 */
export function parseCard(text: string, sha256: string, card = "The card", model = "The model"): ModelCard {
  let parsed: ModelCard;
  try {
    parsed = cardSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DsqnError("CARD_INVALID", `${card} is not a model card.`, {
      cause,
      hint: "Delete it to use the model without its card.",
    });
  }
  if (parsed.sha256 === sha256) return parsed;
  throw new DsqnError(
    "MODEL_CHECKSUM",
    `${model} is not the file that its card ${card.split(/[\\/]/).at(-1)} describes: their SHA-256 differ.`,
    {
      hint: "The model was damaged or replaced. If it is meant to be this one, delete the card.",
      facts: { card: parsed.sha256, file: sha256 },
    },
  );
}
