import {
  architectures,
  type ConvolutionalNetwork,
  createConvolutionalNetwork,
  type LayerSpec,
} from "../../ann/convolutional/network.ts";
import { DsqnError } from "../../errors.ts";
import { loadModel } from "../../formats/model.ts";
import { Random } from "../../random.ts";
import type { ConvDqnConfig } from "./config.ts";
import type { PixelEnvironments } from "./environments.ts";

/**
 * The network that a run starts from: a known one or one's own layers with random weights, or a model as it is.
 *
 * @throws DsqnError MODEL_DOES_NOT_FIT, and what `loadModel` throws
 */
export async function startingNetwork(
  { network, seed }: ConvDqnConfig,
  environments: PixelEnvironments,
): Promise<ConvolutionalNetwork> {
  const { height, width, stack, actions } = environments;
  const { architecture, layers, model, inputScale } = network;
  if (model !== undefined) return fitting(model, environments);
  const specs: readonly LayerSpec[] = layers
    ? [...layers, { kind: "dense", outputs: actions }]
    : architectures[architecture!](actions);
  return createConvolutionalNetwork([height, width, stack], specs, Random.stream(seed, "weights"), inputScale);
}

async function fitting(file: string, environments: PixelEnvironments): Promise<ConvolutionalNetwork> {
  const { height, width, stack, actions, id } = environments;
  const { network } = await loadModel(file);
  const wanted = [height, width, stack].join(" x ");
  const last = network.layers.at(-1)!;
  const known = "outputs" in last ? last.outputs : undefined;
  const is =
    network.kind === "convolutional"
      ? `takes ${network.input.join(" x ")} values and knows ${known} actions`
      : `is a ${network.kind} network`;
  if (network.kind === "convolutional" && network.input.join(" x ") === wanted && known === actions) return network;
  throw new DsqnError("MODEL_DOES_NOT_FIT", `"${file}" ${is}; ${id} gives ${wanted} and has ${actions} actions.`, {
    hint: "Name a convolutional model for this game and its preprocessing, or an architecture.",
    facts: { model: file, environment: id },
  });
}
