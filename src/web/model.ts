import { decodeModel, digest, type Model, parseCard } from "../network/file/bytes.ts";

/** What comes with a model's bytes. */
export interface ReadModelOptions {
  /** The text of its card, `NAME.json`. */
  readonly card?: string;
  /** What errors call it: a file's name. */
  readonly source?: string;
}

/**
 * The network in the bytes of a model file, and its card where one is given.
 *
 * @example
 * const file = await fetch("cartpole-dsqn.safetensors");
 * const { network } = readModel(new Uint8Array(await file.arrayBuffer()));
 *
 * @throws DsqnError MODEL_INVALID, SAFETENSORS_INVALID, CARD_INVALID, MODEL_CHECKSUM
 */
export function readModel(
  bytes: Uint8Array | ArrayBuffer,
  { card, source = "The model file" }: ReadModelOptions = {},
): Model {
  const own = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const network = decodeModel(own, source);
  const sha256 = digest(own);
  return { network, sha256, card: card === undefined ? null : parseCard(card, sha256, "The card", source) };
}
