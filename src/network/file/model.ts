import { basename, extname } from "node:path";
import { type DsqnError, UsageError } from "../../errors.ts";
import { readBytes, writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import { mayReplace } from "../../files/outputs.ts";
import { isSpiking, kindOf, type Network, shapeOf, type SpikingNetwork } from "../network.ts";
import { decodeModel, digest, encodeModel, type Model, parseCard, type StorageOptions } from "./bytes.ts";
import type { CardFields, ModelCard } from "./card.ts";

export { decodeModel, encodeModel, type Model, type StorageOptions } from "./bytes.ts";

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

async function readCard(path: string, sha256: string): Promise<ModelCard | null> {
  const file = cardPath(path);
  const bytes = await readBytes(file).catch((error: DsqnError) => {
    if (error.code === "FILE_NOT_FOUND") return null;
    throw error;
  });
  return bytes && parseCard(new TextDecoder().decode(bytes), sha256, file, path);
}
